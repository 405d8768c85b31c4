"""Moving one task on the board, and changing its title where it stands."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from coordination.errors import PreconditionFailed
from coordination.lifecycle import State
from coordination.models import Task
from coordination.operations import moves, tasks
from coordination.queries.access import Permission, find_task
from coordination.queries.moves import lane_moves
from coordination.queries.moves import moves as moves_of
from coordination.queries.swimlanes import Kind, find_lane, lane_of, lanes_to_move_to
from webui.forms.board import MoveForm, TitleForm
from webui.requests import Request, Undo, actor_of, acts, done, page, shows, typed
from webui.views.task import taking_back


@shows
def ask(request: Request, task_id: int) -> HttpResponse:
    """Say where the task can be moved to, and why not elsewhere: the Move to menu, which a drag reads too."""
    task = find_task(request.caller, task_id)
    lanes = [(kind, lane_moves(task, lanes_to_move_to(task.project, kind), request.caller)) for kind in Kind]
    return page(
        request,
        "board/move.html",
        part="board/_move.html",
        task=task,
        project=task.project,
        section="board",
        moves=moves_of(task, request.caller),
        lane_moves=lanes,
        steps=list(moves.Step) if task.state == State.QUEUED and request.caller.may(Permission.PLAN, task.project_id) else [],
    )


@acts
def move(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(MoveForm(request.POST))
    lane = find_lane(task.project, wanted["lane"]) if wanted["lane"] else None
    lane_before = lane_of(task, lane.kind) if lane else ""
    before = find_task(request.caller, task_id)
    said = moves.move(
        task,
        request.caller,
        column=wanted["column"],
        lane=lane,
        neighbours=moves.Neighbours(_card(request, wanted["above"]), _card(request, wanted["below"])),
        step=moves.Step(wanted["step"]) if wanted["step"] else None,
        text=wanted["text"],
    )
    undo = None if lane and wanted["column"] else _undo(before, find_task(request.caller, task_id), lane_before)
    return done(request, said, reverse("board", args=[task.project.slug]), undo=undo)


def _undo(before: Task, after: Task, lane_before: str) -> Undo | None:
    """Return what takes a move back: the old lane or priority, or the step between two states."""
    if lane_before:
        return "Undo", reverse("move", args=[after.pk]), {"lane": lane_before}
    if before.priority != after.priority:
        return "Undo", reverse("task_action", args=[after.pk, "reprioritise"]), {"priority": before.priority}
    return taking_back(after) if after.state != before.state else None


def _card(request: Request, task_id: int | None) -> Task | None:
    return find_task(request.caller, task_id) if task_id else None


@shows
def ask_title(request: Request, task_id: int) -> HttpResponse:
    """A field for the title, to stand in its place."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    return page(
        request, "board/title.html", part="board/_title_form.html", task=task, project=task.project, section="board", typed=task.title
    )


@acts
def save_title(request: Request, task_id: int) -> HttpResponse:
    """Save the title; when somebody else changed the task meanwhile, show both."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(TitleForm(request.POST))
    # Every heartbeat's progress and every claim counts as a change of the task; only another title is a conflict here.
    if wanted["was"] != task.title:
        return _conflict(request, task, wanted["title"])
    try:
        tasks.edit_task(task, {"title": wanted["title"].strip()}, actor=actor_of(request), expected_version=task.version)
    except PreconditionFailed:
        return _conflict(request, find_task(request.caller, task_id), wanted["title"])
    return done(request, f"#{task.pk} is renamed.", reverse("board", args=[task.project.slug]))


def _conflict(request: Request, task: Task, title: str) -> HttpResponse:
    template = "board/_title_form.html" if request.htmx else "board/title.html"
    context = {"task": task, "project": task.project, "typed": title, "is_conflict": True, "section": "board"}
    return render(request, template, context, status=PreconditionFailed.status)
