"""Dependencies between tasks. A circle never exists in committed data (P13)."""

from coordination.actor import Actor
from coordination.errors import Conflict, CycleRefused, Invalid, NotFound, WrongState
from coordination.lifecycle import MAY_STILL_WAIT, DependencyKind, State
from coordination.models import Dependency, Task
from coordination.models.sql import rows
from coordination.operations.atomic import atomically
from coordination.operations.editing import lock_project
from coordination.operations.events import record
from coordination.operations.phases import find_path
from coordination.operations.readiness import recount_blockers, settle


@atomically
def add_dependency(task: Task, on: Task, *, actor: Actor, kind: str = DependencyKind.SUCCESS) -> Dependency:
    """Make `task` wait for `on`, or say which circle that would close."""
    lock_project(task.project_id)
    _check_kind(kind)
    task, on = _lock_both(task.pk, on.pk)
    if task.project_id != on.project_id:
        raise Invalid("A task can only wait for a task of its own project.", field="on")
    if task.state not in MAY_STILL_WAIT:
        raise _too_late(task)
    _refuse_cycle(task.pk, on.pk)
    if Dependency.objects.filter(task=task, on=on).exists():
        raise Conflict(f"#{task.pk} waits for #{on.pk} already; change that dependency instead of adding it again.")
    edge = Dependency.objects.create(project_id=task.project_id, task=task, on=on, kind=kind)
    Task.objects.filter(pk=on.pk).update(has_dependents=True)
    recount_blockers(task.pk)
    record("dependency.added", actor=actor, task=task, on=on.pk, dependency=kind)
    settle([task.pk])
    return edge


@atomically
def change_dependency(task: Task, on: Task, kind: str, *, actor: Actor) -> None:
    """Let `task` wait for another end of `on`: that it is done, that it ends either way, or that it fails."""
    lock_project(task.project_id)
    _check_kind(kind)
    task, on = _lock_both(task.pk, on.pk)
    edge = Dependency.objects.filter(task=task, on=on).first()
    if edge is None:
        raise NotFound(f"#{task.pk} does not wait for #{on.pk} any more. Add the dependency again if it should.")
    if edge.kind == kind:
        return
    if task.state not in MAY_STILL_WAIT:
        raise _too_late(task)
    if kind == DependencyKind.FAILURE and on.state == State.DONE:
        raise WrongState(f"#{on.pk} is done and will not fail: #{task.pk} would never run.", state=on.state)
    before, edge.kind = edge.kind, kind
    edge.save(update_fields=["kind"])
    recount_blockers(task.pk)
    record("dependency.changed", actor=actor, task=task, on=on.pk, dependency=kind, before=before)
    settle([task.pk])


@atomically
def remove_dependency(task: Task, on: Task, *, actor: Actor) -> None:
    lock_project(task.project_id)
    task, on = _lock_both(task.pk, on.pk)
    removed, _ = Dependency.objects.filter(task=task, on=on).delete()
    if removed:
        recount_blockers(task.pk)
        record("dependency.removed", actor=actor, task=task, on=on.pk)
        settle([task.pk])


def _check_kind(kind: str) -> None:
    if kind not in list(DependencyKind):
        raise Invalid(f"{kind!r} is no kind of dependency; choose {', '.join(DependencyKind)}.", field="kind")


def _too_late(task: Task) -> WrongState:
    return WrongState(f"#{task.pk} is {task.state}; it cannot wait for anything any more.", state=task.state)


def _lock_both(task_id: int, on_id: int) -> tuple[Task, Task]:
    """Hold both rows, so that `on` cannot finish between our look at it and our edge."""
    locked = {row.pk: row for row in Task.objects.select_for_update(no_key=True).filter(pk__in=[task_id, on_id]).order_by("pk")}
    for pk in (task_id, on_id):
        if pk not in locked:
            raise NotFound(f"There is no task #{pk} any more.")
    return locked[task_id], locked[on_id]


def _refuse_cycle(task_id: int, on_id: int) -> None:
    """Walk everything that `on` waits for; finding `task` there means the new edge would close a circle."""
    if task_id == on_id:
        raise CycleRefused(f"#{task_id} cannot wait for itself.", path=[task_id, task_id])
    edges = rows(
        """
        WITH RECURSIVE above(id) AS (
            SELECT on_id FROM coordination_dependency WHERE task_id = %s
            UNION SELECT d.on_id FROM coordination_dependency d JOIN above ON d.task_id = above.id
        )
        SELECT d.task_id, d.on_id FROM coordination_dependency d WHERE d.task_id = %s OR d.task_id IN (SELECT id FROM above)""",
        [on_id, on_id],
    )
    waits_for: dict[int, list[int]] = {}
    for task, on in edges:
        waits_for.setdefault(task, []).append(on)
    if path := find_path(waits_for, on_id, task_id):
        circle = [task_id, *path]
        raise CycleRefused(f"That would make a circle: {' → '.join(f'#{pk}' for pk in circle)}.", path=circle)
