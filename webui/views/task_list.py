from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from coordination.errors import Invalid
from coordination.queries import task_list as query
from coordination.queries.access import Permission, find_project
from coordination.queries.swimlanes import agents_to_assign_to
from webui.filtering import Bar, address, bar_of
from webui.requests import Request, page, shows
from webui.views.bulk import MOST

SALT = "task_list"


@dataclass(frozen=True)
class Head:
    """The head of a column: where a click on it leads, and how the rows are sorted by it now."""

    title: str
    key: str
    url: str
    sorted: str  # as aria-sort says it, "" for not at all


@shows
def task_list(request: Request, slug: str) -> HttpResponse:
    """The tasks as a dense table."""
    project = find_project(request.caller, slug)
    bar = bar_of(request, project, "task_list")
    sort, group = _asked(request, "sort", query.SORTS, query.DEFAULT_SORT), _asked(request, "group", tuple(query.GROUPS), "")
    found = query.task_list(bar.matching(project.tasks.all()), sort=sort, group=group, position=_position(request, sort, group))
    following = signing.dumps([sort, group, *found.next_position], salt=SALT) if found.next_position else ""
    return page(
        request,
        "list/list.html",
        part="list/_rows.html",
        project=project,
        section="list",
        bar=bar,
        rows=found,
        group=group,
        heads=[_head(bar, column, sort) for column in query.COLUMNS],
        groupings=[(key, title, bar.address(group=key), key == group) for key, title in GROUPINGS],
        here=bar.address(cursor=request.GET.get("cursor", "")),
        phases=project.phases.all(),
        agents=agents_to_assign_to,
        most=MOST,
        all_url=address(reverse("task_list_ids", args=[slug]), [("q", bar.wanted.text)], {}),
        next=bar.address(cursor=following) if following else "",
        start=bar.address() if found.first > 1 else "",
    )


@shows
def ids(request: Request, slug: str) -> HttpResponse:
    """The numbers of all tasks that match, for one action on all of them: what is selected is what was there, whatever comes later."""
    project = find_project(request.caller, slug, Permission.PLAN)
    found = list(
        bar_of(request, project, "task_list").matching(project.tasks.all()).order_by("pk").values_list("pk", flat=True)[: MOST + 1]
    )
    if len(found) > MOST:
        raise Invalid(f"More than {MOST} tasks match, the most that can be changed at once. Narrow the filter.")
    return JsonResponse({"tasks": found})


GROUPINGS = (("", "Nothing"), ("phase", "Phase"), ("state", "State"), ("agent", "Agent"))


def _asked(request: Request, name: str, known: tuple[str, ...], usual: str) -> str:
    asked = request.GET.get(name, "")
    return asked if asked in known else usual


def _position(request: Request, sort: str, group: str) -> list[Any] | None:
    """Return where the page begins. A cursor that is not ours, or of another order, begins at the start."""
    try:
        asked = signing.loads(request.GET.get("cursor", ""), salt=SALT)
    except signing.BadSignature:
        return None
    return asked[2:] if asked[:2] == [sort, group] else None


def _head(bar: Bar, column: query.Column, sort: str) -> Head:
    rising, falling = column.key, f"-{column.key}"
    usual, other = (falling, rising) if column.falls else (rising, falling)
    direction = {rising: "ascending", falling: "descending"}.get(sort, "")
    following = other if sort == usual else usual
    return Head(column.title, column.key, bar.address(sort="" if following == query.DEFAULT_SORT else following), direction)
