"""The sweep: what must happen without anybody asking. Safe to run anywhere, by anyone, at once.

The jobs call it every 15 s; claims and heartbeats call it too when it is due, so that no single process is
needed for liveness (P17). The row lock of each task and a repeated condition make every step happen once (A4, A9).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import F, Q, QuerySet

from coordination.actor import SYSTEM
from coordination.errors import LeaseLost
from coordination.lifecycle import AMNESTY_AFTER, CANCEL_GRACE, LEASE_TTL, MAX_CRASHES, Outcome, PhaseState, State
from coordination.models import IdempotentRequest, Lease, SweepMark, Task
from coordination.models.clock import now
from coordination.operations.aftermath import after_end
from coordination.operations.agents import mark_silent
from coordination.operations.atomic import atomically
from coordination.operations.draining import note_drained
from coordination.operations.events import record
from coordination.operations.holding import end
from coordination.operations.lanes import lane_for
from coordination.operations.phases import advance_due
from coordination.operations.readiness import schedule_retry, settle
from coordination.operations.tokens import Holder

log = logging.getLogger(__name__)

BATCH = 500
RIDE_EVERY = timedelta(seconds=5)
CLOCK_JUMP = 30  # seconds by which the wall clock may differ from the monotonic one
KEEP_ANSWERS = timedelta(hours=24)


@dataclass(frozen=True)
class SweepReport:
    """What one sweep did."""

    expired: int = 0
    cancelled: int = 0
    timed_out: int = 0
    readied: int = 0
    fallen_back: int = 0
    advanced: int = 0
    silent: int = 0
    drained: int = 0
    amnesty: float = 0.0  # seconds that live leases were extended by


def sweep_if_due() -> SweepReport | None:
    """Sweep unless somebody did within the last five seconds. Cheap to call with every claim and heartbeat."""
    if time.monotonic() - _clocks.ridden < RIDE_EVERY.total_seconds():
        return None
    _clocks.ridden = time.monotonic()
    moment = now()
    _mark()
    is_due = SweepMark.objects.filter(Q(swept_at__lt=moment - RIDE_EVERY) | Q(swept_at__gt=moment), pk=1).exists()
    amnesty = _note_the_time(unless_within=RIDE_EVERY) if is_due else None
    return None if amnesty is None else _sweep(amnesty)


def sweep() -> SweepReport:
    """Do all that is due and return what was done."""
    return _sweep(_note_the_time() or 0.0)


def _sweep(amnesty: float) -> SweepReport:
    expired = cancelled = timed_out = 0
    if not _expiry_is_paused():
        expired = _end_each(_expired(), _expire)
        timed_out = _end_each(_overtime(), _time_out)
    cancelled = _end_each(_overdue_cancels(), _cancel)
    return SweepReport(
        expired=expired,
        cancelled=cancelled,
        timed_out=timed_out,
        readied=ready_due(),
        fallen_back=fall_back_due(),
        advanced=advance_due(),
        silent=mark_silent(),
        drained=note_drained(),
        amnesty=amnesty,
    )


class _Clocks:
    """The wall clock and the monotonic clock at this process's last sweep, to notice when the wall clock is set (P7)."""

    wall: datetime | None = None
    steady = 0.0
    ridden = float("-inf")


_clocks = _Clocks()


def _mark() -> SweepMark:
    return SweepMark.objects.get_or_create(pk=1, defaults={"swept_at": now()})[0]


@atomically
def _note_the_time(*, unless_within: timedelta | None = None) -> float | None:
    """Note that a sweep runs now, and return the seconds of amnesty; None if another swept `unless_within` this time.

    After a gap, give live leases the gap back, up to one whole term from now; after a jump of the clock, pause expiry (P7).
    """
    _mark()
    mark = SweepMark.objects.select_for_update(no_key=True).get(pk=1)
    moment, steady = now(), time.monotonic()
    gap = (moment - mark.swept_at).total_seconds()
    if unless_within and 0 <= gap < unless_within.total_seconds():
        return None
    jumped = _clocks.wall is not None and abs((moment - _clocks.wall).total_seconds() - (steady - _clocks.steady)) > CLOCK_JUMP
    _clocks.wall, _clocks.steady = moment, steady
    amnesty = 0.0
    if jumped or gap < -CLOCK_JUMP:
        mark.expiry_paused_until = moment + timedelta(seconds=LEASE_TTL)
        _cap_leases(Lease.objects.all(), moment)
        log.warning("The clock jumped; leases do not expire until %s.", mark.expiry_paused_until)
    elif gap > AMNESTY_AFTER:
        amnesty = gap
        live = Lease.objects.filter(expires_at__gt=mark.swept_at)
        live.update(expires_at=F("expires_at") + timedelta(seconds=gap))
        _cap_leases(live, moment)
        log.warning("Nothing swept for %.0f s; live leases were extended.", gap)
    mark.swept_at = moment
    mark.save()
    return amnesty


def _cap_leases(leases: QuerySet[Lease], moment: datetime) -> None:
    """Let no lease end later than one whole term from now: it would keep the task of a dead agent."""
    for ttl in set(leases.values_list("ttl", flat=True)):
        end_of_term = moment + timedelta(seconds=ttl)
        leases.filter(ttl=ttl, expires_at__gt=end_of_term).update(expires_at=end_of_term)


