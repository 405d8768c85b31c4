"""Saved views, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from coordination.api.shapes.base import Asked, Told, asks
from coordination.models import SavedView
from coordination.queries.filters.text import LONGEST
from coordination.queries.saved_views import SystemView
from coordination.queries.task_list import GROUPS, SORTS

Layout = Literal["board", "list", "timeline", "graph"]
ViewName = Annotated[str, Field(min_length=1, max_length=60)]
Line = Annotated[str, Field(max_length=LONGEST, description="A filter, as GET /tasks takes it.")]
Sort = Annotated[str, Field(max_length=20, description=f"Of the list: {', '.join(SORTS)}.")]
Group = Annotated[str, Field(max_length=20, description=f"Of the list and of the board's lanes: {', '.join(GROUPS)}.")]


class NewView(Asked):
    model_config = asks({"name": "Ready for anybody", "q": "is:ready agent:@none", "layout": "list", "sort": "priority", "shared": True})

    name: ViewName
    q: Line = ""
    layout: Layout = "board"
    sort: Sort = ""
    group: Group = ""
    shared: Annotated[bool, Field(description="For everybody in the project; needs a planner. Otherwise for yourself.")] = False


class ViewChanges(Asked):
    model_config = asks({"q": "is:ready"})

    name: ViewName | None = None
    q: Line | None = None
    layout: Layout | None = None
    sort: Sort | None = None
    group: Group | None = None


class ViewTold(Told):
    id: Annotated[int | None, Field(description="null: every project has this view")]
    project: str
    name: str
    q: str
    layout: str
    sort: str
    group: str
    shared: bool
    created_by: str
    created_at: datetime | None


class ViewPage(Told):
    items: list[ViewTold]
    next_cursor: str | None


def view_told(view: SavedView | SystemView, project: str) -> dict[str, Any]:
    common = {"project": project, "name": view.name, "q": view.q, "layout": view.layout}
    if isinstance(view, SystemView):
        return {"id": None, **common, "sort": "", "group": "", "shared": True, "created_by": "system:muster", "created_at": None}
    kept = {"sort": view.sort, "group": view.group, "shared": view.is_shared}
    return {"id": view.pk, **common, **kept, "created_by": view.created_by, "created_at": view.created_at}
