"""Views that people keep: a filter with a name, for oneself or for everybody in the project."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from coordination.actor import Actor
from coordination.errors import Conflict, Invalid, LimitExceeded
from coordination.models import Project, SavedView, User
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.editing import check
from coordination.operations.events import changed, record
from coordination.queries.filters import parse
from coordination.queries.task_list import GROUPS, SORTS

MOST = 100  # of one person in a project, and as many shared ones
EDITABLE = {"name", "q", "layout", "sort", "group"}


@atomically
def save_view(
    project: Project,
    *,
    name: str,
    actor: Actor,
    owner: User | None = None,
    q: str = "",
    layout: str = "board",
    sort: str = "",
    group: str = "",
) -> SavedView:
    """Keep a view: its owner's own, or without an owner everybody's."""
    if SavedView.objects.filter(project=project, owner=owner).count() >= MOST:
        raise LimitExceeded(f"There are {MOST} views already; delete one that nobody needs.", field="name")
    view = SavedView(project=project, owner=owner, created_by=str(actor), created_at=now())
    _keep(view, {"name": name, "q": q, "layout": layout, "sort": sort, "group": group})
    if view.is_shared:
        record("view.saved", actor=actor, project=project, view=view.pk, name=view.name, q=view.q)
    return view


@atomically
def change_view(view: SavedView, changes: Mapping[str, str], *, actor: Actor) -> SavedView:
    """Give a view another name, filter, layout, order or grouping."""
    view = SavedView.objects.select_for_update(of=("self",)).select_related("project").get(pk=view.pk)
    if refused := sorted(set(changes) - EDITABLE):
        raise Invalid(f"{refused[0]!r} cannot be changed here.", field=refused[0])
    before = {name: getattr(view, name) for name in changes}
    _keep(view, changes)
    differences = changed(before, {name: getattr(view, name) for name in changes})
    if differences and view.is_shared:
        record("view.changed", actor=actor, project=view.project_id, view=view.pk, name=view.name, changes=differences)
    return view


@atomically
def delete_view(view: SavedView, *, actor: Actor) -> None:
    removed, _ = SavedView.objects.filter(pk=view.pk).delete()
    if removed and view.is_shared:
        record("view.deleted", actor=actor, project=view.project_id, view=view.pk, name=view.name)


def _keep(view: SavedView, fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        setattr(view, name, value.strip())
    if not view.name:
        raise Invalid("Give the view a name.", field="name")
    view.q = parse(view.q).text
    if view.sort and view.sort not in SORTS:
        raise Invalid(f"{view.sort!r} is no order; choose {', '.join(SORTS)}.", field="sort")
    if view.group and view.group not in GROUPS:
        raise Invalid(f"{view.group!r} is nothing to group by; choose {', '.join(GROUPS)}.", field="group")
    check(view)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Conflict(f"There is a view {view.name!r} already; choose another name.", field="name") from None
