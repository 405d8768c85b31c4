from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.operations.creation import NewTask
from coordination.operations.creation import create_task as operation
from coordination.queries import board as query
from coordination.queries.access import Permission, find_project
from coordination.queries.filters import given
from webui.filtering import address, bar_of, filter_of
from webui.forms import QuickTaskForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed


@shows
def board(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    bar = bar_of(request, project, "board")
    shown = {kind.key: number(request.GET.get(f"shown_{kind.key}")) or query.PAGE for kind in query.COLUMNS}
    found = query.board(project, matching=bar.matching(project.tasks.all()) if bar.is_on else None, shown=shown)
    return page(
        request,
        "board/board.html",
        part="board/_columns.html",
        project=project,
        section="board",
        board=found,
        bar=bar,
        page_size=query.PAGE,
    )


@shows
def column(request: Request, slug: str, key: str) -> HttpResponse:
    """The next cards of one column, fetched when it is scrolled to its end."""
    project = find_project(request.caller, slug)
    if key not in query.BY_KEY:
        raise Http404
    bar = bar_of(request, project, "board")
    found = query.column(bar.matching(project.tasks.all()), query.BY_KEY[key], offset=number(request.GET.get("offset")) or 0)
    return page(request, "board/column.html", part="board/_cards.html", project=project, section="board", column=found, bar=bar)


@acts
def quick_add(request: Request, slug: str) -> HttpResponse:
    """Add a task that has what the filter asks for, as far as a new task can."""
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted = filter_of(request)
    new = NewTask(title=typed(QuickTaskForm(request.POST))["title"], **given(wanted, project))
    task = operation(project, new, actor=actor_of(request))
    back = address(reverse("board", args=[slug]), [("q", wanted.text)], {})
    return done(request, f"Added #{task.pk} to {task.phase.name}.", back)
