from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.models import Phase, Project, Task
from coordination.operations import folds, projects
from coordination.operations.creation import NewTask
from coordination.operations.creation import create_task as operation
from coordination.queries import board as query
from coordination.queries.access import Permission, find_phase, find_project
from coordination.queries.folds import folded
from coordination.queries.swimlanes import Kind, agents_to_assign_to, find_lane
from webui.forms import FoldForm, LimitForm, QuickTaskForm
from webui.requests import Request, actor_of, acts, changed, done, number, page, shows, typed


@shows
def board(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    phase = _phase(request, project)
    shown = query.Shown(
        lanes=lanes_of(request),
        upto=number(request.GET.get("upto")) or query.LANES,
        folded=folded(request.caller.user, project),
        cells={name.removeprefix("shown."): number(value) or 0 for name, value in request.GET.items() if name.startswith("shown.")},
    )
    found = query.board(project, shown, matching=_matching(project, phase))
    return page(
        request,
        "board/board.html",
        part="board/_board.html",
        project=project,
        section="board",
        board=found,
        phase=phase,
        lanes=shown.lanes or "",
        agents=agents_to_assign_to() if request.caller.may(Permission.PLAN, project.pk) and not request.htmx else [],
        address=_without(request, "shown."),
        wider=_with(request, upto=str(len(found.lanes) + query.LANES)),
    )


@shows
def column(request: Request, slug: str, key: str) -> HttpResponse:
    """The next cards of one column, fetched when it is scrolled to its end."""
    project = find_project(request.caller, slug)
    if key not in query.BY_KEY:
        raise Http404
    phase, kind = _phase(request, project), query.BY_KEY[key]
    lane = find_lane(project, request.GET["lane"]) if request.GET.get("lane") else None
    offset = number(request.GET.get("offset")) or 0
    matching = _matching(project, phase)
    cards, has_more = query.column(project.tasks.all() if matching is None else matching, kind, lane=lane, offset=offset)
    return page(
        request,
        "board/column.html",
        part="board/_cards.html",
        project=project,
        section="board",
        kind=kind,
        cell=f"{lane.key}.{key}" if lane else key,
        cards=cards,
        more=_with(request, offset=str(offset + len(cards))) if has_more else "",
        phase=phase,
        lanes=lanes_of(request) or "",
        agents=agents_to_assign_to() if request.caller.may(Permission.PLAN, project.pk) and not request.htmx else [],
    )


@acts
def quick_add(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted = typed(QuickTaskForm(request.POST))
    lane = find_lane(project, wanted["lane"]) if wanted["lane"] else None
    phase = lane.phase if lane and lane.phase else find_phase(request.caller, wanted["phase"], Permission.PLAN) if wanted["phase"] else None
    new = NewTask(title=wanted["title"], phase=phase, assigned_to=lane.agent if lane else None)
    task = operation(project, new, actor=actor_of(request))
    back = reverse("board", args=[slug]) + (f"?phase={phase.pk}" if phase else "")
    return done(request, f"Added #{task.pk} to {task.phase.name}.", back)


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
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted = typed(LimitForm(request.POST))
    limits = {key: value for key, value in {**project.wip_limits, wanted["column"]: wanted["limit"]}.items() if value}
    projects.edit_project(project, {"wip_limits": limits}, actor=actor_of(request))
    title = query.BY_KEY[wanted["column"]].title
    said = f"{title} may hold {wanted['limit']} tasks." if wanted["limit"] else f"{title} has no limit any more."
    return done(request, said, reverse("board", args=[slug]))


def lanes_of(request: Request) -> Kind | None:
    asked = request.GET.get("lanes", "")
    return Kind(asked) if asked in list(Kind) else None


def _phase(request: Request, project: Project) -> Phase | None:
    phase_id = number(request.GET.get("phase"))
    return project.phases.filter(pk=phase_id).first() if phase_id else None


def _matching(project: Project, phase: Phase | None) -> QuerySet[Task] | None:
    return project.tasks.filter(phase=phase) if phase else None


def _with(request: Request, **values: str) -> str:
    query_string = request.GET.copy()
    for name, value in values.items():
        query_string[name] = value
    return f"{request.path}?{query_string.urlencode()}"


def _without(request: Request, prefix: str) -> str:
    query_string = request.GET.copy()
    for name in [name for name in query_string if name.startswith(prefix)]:
        del query_string[name]
    text = query_string.urlencode()
    return f"{request.path}?{text}" if text else request.path
