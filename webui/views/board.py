from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.models import Agent, Project
from coordination.operations import folds, projects
from coordination.operations.creation import NewTask
from coordination.operations.creation import create_task as operation
from coordination.queries import board as query
from coordination.queries.access import Permission, find_project, find_project_to_set
from coordination.queries.filters import given, matching
from coordination.queries.folds import folds_of
from coordination.queries.swimlanes import Kind, agents_to_assign_to, find_lane
from webui.filtering import address, bar_of, filter_of
from webui.forms.board import FoldForm, LimitForm, QuickTaskForm
from webui.requests import Request, actor_of, acts, changed, done, number, page, shows, typed


@shows
def board(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    bar = bar_of(request, project, "board")
    shown = query.Shown(
        lanes=lanes_of(request),
        upto=number(request.GET.get("upto")) or query.LANES,
        folds=folds_of(request.caller.user, project),
        open=request.GET.get("open", "").split(","),
        cells=_numbers(request, "shown."),
        at=_numbers(request, "at."),
    )
    found = query.board(project, shown, matching=bar.matching(project.tasks.all()) if bar.is_on else None)
    here = bar.address(upto=request.GET.get("upto", ""))
    if request.htmx.target == ("board-none" if found.phases else "board"):  # the first phase came, or the last one went
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(
        request,
        "board/board.html",
        part="board/_board.html" if found.phases else "board/_none.html",
        project=project,
        section="board",
        board=found,
        bar=bar,
        lanes=shown.lanes or "",
        here=here,
        wider=bar.address(upto=str(len(found.lanes) + query.LANES)),
        agents=_agents(request, project),
    )


@shows
def column(request: Request, slug: str, key: str) -> HttpResponse:
    """The next cards of one column, fetched when it is scrolled to its end."""
    project = find_project(request.caller, slug)
    if key not in query.BY_KEY:
        raise Http404
    bar, kind = bar_of(request, project, "board"), query.BY_KEY[key]
    lane = find_lane(project, request.GET["lane"]) if request.GET.get("lane") else None
    offset = number(request.GET.get("offset")) or 0
    cards, has_more = query.column(bar.matching(project.tasks.all()), kind, lane=lane, offset=offset)
    return page(
        request,
        "board/column.html",
        part="board/_cards.html",
        project=project,
        section="board",
        kind=kind,
        cell=f"{lane.key}.{key}" if lane else key,
        cards=cards,
        more=bar.address(offset=str(offset + len(cards))) if has_more else "",
        bar=bar,
        here=bar.address(),
        lanes=lanes_of(request) or "",
        agents=_agents(request, project),
    )


def _numbers(request: Request, prefix: str) -> dict[str, int]:
    """Return what the page says of each of its cells."""
    return {name.removeprefix(prefix): number(request.GET.get(name)) or 0 for name in request.GET if name.startswith(prefix)}


def _agents(request: Request, project: Project) -> list[Agent]:
    """Return whom tasks can be assigned to, for the bar below the whole page."""
    return agents_to_assign_to() if not request.htmx and request.caller.may(Permission.PLAN, project.pk) else []


@acts
def quick_add(request: Request, slug: str) -> HttpResponse:
    """Add a task that has what the filter and the lane ask for, as far as a new task can."""
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted, entered = filter_of(request), typed(QuickTaskForm(request.POST))
    inherited = given(wanted, project)
    if entered["lane"]:
        lane = find_lane(project, entered["lane"])
        inherited |= {"phase": lane.phase} if lane.phase else {"assigned_to": lane.agent}
    task = operation(project, NewTask(title=entered["title"], **inherited), actor=actor_of(request))
    back = address(reverse("board", args=[slug]), [("q", wanted.text)], {})
    is_shown = not wanted or matching(project.tasks.filter(pk=task.pk), wanted, caller=request.caller).exists()
    hidden = "" if is_shown else " The filter hides it: a new task cannot have all that the filter asks for."
    return done(request, f"Added #{task.pk} to {task.phase.name}.{hidden}", back)


@acts
def fold(request: Request, slug: str) -> HttpResponse:
    """Collapse or open a column or a swimlane, for this person alone."""
    project = find_project(request.caller, slug)
    wanted = typed(FoldForm(request.POST))
    assert request.caller.user is not None, "only people fold"
    (folds.fold if wanted["folded"] else folds.unfold)(request.caller.user, project, wanted["part"])
    return changed(request, reverse("board", args=[slug]))


@acts
def limit(request: Request, slug: str) -> HttpResponse:
    """Say how many tasks of a column are not yet too many; an empty number takes the limit away."""
    project = find_project_to_set(request.caller, slug, ["wip_limits"])
    wanted = typed(LimitForm(request.POST))
    projects.limit_column(project, wanted["column"], wanted["limit"], actor=actor_of(request))
    title = query.BY_KEY[wanted["column"]].title
    said = f"{title} may hold {wanted['limit']} tasks." if wanted["limit"] else f"{title} has no limit any more."
    return done(request, said, reverse("board", args=[slug]))


def lanes_of(request: Request) -> Kind | None:
    asked = request.GET.get("lanes", "")
    return Kind(asked) if asked in list(Kind) else None
