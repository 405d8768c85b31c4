from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.operations.creation import NewTask
from coordination.operations.creation import create_task as operation
from coordination.queries import board as query
from coordination.queries.access import Permission, find_phase, find_project
from webui.forms import QuickTaskForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed


@shows
def board(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    shown = {kind.key: number(request.GET.get(f"shown_{kind.key}")) or query.PAGE for kind in query.COLUMNS}
    found = query.board(project, phase_id=number(request.GET.get("phase")), shown=shown)
    return page(
        request, "board/board.html", part="board/_columns.html", project=project, section="board", board=found, page_size=query.PAGE
    )


@shows
def column(request: Request, slug: str, key: str) -> HttpResponse:
    """The next cards of one column, fetched when it is scrolled to its end."""
    project = find_project(request.caller, slug)
    if key not in query.BY_KEY:
        raise Http404
    phase_id = number(request.GET.get("phase"))
    phase = project.phases.filter(pk=phase_id).first() if phase_id else None
    found = query.column(project, query.BY_KEY[key], phase=phase, offset=number(request.GET.get("offset")) or 0)
    return page(request, "board/column.html", part="board/_cards.html", project=project, section="board", column=found, phase=phase)


@acts
def quick_add(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted = typed(QuickTaskForm(request.POST))
    phase = find_phase(request.caller, wanted["phase"], Permission.PLAN) if wanted["phase"] else None
    task = operation(project, NewTask(title=wanted["title"], phase=phase), actor=actor_of(request))
    back = reverse("board", args=[slug]) + (f"?phase={phase.pk}" if phase else "")
    return done(request, f"Added #{task.pk} to {task.phase.name}.", back)
