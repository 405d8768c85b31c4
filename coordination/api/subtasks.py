"""/tasks/{id}/subtasks and /let-run: what an agent adds under the task it holds, and a person's word about it."""

from django.http import HttpResponse
from ninja import Router

from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Nothing
from coordination.api.shapes.tasks import content_of
from coordination.api.shapes.told_tasks import TaskDetail, TasksCreated
from coordination.api.shapes.work import SubtaskAsked, SubtasksAsked
from coordination.api.tasks import created, detail
from coordination.api.work import hold
from coordination.operations import subtasks
from coordination.operations.creation import Need, NewTask
from coordination.operations.idempotency import Answer
from coordination.queries.access import Permission, find_task

router = Router(tags=["work"])


@router.post("/tasks/{int:task_id}/subtasks", response={201: TasksCreated}, operation_id="addSubtasks")
def add_subtasks(request: Request, task_id: int, body: SubtasksAsked) -> HttpResponse:
    """Add tasks under the one you hold, few and not deep. Where agents may not add tasks, they wait for a person."""
    holder = hold(request, task_id, body)

    def run() -> Answer:
        made = subtasks.add_subtasks(holder, [_new(each) for each in body.tasks])
        return Answer(201, created(made, [each.ref for each in body.tasks]))

    return once_only(request, run)


def _new(asked: SubtaskAsked) -> NewTask:
    plain = asked.model_dump(exclude={"needs", "files"})
    needs = [Need(need.on, need.kind) for need in asked.needs]
    return NewTask(**plain, needs=needs, files={path: content_of(file) for path, file in asked.files.items()})


@router.post("/tasks/{int:task_id}/let-run", response=TaskDetail, operation_id="letTaskRun")
def let_run(request: Request, task_id: int, body: Nothing | None = None) -> HttpResponse:
    """Let a task run that an agent added. To refuse it, cancel it."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    return once_only(request, lambda: Answer(200, detail(subtasks.let_run(task, actor=request.auth.actor))))
