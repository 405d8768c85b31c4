"""/tasks: find, read, create, plan."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Query, Router

from coordination.api import cursors
from coordination.api.answers import expected_version, nothing, page, polled
from coordination.api.door import Request
from coordination.api.planning import agent_named, changes_of, new_task
from coordination.api.repeats import once_only
from coordination.api.shapes.filters import TaskQuery
from coordination.api.shapes.tasks import (
    AnswerAsked,
    ApprovalAsked,
    Assignment,
    BulkAsked,
    ChangesAsked,
    NeedChange,
    NeedKind,
    ReasonAsked,
    RequeueAsked,
    TaskChanges,
    TasksAsked,
    UndoAsked,
)
from coordination.api.shapes.told_tasks import BulkTold, TaskDetail, TaskPage, TasksCreated, task_told
from coordination.errors import Invalid, NotFound
from coordination.models import Dependency, Task
from coordination.operations import creation, dependencies, questions, reviews, tasks, undoing
from coordination.operations.idempotency import Answer
from coordination.queries import tasks as finding
from coordination.queries.access import Permission, find_project, find_task, require, require_may_add, visible_tasks
from coordination.queries.filters import matching

router = Router(tags=["tasks"])


def detail(task: Task) -> dict[str, Any]:
    """Tell everything of one task: also what it waits for, what waits for it, and who could run it."""
    task = finding.told(Task.objects.filter(pk=task.pk)).get()
    needs = Dependency.objects.filter(task=task).select_related("on").order_by("on_id")
    runnable = finding.agents_for([task])[task.pk]
    return {
        **task_told(task),
        "needs": [
            {
                "on": need.on_id,
                "title": need.on.title,
                "kind": need.kind,
                "state": need.on.state,
                "satisfied": need.is_satisfied_by(need.on.state),
            }
            for need in needs
        ],
        "needed_by": list(Dependency.objects.filter(on=task).order_by("task_id").values_list("task_id", flat=True)[:1000]),
        "runnable_by": runnable,
        "warnings": cautions([task], {task.pk: runnable}),
    }


def cautions(found: Sequence[Task], runnable: dict[int, int]) -> list[dict[str, Any]]:
    return [
        {"task": task.pk, "code": "nobody_can_run", "sentence": finding.why_nobody(task)}
        for task in found
        if not runnable[task.pk] and task.state in ("waiting", "queued", "blocked")
    ]


@router.get("/tasks", response=TaskPage, operation_id="listTasks")
def list_tasks(request: Request, filters: Query[TaskQuery]) -> HttpResponse:
    """List tasks, oldest first unless `order` says otherwise: those of the filter `q`, and of every other parameter.

    `status` and `state` mean the same and may be repeated.
    """
    kinds: list[type] = [str if "since" in column else int for column in finding.ORDERS[filters.order]]
    position = cursors.decode(filters.cursor, kinds) if filters.cursor else None
    found = matching(visible_tasks(request.auth), filters.filter(), caller=request.auth)
    rows, last = finding.page_of(found, filters.order, position, filters.limit)
    return page(request, [task_told(each) for each in rows], cursors.encode(last) if last else None)


@router.post("/projects/{slug}/tasks", response={201: TasksCreated}, operation_id="createTasks")
def create_tasks(request: Request, slug: str, body: TasksAsked) -> HttpResponse:
    """Create one task or many, with dependencies among them: all of them, or none."""
    project = find_project(request.auth, slug, Permission.WORK)
    require_may_add(request.auth, project)

    def run() -> Answer:
        news = [new_task(each, project, request.auth) for each in body.tasks]
        made = creation.create_tasks(project, news, actor=request.auth.actor)
        return Answer(201, created(made, [new.ref for new in news]))

    return once_only(request, run)


def created(made: Sequence[Task], refs: Sequence[str]) -> dict[str, Any]:
    """Tell of tasks that were just made, each with the ref that the request gave it."""
    rows = {task.pk: task for task in finding.told(Task.objects.filter(pk__in=[task.pk for task in made]))}
    in_order = [rows[task.pk] for task in made]
    runnable = finding.agents_for(in_order)
    items = [{**task_told(task), "ref": ref, "runnable_by": runnable[task.pk]} for task, ref in zip(in_order, refs, strict=True)]
    return {"items": items, "warnings": cautions(in_order, runnable)}


@router.get("/tasks/{int:task_id}", response=TaskDetail, operation_id="getTask")
def get_task(request: Request, task_id: int) -> HttpResponse:
    """Read a task."""
    task = find_task(request.auth, task_id)
    return polled(request, detail(task), version=task.version)


@router.patch("/tasks/{int:task_id}", response=TaskDetail, operation_id="editTask")
def edit_task(request: Request, task_id: int, body: TaskChanges) -> HttpResponse:
    """Change the fields that you send. With If-Match, only if nobody changed the task meanwhile."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    changes = changes_of(body, task.project, request.auth)
    edited = tasks.edit_task(task, changes, actor=request.auth.actor, expected_version=expected_version(request))
    return polled(request, detail(edited), version=edited.version)


