"""What the holder of a lease does while it works. Every write is conditional on its fence (P2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from coordination.errors import Invalid
from coordination.lifecycle import LEASED, MANUAL_LEASE_TTL, LeaseMode, Outcome, State
from coordination.models import Agent, Attempt, Lease, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.holding import attempt_of, end, held, lost, move
from coordination.operations.readiness import settle
from coordination.operations.tokens import Holder


@dataclass(frozen=True)
class LeaseBeat:
    """What a heartbeat answers about one task."""

    task_id: int
    agent_id: int
    attempt: int
    fence: int
    ttl: int
    expires_at: datetime
    server_time: datetime
    cancel_requested: bool
    cancel_reason: str
    instructions_from: str
    instructions_to: str
    on_change: str

    @property
    def instructions_changed(self) -> bool:
        return self.instructions_from != self.instructions_to


@atomically
def renew(holder: Holder) -> LeaseBeat:
    """Renew one lease and tell its holder what it should know."""
    moment = now()
    lease = Lease.objects.filter(task=holder.task_id, fence=holder.fence).select_related("attempt", "task__project").first()
    if lease is None or not _extend(lease, moment):
        raise lost(holder)
    return _beat(lease, moment)


@atomically
def renew_all(agent: Agent) -> list[LeaseBeat]:
    """Renew every lease that the agent holds by heartbeat; manual leases keep their two hours (P4)."""
    moment = now()
    leases = Lease.objects.filter(agent=agent).select_related("attempt", "task__project").order_by("task_id")
    return [_beat(lease, moment) for lease in leases if lease.mode == LeaseMode.MANUAL or _extend(lease, moment)]


def _extend(lease: Lease, moment: datetime) -> bool:
    """Move the lease's end, unless the lease went away meanwhile. An expired one that nobody took yet is still good (P5)."""
    expires_at = max(lease.expires_at, moment + timedelta(seconds=lease.ttl))
    changed = Lease.objects.filter(pk=lease.pk, fence=lease.fence).update(renewed_at=moment, expires_at=expires_at)
    lease.expires_at = expires_at
    return changed == 1


def _beat(lease: Lease, moment: datetime) -> LeaseBeat:
    return LeaseBeat(
        task_id=lease.task_id,
        agent_id=lease.agent_id,
        attempt=lease.attempt.number,
        fence=lease.fence,
        ttl=lease.ttl,
        expires_at=lease.expires_at,
        server_time=moment,
        cancel_requested=lease.cancel_requested_at is not None,
        cancel_reason=lease.cancel_reason,
        instructions_from=lease.attempt.told.get("head", lease.attempt.commit),
        instructions_to=lease.task.head,
        on_change=lease.task.on_change or lease.task.project.on_change,
    )


@atomically
def start(holder: Holder) -> Task:
    """Record that the agent began to execute. Saying it twice is no error."""
    task = held(holder)
    if task.state == State.RUNNING:
        return task
    moment = now()
    move(holder, {State.CLAIMED}, state=State.RUNNING, state_since=moment, running_at=moment)
    _restart_two_hours(holder, moment)
    attempt = attempt_of(holder)
    Attempt.objects.filter(pk=attempt.pk).update(started_at=moment)
    record("task.started", actor=attempt.agent.actor, task=task, agent_id=attempt.agent_id, attempt_id=attempt.pk, at=moment)
    task.refresh_from_db()
    return task


def _restart_two_hours(holder: Holder, moment: datetime) -> None:
    """A lease without heartbeats runs from the last change of the task's state (P4)."""
    Lease.objects.filter(task=holder.task_id, fence=holder.fence, mode=LeaseMode.MANUAL).update(
        renewed_at=moment, expires_at=moment + timedelta(seconds=MANUAL_LEASE_TTL)
    )


@atomically
def progress(holder: Holder, *, percent: int | None = None, note: str = "") -> Task:
    """Record how far the agent is, in percent, and what it is doing."""
    if percent is not None and not 0 <= percent <= 100:
        raise Invalid("Progress is a percentage from 0 to 100.", field="percent")
    task = held(holder)
    move(holder, LEASED)
    attempt = attempt_of(holder)
    Attempt.objects.filter(pk=attempt.pk).update(
        progress=attempt.progress if percent is None else percent, progress_note=note[:500] or attempt.progress_note
    )
    record(
        "task.progress",
        actor=attempt.agent.actor,
        task=task,
        agent_id=attempt.agent_id,
        attempt_id=attempt.pk,
        percent=percent,
        note=note[:500],
    )
    return task


@atomically
def release(holder: Holder, *, reason: str) -> Task:
    """Hand the task back unfinished. A release is not a failure: it is not counted (P8)."""
    ended = end(
        holder,
        to=State.WAITING,
        outcome=Outcome.RELEASED,
        reason_class="released",
        reason=f"Released: {reason}",
        told=reason,
        task={"crashes": 0},
    )
    ended.announce("task.released", reason=reason)
    settle([holder.task_id])
    return Task.objects.get(pk=holder.task_id)
