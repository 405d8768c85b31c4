"""Which waiting tasks may be claimed now. Every change that can free or hold a task ends here."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from coordination.actor import SYSTEM, Actor
from coordination.lifecycle import AGEING_PER_PRIORITY, SATISFIED_BY, DependencyKind, State
from coordination.models import Dependency, Event, Task
from coordination.models.clock import micros, now
from coordination.models.sql import any_of, rows, run

# What must be true of a task, its phase and its project for it to be ready at the moment of the one parameter.
NOTHING_HOLDS_IT = """
    blockers = 0
    AND (not_before IS NULL OR not_before <= %s)
    AND (retry_at IS NULL OR retry_at <= %s)
    AND EXISTS (
        SELECT 1 FROM coordination_phase p JOIN coordination_project j ON j.id = p.project_id
        WHERE p.id = coordination_task.phase_id AND p.state = 'active' AND j.paused_at IS NULL
    )"""

# The moment a task is due to fall back to any capable agent.
FALLBACK_AT = {
    "postgresql": "%s::timestamptz + fallback_after * interval '1 second'",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', %s, '+' || fallback_after || ' seconds')",
}


def settle(task_ids: Iterable[int], *, actor: Actor = SYSTEM) -> list[int]:
    """Queue those of the tasks that nothing holds, hold those queued that something holds; return the ids that became queued."""
    ids = list(task_ids)
    if not ids:
        return []
    moment = now()
    _hold(ids, moment, actor)
    return _ready(ids, moment, actor)


def settle_phase(phase_id: int, *, actor: Actor = SYSTEM) -> list[int]:
    return settle(Task.objects.filter(phase=phase_id, state__in=[State.WAITING, State.QUEUED]).values_list("pk", flat=True), actor=actor)


def settle_project(project_id: int, *, actor: Actor = SYSTEM) -> list[int]:
    return settle(
        Task.objects.filter(project=project_id, state__in=[State.WAITING, State.QUEUED]).values_list("pk", flat=True), actor=actor
    )


def _ready(ids: Sequence[int], moment: datetime, actor: Actor) -> list[int]:
    among, param = any_of(ids)
    queued = rows(
        f"""
        UPDATE coordination_task SET state = 'queued', state_since = %s, queued_at = %s, retry_at = NULL, reason = '',
            sort_key = %s + CAST(priority AS bigint) * {AGEING_PER_PRIORITY * 1_000_000}, version = version + 1
        WHERE id {among} AND state = 'waiting' AND {NOTHING_HOLDS_IT}
        RETURNING id, lane_id, assigned_to_id, fallback_after""",
        [moment, moment, micros(moment), param, moment, moment],
    )
    _start_fallback_clock([row[0] for row in queued if row[2] and row[3]], moment)
    ready = [row[0] for row in queued]
    announce(ready, "task.queued", actor=actor, at=moment)
    return ready


def _start_fallback_clock(ids: Sequence[int], moment: datetime) -> None:
    if ids:
        among, param = any_of(ids)
        run(f"UPDATE coordination_task SET fallback_at = {FALLBACK_AT[connection.vendor]} WHERE id {among}", [moment, param])


def _hold(ids: Sequence[int], moment: datetime, actor: Actor) -> None:
    among, param = any_of(ids)
    held = rows(
        f"""
        UPDATE coordination_task SET state = 'waiting', state_since = %s, waiting_at = %s, fallback_at = NULL, version = version + 1
        WHERE id {among} AND state = 'queued' AND NOT ({NOTHING_HOLDS_IT})
        RETURNING id""",
        [moment, moment, param, moment, moment],
    )
    announce([row[0] for row in held], "task.held", actor=actor, at=moment)


def announce(task_ids: Sequence[int], kind: str, *, actor: Actor, at: datetime) -> None:
    """Write one event for each task, in one statement however many they are."""
    if not task_ids:
        return
    among, param = any_of(task_ids)
    values = rows(f"SELECT id, project_id, phase_id, lane_id FROM coordination_task WHERE id {among} ORDER BY id", [param])
    Event.objects.bulk_create(
        [
            Event(
                at=at,
                kind=kind,
                project_id=project,
                phase_id=phase,
                task_id=task,
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                data={"lane": lane},
            )
            for task, project, phase, lane in values
        ],
        batch_size=2000,
    )


def unblock_dependents(task_id: int, state: State, *, actor: Actor = SYSTEM) -> list[int]:
    """Count down the blockers of the tasks that waited for this one to end so, and queue those that have none left.

    A dependent that runs only on failure is called off when the task is done: it can never run.
    """
    kinds = [kind.value for kind in DependencyKind if state in SATISFIED_BY[kind]]
    if not kinds:
        return []
    _count_blockers(task_id, kinds, -1)
    if state is State.DONE:
        _call_off(task_id)
    return settle(Dependency.objects.filter(on=task_id, kind__in=kinds).values_list("task_id", flat=True), actor=actor)


def block_dependents(task_id: int, state: State, *, actor: Actor = SYSTEM) -> None:
    """Take back what `unblock_dependents` did for this state: the task runs again. Dependents that already started go on."""
    kinds = [kind.value for kind in DependencyKind if state in SATISFIED_BY[kind]]
    if kinds:
        _count_blockers(task_id, kinds, +1)
        settle(Dependency.objects.filter(on=task_id, kind__in=kinds).values_list("task_id", flat=True), actor=actor)


def _count_blockers(task_id: int, kinds: Sequence[str], step: int) -> None:
    marks = ", ".join(["%s"] * len(kinds))
    run(
        f"""
        UPDATE coordination_task SET blockers = blockers + %s, version = version + 1
        WHERE id IN (SELECT task_id FROM coordination_dependency WHERE on_id = %s AND kind IN ({marks}))""",
        [step, task_id, *kinds],
    )


def _call_off(task_id: int) -> None:
    moment = now()
    unneeded = rows(
        """
        UPDATE coordination_task SET state = 'cancelled', state_since = %s, cancelled_at = %s, version = version + 1,
            fence = fence + 1, reason = %s
        WHERE state IN ('waiting', 'queued')
            AND id IN (SELECT task_id FROM coordination_dependency WHERE on_id = %s AND kind = 'failure')
        RETURNING id""",
        [moment, moment, f"Not needed: #{task_id}, whose failure it waited for, is done.", task_id],
    )
    announce([row[0] for row in unneeded], "task.cancelled", actor=SYSTEM, at=moment)


def recount_blockers(task_id: int) -> None:
    """Set `blockers` from the edges themselves. Used where edges change; completions count down."""
    edges = Dependency.objects.filter(task=task_id).select_related("on")
    Task.objects.filter(pk=task_id).update(blockers=sum(not edge.is_satisfied_by(edge.on.state) for edge in edges))
