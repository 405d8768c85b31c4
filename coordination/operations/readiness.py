"""Which waiting tasks may be claimed now. Every change that can free or hold a task ends here."""

import random
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection

from coordination.actor import SYSTEM, Actor
from coordination.lifecycle import AGEING_PER_PRIORITY, SATISFIED_BY, DependencyKind, State, retry_delay
from coordination.models import Dependency, Event, Task
from coordination.models.clock import micros, now
from coordination.models.sql import any_of, insertion, rows, run

# What must be true of a task, its phase and its project for it to be ready at the moment of the one parameter.
NOTHING_HOLDS_IT = """
    blockers = 0
    AND NOT awaits_person
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
    """Say when the tasks fall back to any capable agent, if they still stand in the lane of one."""
    if ids:
        among, param = any_of(ids)
        run(
            f"""
            UPDATE coordination_task SET fallback_at = {FALLBACK_AT[connection.vendor]}
            WHERE id {among} AND lane_id IN (SELECT l.id FROM coordination_lane l WHERE l.assigned_to_id IS NOT NULL)""",
            [moment, param],
        )


def restart_fallback_clock(task_id: int) -> None:
    """Count `fallback_after` from now on, for a queued task whose assignment has changed."""
    Task.objects.filter(pk=task_id).update(fallback_at=None)
    waits = Task.objects.filter(pk=task_id, state=State.QUEUED, assigned_to__isnull=False, fallback_after__isnull=False)
    if waits.exists():
        _start_fallback_clock([task_id], now())


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
    values = {"at": at, "kind": kind, "actor": actor.kind, "actor_id": actor.id, "actor_name": actor.name, "ids": param}
    run(f"{RECORD_EACH[connection.vendor]} FROM coordination_task WHERE id {among.replace('%s', '%(ids)s')} ORDER BY id", values)


def _record_each(json_object: str) -> str:
    return insertion(
        Event,
        at="%(at)s",
        kind="%(kind)s",
        project_id="project_id",
        phase_id="phase_id",
        task_id="id",
        actor_kind="%(actor)s",
        actor_id="%(actor_id)s",
        actor_name="%(actor_name)s",
        data=f"{json_object}('lane', lane_id)",
    )


RECORD_EACH = {"postgresql": _record_each("jsonb_build_object"), "sqlite": _record_each("json_object")}


def schedule_retry(task_id: int, failures: int) -> None:
    """Hold the task for its delay, plus up to a tenth at random so that a wave of failures does not return as a wave."""
    seconds = retry_delay(failures) * (1 + random.random() / 10)
    Task.objects.filter(pk=task_id, state=State.WAITING).update(retry_at=now() + timedelta(seconds=seconds))


def unblock_dependents(task_id: int, state: State, *, was: State | None = None, actor: Actor = SYSTEM) -> set[int]:
    """Count down the blockers of the tasks that waited for this one to end so, and queue those that have none left.

    A dependent that runs only on failure is cancelled when the task is done: it can never run. `was` is the end that
    the task had before, when a late result turns a failure into a success. Return the phases that lost a task so.
    """
    now_met, met = _met_by(state), _met_by(was)
    _count_blockers(task_id, now_met - met, -1)
    _count_blockers(task_id, met - now_met, +1)
    phases = _call_off(task_id) if state is State.DONE else set()
    settle(Dependency.objects.filter(on=task_id, kind__in=now_met | met).values_list("task_id", flat=True), actor=actor)
    return phases


def block_dependents(task_id: int, state: State, *, actor: Actor = SYSTEM) -> set[int]:
    """Take back what `unblock_dependents` did for this state: the task runs again. Dependents that already started go on.

    Those that were cancelled because it was done may be needed after all. Return the phases that got a task back so.
    """
    met = _met_by(state)
    _count_blockers(task_id, met, +1)
    phases = _call_back(task_id, actor) if state is State.DONE else set()
    settle(Dependency.objects.filter(on=task_id, kind__in=met).values_list("task_id", flat=True), actor=actor)
    return phases


def _met_by(state: State | None) -> set[str]:
    return {kind.value for kind in DependencyKind if state in SATISFIED_BY[kind]}


def _count_blockers(task_id: int, kinds: Collection[str], step: int) -> None:
    """Add `step` to the blockers of each dependent, in the order of their ids: two blockers that end at once do not deadlock."""
    if not kinds:
        return
    marks = ", ".join(["%s"] * len(kinds))
    in_order = "FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    run(
        f"""
        WITH waiting AS MATERIALIZED (
            SELECT id AS task FROM coordination_task
            WHERE id IN (SELECT task_id FROM coordination_dependency WHERE on_id = %s AND kind IN ({marks}))
            ORDER BY id {in_order}
        )
        UPDATE coordination_task SET blockers = blockers + %s, version = version + 1
        FROM waiting WHERE coordination_task.id = waiting.task""",
        [task_id, *sorted(kinds), step],
    )


def _not_needed(task_id: int) -> str:
    return f"Not needed: #{task_id}, whose failure it waited for, is done."


def _call_off(task_id: int) -> set[int]:
    moment = now()
    unneeded = rows(
        """
        UPDATE coordination_task SET state = 'cancelled', state_since = %s, cancelled_at = %s, version = version + 1,
            fence = fence + 1, retry_at = NULL, fallback_at = NULL, reason = %s
        WHERE state IN ('waiting', 'queued')
            AND id IN (SELECT task_id FROM coordination_dependency WHERE on_id = %s AND kind = 'failure')
        RETURNING id, phase_id""",
        [moment, moment, _not_needed(task_id), task_id],
    )
    announce([row[0] for row in unneeded], "task.cancelled", actor=SYSTEM, at=moment)
    return {row[1] for row in unneeded}


def _call_back(task_id: int, actor: Actor) -> set[int]:
    moment = now()
    needed = rows(
        """
        UPDATE coordination_task SET state = 'waiting', state_since = %s, waiting_at = %s, version = version + 1,
            fence = fence + 1, reason = ''
        WHERE state = 'cancelled' AND reason = %s
            AND id IN (SELECT task_id FROM coordination_dependency WHERE on_id = %s AND kind = 'failure')
        RETURNING id, phase_id""",
        [moment, moment, _not_needed(task_id), task_id],
    )
    announce([row[0] for row in needed], "task.requeued", actor=actor, at=moment)
    return {row[1] for row in needed}


def recount_blockers(task_id: int) -> None:
    """Set `blockers` from the edges themselves. Used where edges change; completions count down."""
    edges = Dependency.objects.filter(task=task_id).select_related("on")
    Task.objects.filter(pk=task_id).update(blockers=sum(not edge.is_satisfied_by(edge.on.state) for edge in edges))
