"""Claiming: the one way an agent gets work. The database picks the winner of every race (P1)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from coordination.actor import Actor
from coordination.errors import HeldByAnother, NotClaimable, NotFound, WrongState
from coordination.lifecycle import MANUAL_LEASE_TTL, RELEASE_REST, LeaseMode, State
from coordination.models import Agent, Attempt, Event, Lease, Project, Task
from coordination.models.clock import now
from coordination.models.sql import rows, skip_locked
from coordination.operations.atomic import atomically
from coordination.operations.claimable import FREE, LANES_WITH_WORK, NOT_HANDED_BACK, Claimed, Narrowing
from coordination.operations.onestatement import claim_from_best_lane
from coordination.operations.tokens import lease_token
from coordination.queries.access import Caller
from coordination.queries.references import pins_for

__all__ = ["Claimed", "Narrowing", "claim_as_believed", "claim_next", "claim_task"]


@dataclass(frozen=True)
class _Asks:
    """Who asks for work, with which key, for what, and when."""

    agent: Agent
    key_id: int
    wanted: Narrowing
    moment: datetime

    @property
    def params(self) -> dict[str, Any]:
        return {
            "agent": self.agent.pk,
            "name": self.agent.name,
            "now": self.moment,
            "rested": self.moment - timedelta(seconds=RELEASE_REST),
        }


# Where a task stands in the order of claims: its sort_key, and between equals its id.
Place = tuple[int, int]


@dataclass(frozen=True)
class _Lane:
    id: int
    head: Place
    project_id: int
    tier: str
    capabilities: list[str] = field(default_factory=list)
    max_running: int | None = None


def claim_next(agent: Agent, *, key_id: int, narrowing: Narrowing | None = None, limit: int = 1) -> list[Claimed]:
    """Claim up to `limit` tasks, most urgent first, and return them; an empty list when there is nothing for this agent.

    A task that this agent handed back is offered to others first, for RELEASE_REST seconds.
    """
    _refuse_retired(agent)
    wanted = narrowing or Narrowing()
    if limit == 1:  # a statement that needs no transaction around it
        claimed = claim_from_best_lane(agent, key_id, wanted, limit)
        return _claim_step_by_step(agent, key_id, wanted, limit) if claimed is None else claimed
    return _claim_lane_by_lane(agent, key_id, wanted, limit)


def claim_as_believed(caller: Caller, narrowing: Narrowing) -> list[Claimed]:
    """Claim one task for a caller whose key was not asked for yet; nothing when the key, its agent or the work is not as believed."""
    key = caller.key
    if caller.as_of is None or key is None or key.agent is None or key.agent.retired_at:
        return []
    return claim_from_best_lane(key.agent, key.pk, narrowing, 1, caller.as_of) or []


@atomically
def _claim_lane_by_lane(agent: Agent, key_id: int, wanted: Narrowing, limit: int) -> list[Claimed]:
    claimed: list[Claimed] = []
    while (room := limit - len(claimed)) and (more := claim_from_best_lane(agent, key_id, wanted, room)) != []:
        if more is None:
            return claimed + _claim_step_by_step(agent, key_id, wanted, room)
        claimed += more
    return claimed


@atomically
def _claim_step_by_step(agent: Agent, key_id: int, wanted: Narrowing, limit: int) -> list[Claimed]:
    asks = _Asks(agent, key_id, wanted, now())
    return _claim_in_order(asks, limit) or _claim_behind_others(asks, limit)


def _claim_in_order(asks: "_Asks", limit: int) -> list[Claimed]:
    claimed: list[Claimed] = []
    passed_by: set[int] = set()
    while len(claimed) < limit:
        lanes = [lane for lane in _lanes_with_work(asks) if lane.id not in passed_by]
        if not lanes:
            break
        best = lanes[0]
        room = _room_in(best, limit - len(claimed))
        bound = lanes[1].head if len(lanes) > 1 else None
        taken = _take(best.id, asks, bound, room) if room else []
        claimed += _lease(taken, asks)
        # A lane whose head another claim holds at this moment, or whose project is full, is passed by.
        if not taken:
            passed_by.add(best.id)
        elif len(claimed) < limit and len(lanes) == 1 and len(taken) < room:
            break
    return claimed


def _claim_behind_others(asks: "_Asks", limit: int) -> list[Claimed]:
    """Look behind the heads of the lanes: when other claims hold every head, the tasks behind them are free all the same."""
    for lane in _lanes_with_work(asks):
        room = _room_in(lane, limit)
        if taken := _take(lane.id, asks, None, room) if room else []:
            return _lease(taken, asks)
    return []


@atomically
def claim_task(task_id: int, agent: Agent, *, key_id: int, allowed: Collection[int] | None = None) -> Claimed:
    """Claim one task by its number, or say who holds it or what keeps this agent from it."""
    _refuse_retired(agent)
    task = Task.objects.select_related("project", "lane").filter(pk=task_id).first()
    if task is None or (allowed is not None and task.project_id not in allowed):
        raise NotFound(f"There is no task #{task_id}.")
    # The lane and not the task says for whom it is: after `fallback_after` it is for every capable agent.
    if not agent.can_run(task.tier, task.capabilities) or task.lane.assigned_to_id not in (None, agent.pk):
        raise NotClaimable(_why_not(task, agent), task=task_id)
    if task.project.is_paused:
        raise NotClaimable(f"Project {task.project.slug} is paused; claim again after it is resumed.", task=task_id)
    lane = _Lane(task.lane_id, (task.sort_key, task.pk), task.project_id, task.tier, max_running=task.project.max_running)
    if not _room_in(lane, 1):
        raise NotClaimable(f"Project {task.project.slug} already runs its {task.project.max_running} tasks at once.", task=task_id)
    asks = _Asks(agent, key_id, Narrowing(), now())
    taken = _take_by_id(task_id, asks)
    if not taken:
        _refuse_by_state(task_id)
    return _lease(taken, asks)[0]


def _refuse_retired(agent: Agent) -> None:
    if agent.retired_at:
        raise NotClaimable(f"Agent {agent.name} is retired; register it again before it claims.")


def _why_not(task: Task, agent: Agent) -> str:
    if task.lane.assigned_to_id not in (None, agent.pk):
        return f"#{task.pk} is assigned to another agent."
    if task.tier not in agent.tiers:
        return f"#{task.pk} needs tier {task.tier}; {agent.name} registered {', '.join(agent.tiers) or 'none'}."
    missing = sorted(set(task.capabilities) - set(agent.capabilities))
    return f"#{task.pk} needs {', '.join(missing)}, which {agent.name} did not register."


def _refuse_by_state(task_id: int) -> None:
    task = Task.objects.filter(pk=task_id).first()
    if task is None:
        raise NotFound(f"There is no task #{task_id}.")
    lease = Lease.objects.select_related("agent").filter(task=task_id).first()
    if lease:
        raise HeldByAnother(f"#{task_id} is held by {lease.agent.name}.", holder=lease.agent.name, expires_at=lease.expires_at.isoformat())
    if task.state == State.QUEUED:
        raise NotClaimable(f"The phase of #{task_id} is not active; claim again when it is.", task=task_id)
    raise WrongState(f"#{task_id} is {task.state}: {State(task.state).meaning}.", state=task.state)


def _lanes_with_work(asks: _Asks) -> list[_Lane]:
    """Return the lanes that this agent serves and that have a task for it, the most urgent head first."""
    found = [
        _Lane(id, (sort_key, head), project_id, tier, _json(capabilities), max_running)
        for id, project_id, tier, capabilities, max_running, sort_key, head in rows(LANES_WITH_WORK, asks.params)
    ]
    return sorted((lane for lane in found if asks.wanted.admits(lane)), key=lambda lane: lane.head)


def _json(value: Any) -> list[str]:
    """Read a JSON column of a raw row: PostgreSQL's driver may have parsed it, SQLite's never does."""
    return list(json.loads(value) if isinstance(value, str) else value)


def _room_in(lane: _Lane, wanted: int) -> int:
    """Return how many of `wanted` tasks the lane's project may still start; its row lock makes the count exact."""
    if lane.max_running is None:
        return wanted
    Project.objects.select_for_update(no_key=True).get(pk=lane.project_id)
    return max(0, min(wanted, lane.max_running - Lease.objects.filter(task__project=lane.project_id).count()))


