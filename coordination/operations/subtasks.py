"""Tasks that an agent adds under the one it holds: few, not deep, never more urgent, and where the project says so after a word."""

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import LimitExceeded, WrongState
from coordination.lifecycle import LEASED, SUBTASK_DEPTH, SUBTASKS_EACH
from coordination.models import Task
from coordination.operations.atomic import atomically
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.editing import lock_project
from coordination.operations.events import record
from coordination.operations.holding import attempt_of, held, lost, move
from coordination.operations.readiness import settle
from coordination.operations.tokens import Holder

WAITS = "An agent added it; it waits for a person to let it run."


@atomically
def add_subtasks(holder: Holder, news: Sequence[NewTask]) -> list[Task]:
    """Make tasks under the held one, in its phase. In a project where agents may not add tasks they wait for `let_run`."""
    project_id = Task.objects.filter(pk=holder.task_id).values_list("project", flat=True).first()
    if project_id is None:
        raise lost(holder)
    project = lock_project(project_id)
    # Writing to the parent lets two requests of its holder count one after the other.
    move(holder, LEASED)
    parent, actor = held(holder), attempt_of(holder).agent.actor
    _refuse_too_many(parent, len(news))
    waits = not project.agents_may_add
    tasks = create_tasks(project, [_under(parent, new, waits) for new in news], actor=actor)
    if waits:
        Task.objects.filter(pk__in=[task.pk for task in tasks]).update(reason=WAITS)
    return [Task.objects.get(pk=task.pk) for task in tasks]


def _under(parent: Task, new: NewTask, waits: bool) -> NewTask:
    """An agent cannot make its own work more urgent than a person made it (H2)."""
    return replace(new, parent=parent, phase=parent.phase, priority=max(new.priority, parent.priority), awaits_person=waits)


def _refuse_too_many(parent: Task, count: int) -> None:
    depth, above = 1, parent.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    if depth > SUBTASK_DEPTH:
        raise LimitExceeded(
            f"#{parent.pk} is {SUBTASK_DEPTH} levels deep; deeper sub-tasks are a planner's to add. Do it yourself, or ask.", field="tasks"
        )
    have = Task.objects.filter(parent=parent).count()
    if have + count > SUBTASKS_EACH:
        raise LimitExceeded(
            f"#{parent.pk} has {have} sub-tasks, and {SUBTASKS_EACH} are the most that agents may add. Do the rest yourself, or ask.",
            field="tasks",
        )


@atomically
def let_run(task: Task, *, actor: Actor) -> Task:
    """Let a task run that an agent added and that waits for a person's word."""
    if not Task.objects.filter(pk=task.pk, awaits_person=True).update(awaits_person=False, reason="", version=F("version") + 1):
        raise WrongState(f"#{task.pk} waits for nobody's word.", state=task.state)
    record("task.let_run", actor=actor, task=task)
    settle([task.pk], actor=actor)
    task.refresh_from_db()
    return task