def _verb(request: Request, task_id: int, need: Permission, verb: Callable[..., object], *args: Any, **kwargs: Any) -> HttpResponse:
    task = find_task(request.auth, task_id, need)

    def run() -> Answer:
        verb(task, *args, actor=request.auth.actor, **kwargs)
        return Answer(200, detail(task))

    return once_only(request, run)


@router.post("/tasks/{int:task_id}/cancel", response=TaskDetail, operation_id="cancelTask")
def cancel_task(request: Request, task_id: int, body: ReasonAsked | None = None) -> HttpResponse:
    """Cancel the task: at once, or with its agent's next heartbeat."""
    return _verb(request, task_id, Permission.PLAN, tasks.cancel, reason=body.reason if body else "")


@router.post("/tasks/{int:task_id}/requeue", response=TaskDetail, operation_id="requeueTask")
def requeue_task(request: Request, task_id: int, body: RequeueAsked | None = None) -> HttpResponse:
    """Run a finished task again: with today's brief, or as an earlier attempt was told."""
    return _verb(request, task_id, Permission.PLAN, tasks.requeue, **(body.model_dump() if body else {}))


@router.post("/tasks/{int:task_id}/undo", response=TaskDetail, operation_id="undoTask")
def undo_task(request: Request, task_id: int, body: UndoAsked | None = None) -> HttpResponse:
    """Take back the last decision about the task (cancel, requeue, approve, ...), as long as nothing has come of it."""
    return _verb(request, task_id, Permission.PLAN, undoing.undo, event=body.event if body else None)


@router.post("/tasks/{int:task_id}/take-back", response=TaskDetail, operation_id="takeBackTask")
def take_back_task(request: Request, task_id: int, body: ReasonAsked | None = None) -> HttpResponse:
    """Take the task from the agent that holds it, and queue it again."""
    return _verb(request, task_id, Permission.PLAN, tasks.take_back, reason=body.reason if body else "")


@router.post("/tasks/{int:task_id}/assign", response=TaskDetail, operation_id="assignTask")
def assign_task(request: Request, task_id: int, body: Assignment) -> HttpResponse:
    """Give the task to one agent, or with null to any that can run it."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    agent = agent_named(body.agent, request.auth, "agent")
    return _verb(request, task.pk, Permission.PLAN, tasks.assign, agent, fallback_after=body.fallback_after)


@router.post("/tasks/{int:task_id}/answer", response=TaskDetail, operation_id="answerTask")
def answer_task(request: Request, task_id: int, body: AnswerAsked) -> HttpResponse:
    """Answer what the task's agent asked; the answer is part of the next brief."""
    return _verb(request, task_id, Permission.PLAN, questions.answer, body.text)


@router.post("/tasks/{int:task_id}/approve", response=TaskDetail, operation_id="approveTask")
def approve_task(request: Request, task_id: int, body: ApprovalAsked | None = None) -> HttpResponse:
    """Accept the result. Never by its author."""
    return _verb(request, task_id, Permission.WORK, reviews.approve, comments=body.comments if body else "")