class _Taken(NamedTuple):
    """What TAKE returns of each task."""

    id: int
    project_id: int
    phase_id: int
    fence: int
    number: int
    head: str
    title: str
    objective: str
    criteria: Any
    kind: str
    tier: str
    priority: int
    labels: Any
    timeout: int | None
    phase: str
    lease_mode: str
    lease_ttl: int
    has_needs: bool
    sort_key: int
    rerun_of: int | None

    @property
    def told(self) -> dict[str, Any]:
        """The parts of the brief that git does not hold."""
        return {
            "title": self.title,
            "objective": self.objective,
            "criteria": _json(self.criteria),
            "kind": self.kind,
            "tier": self.tier,
            "priority": self.priority,
            "labels": _json(self.labels),
            "timeout": self.timeout,
            "phase": self.phase,
        }


TAKE = """
    UPDATE coordination_task SET state = 'claimed', state_since = %(now)s, claimed_at = %(now)s, fence = fence + 1,
        attempts_made = attempts_made + 1, last_agent = %(name)s, fallback_at = NULL, version = version + 1
    FROM picked WHERE coordination_task.id = picked.task AND coordination_task.state = 'queued'
    RETURNING id, project_id, phase_id, fence, attempts_made, head, title, objective, criteria,
        kind, tier, priority, labels, timeout,
        (SELECT f.name FROM coordination_phase f WHERE f.id = coordination_task.phase_id), lease_mode,
        (SELECT p.lease_ttl FROM coordination_project p WHERE p.id = coordination_task.project_id),
        EXISTS (SELECT 1 FROM coordination_dependency d WHERE d.task_id = coordination_task.id), sort_key, rerun_of_id"""