def _expiry_is_paused() -> bool:
    return SweepMark.objects.filter(pk=1, expiry_paused_until__gt=now()).exists()


def _expired() -> list[Lease]:
    return list(Lease.objects.filter(expires_at__lte=now()).select_related("task").order_by("task_id"))


def _overdue_cancels() -> list[Lease]:
    due = now() - timedelta(seconds=CANCEL_GRACE)
    return list(Lease.objects.filter(cancel_requested_at__lte=due).select_related("task").order_by("task_id"))


def _overtime() -> list[Lease]:
    moment = now()
    limited = Lease.objects.filter(task__timeout__isnull=False).select_related("task").order_by("task_id")
    return [lease for lease in limited if lease.acquired_at + timedelta(seconds=lease.task.timeout or 0) <= moment]


def _end_each(leases: list[Lease], verb: Callable[[Lease], None]) -> int:
    ended = 0
    for lease in leases:
        try:
            verb(lease)
        except LeaseLost:
            continue
        except DatabaseError:
            # The others must not wait for this one; the next sweep tries it again.
            log.exception("#%s could not be swept.", lease.task_id)
            continue
        ended += 1
    return ended


@atomically
def _expire(lease: Lease) -> None:
    """Take an expired lease away: the task is claimable again, or failed as a crash loop after three in a row (P8)."""
    crashes = lease.task.crashes + 1
    failed = crashes >= MAX_CRASHES
    sentence = f"The lease expired {crashes} times in a row." if failed else "The lease expired: its agent stopped sending heartbeats."
    ended = end(
        Holder(lease.task_id, lease.fence, 0),
        to=State.FAILED if failed else State.WAITING,
        outcome=Outcome.EXPIRED,
        reason_class="crash_loop" if failed else "expired",
        reason=sentence,
        told=sentence,
        task={"crashes": crashes},
        if_expired=True,
    )
    ended.announce("task.failed" if failed else "task.expired", actor=SYSTEM, crashes=crashes)
    _after(ended.task_id, ended.phase_id, ended.state)


@atomically
def _time_out(lease: Lease) -> None:
    """End an attempt that ran longer than its task allows. Counted as a failure worth retrying."""
    failures = lease.task.failures + 1
    failed = failures >= lease.task.max_attempts
    sentence = f"The attempt ran longer than the {lease.task.timeout} s that the task allows."
    ended = end(
        Holder(lease.task_id, lease.fence, 0),
        to=State.FAILED if failed else State.WAITING,
        outcome=Outcome.EXPIRED,
        reason_class="timeout",
        reason=sentence,
        told=sentence,
        task={"failures": failures},
    )
    if ended.state is State.WAITING:
        schedule_retry(ended.task_id, failures)
    ended.announce("task.failed" if failed else "task.expired", actor=SYSTEM, timeout=lease.task.timeout)
    _after(ended.task_id, ended.phase_id, ended.state)


@atomically
def _cancel(lease: Lease) -> None:
    """Cancel a task whose agent did not stop within the grace (P11)."""
    ended = end(
        Holder(lease.task_id, lease.fence, 0),
        to=State.CANCELLED,
        outcome=Outcome.CANCELLED,
        reason_class="cancelled",
        reason=lease.cancel_reason,
        told=lease.cancel_reason,
    )
    ended.announce("task.cancelled", actor=SYSTEM, reason=lease.cancel_reason)
    _after(ended.task_id, ended.phase_id, ended.state)


def _after(task_id: int, phase_id: int, state: State) -> None:
    if state is State.WAITING:
        settle([task_id])
    after_end(task_id, phase_id, state)


@atomically
def ready_due() -> int:
    """Queue what a retry delay or a start time held until now, and mend what a race left behind in either direction."""
    moment = now()
    waiting = Task.objects.filter(
        Q(not_before=None) | Q(not_before__lte=moment),
        Q(retry_at=None) | Q(retry_at__lte=moment),
        state=State.WAITING,
        blockers=0,
        phase__state=PhaseState.ACTIVE,
        project__paused_at=None,
    )
    astray = Task.objects.filter(state=State.QUEUED).exclude(phase__state=PhaseState.ACTIVE, project__paused_at=None)
    return len(settle([*waiting.values_list("pk", flat=True)[:10_000], *astray.values_list("pk", flat=True)[:10_000]]))


@atomically
def fall_back_due() -> int:
    """Open assigned tasks to every capable agent whose `fallback_after` has passed in the queue."""
    due = (
        Task.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(state=State.QUEUED, fallback_at__lte=now())
        .order_by("pk")[:BATCH]
    )
    tasks = list(due)
    for task in tasks:
        task.lane, task.fallback_at = lane_for(task.project_id, task.tier, task.capabilities, None), None
        task.save(update_fields=["lane", "fallback_at"])
        record("task.fell_back", actor=SYSTEM, task=task, agent_id=task.assigned_to_id, lane=task.lane_id)
    return len(tasks)


@atomically
def forget_old_answers() -> int:
    """Drop the answers of idempotent requests after 24 hours (P10)."""
    dropped, _ = IdempotentRequest.objects.filter(created_at__lt=now() - KEEP_ANSWERS).delete()
    return dropped