@router.post("/tasks/{int:task_id}/request-changes", response=TaskDetail, operation_id="requestChanges")
def request_changes(request: Request, task_id: int, body: ChangesAsked) -> HttpResponse:
    """Send the result back; the comments are part of the next brief. Never by its author."""
    return _verb(request, task_id, Permission.WORK, reviews.request_changes, comments=body.comments)


@router.put("/tasks/{int:task_id}/needs/{int:on_id}", response=TaskDetail, operation_id="addDependency")
def add_dependency(request: Request, task_id: int, on_id: int, body: NeedKind | None = None) -> HttpResponse:
    """Make the task wait for another one of its project."""
    task, on = find_task(request.auth, task_id, Permission.PLAN), find_task(request.auth, on_id)
    dependencies.add_dependency(task, on, actor=request.auth.actor, kind=(body or NeedKind()).kind)
    task.refresh_from_db()
    return polled(request, detail(task), version=task.version)


@router.patch("/tasks/{int:task_id}/needs/{int:on_id}", response=TaskDetail, operation_id="changeDependency")
def change_dependency(request: Request, task_id: int, on_id: int, body: NeedChange) -> HttpResponse:
    """Let the task wait for another end of the other one: `success`, `finished` (either way) or `failure`."""
    task, on = find_task(request.auth, task_id, Permission.PLAN), find_task(request.auth, on_id)
    dependencies.change_dependency(task, on, body.kind, actor=request.auth.actor)
    task.refresh_from_db()
    return polled(request, detail(task), version=task.version)


@router.delete("/tasks/{int:task_id}/needs/{int:on_id}", response={204: None}, operation_id="removeDependency")
def remove_dependency(request: Request, task_id: int, on_id: int) -> HttpResponse:
    """Let the task run without waiting for the other one."""
    task, on = find_task(request.auth, task_id, Permission.PLAN), find_task(request.auth, on_id)
    dependencies.remove_dependency(task, on, actor=request.auth.actor)
    return nothing()


@router.post("/tasks/bulk", response=BulkTold, operation_id="bulkTasks")
def bulk_tasks(request: Request, body: BulkAsked) -> HttpResponse:
    """Do one thing to many tasks and hear of each what became of it."""

    def run() -> Answer:
        found, missing = _found(request, body.tasks)
        results = tasks.bulk(found, body.action, actor=request.auth.actor, **_arguments(request, body, found)) if found else []
        done = {each.task_id: {"task": each.task_id, "ok": each.ok, "code": each.code, "error": each.error} for each in results}
        items = [done.get(number) or missing[number] for number in dict.fromkeys(body.tasks)]
        succeeded = sum(bool(item["ok"]) for item in items)
        return Answer(200, {"items": items, "succeeded": succeeded, "failed": len(items) - succeeded})

    return once_only(request, run)


def _found(request: Request, numbers: Sequence[int]) -> tuple[list[Task], dict[int, dict[str, Any]]]:
    """Return the tasks that there are for this caller, and what to tell of the others. One that it may not plan refuses all."""
    rows = {task.pk: task for task in visible_tasks(request.auth).select_related("project", "phase").filter(pk__in=numbers)}
    for task in rows.values():
        require(request.auth, Permission.PLAN, task.project_id)
    missing = {
        number: {"task": number, "ok": False, "code": NotFound.code, "error": f"There is no task #{number}."}
        for number in numbers
        if number not in rows
    }
    return [rows[number] for number in dict.fromkeys(numbers) if number in rows], missing


def _arguments(request: Request, body: BulkAsked, found: Sequence[Task]) -> dict[str, Any]:
    """Return what the action takes; refuse the request when it lacks it."""
    if body.action in ("cancel", "take_back"):
        return {"reason": body.reason}
    if body.action == "reprioritise":
        if body.priority is None:
            raise Invalid("Send the priority.", field="priority")
        return {"priority": body.priority}
    if body.action == "assign":
        return {"agent": agent_named(body.agent, request.auth, "agent")}
    if body.action == "edit":
        if body.changes is None:
            raise Invalid("Send the changes.", field="changes")
        return {"changes": changes_of(body.changes, found[0].project, request.auth)}
    return {}