def _take(lane_id: int, asks: _Asks, bound: Place | None, limit: int) -> list[_Taken]:
    """Move up to `limit` queued tasks of the lane to claimed, in claim order, stepping over rows that others are taking.

    `bound` is the head of the next lane: beyond it, another lane's task is more urgent.
    """
    before = "AND (sort_key, id) < (%(bound_key)s, %(bound_id)s)" if bound else ""
    bound_key, bound_id = bound or (None, None)
    return _update(
        f"""WITH picked AS MATERIALIZED (
                SELECT id AS task FROM coordination_task
                WHERE lane_id = %(lane)s AND {FREE} AND {NOT_HANDED_BACK} {before}
                ORDER BY sort_key, id LIMIT %(limit)s {skip_locked()}
            ) {TAKE}""",
        {"lane": lane_id, "bound_key": bound_key, "bound_id": bound_id, "limit": limit, **asks.params},
    )


def _take_by_id(task_id: int, asks: _Asks) -> list[_Taken]:
    return _update(
        f"WITH picked AS (SELECT id AS task FROM coordination_task WHERE id = %(task)s AND {FREE}) {TAKE}",
        {"task": task_id, **asks.params},
    )


def _update(statement: str, params: dict[str, Any]) -> list[_Taken]:
    taken = (_Taken._make(row) for row in rows(statement, params))
    return sorted(taken, key=lambda row: (row.sort_key, row.id))


def _lease(taken: Sequence[_Taken], asks: _Asks) -> list[Claimed]:
    """Write attempt, lease and event of each task taken, and return the proofs."""
    if not taken:
        return []
    agent, key_id, moment = asks.agent, asks.key_id, asks.moment
    pins = _pins(taken)
    again = _told_again(taken)
    attempts = Attempt.objects.bulk_create(
        Attempt(
            task_id=row.id,
            number=row.number,
            agent=agent,
            key_id=key_id,
            fence=row.fence,
            commit=again[row.id].commit if row.id in again else row.head,
            told=_as_it_was(again[row.id], row) if row.id in again else {**row.told, **pins.get(row.id, {})},
            claimed_at=moment,
        )
        for row in taken
    )
    leases = [
        Lease(
            task_id=attempt.task_id,
            attempt=attempt,
            agent=agent,
            fence=attempt.fence,
            mode=row.lease_mode,
            ttl=(ttl := MANUAL_LEASE_TTL if row.lease_mode == LeaseMode.MANUAL else row.lease_ttl),
            acquired_at=moment,
            renewed_at=moment,
            expires_at=moment + timedelta(seconds=ttl),
        )
        for attempt, row in zip(attempts, taken, strict=True)
    ]
    Lease.objects.bulk_create(leases)
    _record(attempts, taken, agent, moment)
    return [
        Claimed(
            lease.task_id,
            attempt.pk,
            attempt.number,
            lease.fence,
            lease_token(lease.task_id, lease.fence, key_id),
            lease.expires_at,
            moment,
        )
        for attempt, lease in zip(attempts, leases, strict=True)
    ]


def _told_again(taken: Sequence[_Taken]) -> dict[int, Attempt]:
    """Return, of the tasks that run again as they were, the attempt whose brief is handed out once more."""
    wanted = [row.rerun_of for row in taken if row.rerun_of]
    return {attempt.task_id: attempt for attempt in Attempt.objects.filter(pk__in=wanted)} if wanted else {}


def _as_it_was(again: Attempt, row: _Taken) -> dict[str, Any]:
    """Return what the earlier attempt was told. `head` is what stands there meanwhile: that is no change to this attempt."""
    told: dict[str, Any] = again.told
    return {**told, "rerun_of": again.number, "head": row.head}


def _pins(taken: Sequence[_Taken]) -> dict[int, dict[str, Any]]:
    """Pin what the briefs refer to, for the tasks that refer to anything."""
    referring = {row.id: row.head for row in taken if row.head or row.has_needs}
    return pins_for(referring) if referring else {}


def _record(attempts: Sequence[Attempt], taken: Sequence[_Taken], agent: Agent, moment: datetime) -> None:
    actor: Actor = agent.actor
    Event.objects.bulk_create(
        Event(
            at=moment,
            kind="task.claimed",
            project_id=row.project_id,
            phase_id=row.phase_id,
            task_id=attempt.task_id,
            agent_id=agent.pk,
            attempt_id=attempt.pk,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            data={"attempt": attempt.number, "commit": attempt.commit},
        )
        for attempt, row in zip(attempts, taken, strict=True)
    )
