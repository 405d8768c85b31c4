"""The ground under every write of a lease holder: is the fence current, what if not, and how an attempt ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import LeaseLost
from coordination.lifecycle import LEASED, Outcome, State
from coordination.models import Attempt, Lease, Task
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.operations.events import record
from coordination.operations.seals import seal_soon
from coordination.operations.tokens import Holder


def held(holder: Holder) -> Task:
    """Return the task, if the holder still has it, and hold its row so that nothing ends the attempt before we commit."""
    task = Task.objects.select_for_update(no_key=True).filter(pk=holder.task_id, fence=holder.fence, state__in=LEASED).first()
    if task is None:
        raise lost(holder)
    return task


def move(holder: Holder, sources: Collection[State], **changes: Any) -> None:
    """Change the task only if the fence is the holder's and the state one of `sources`."""
    moved = Task.objects.filter(pk=holder.task_id, fence=holder.fence, state__in=sources).update(version=F("version") + 1, **changes)
    if moved != 1:
        raise lost(holder)


def attempt_of(holder: Holder) -> Attempt:
    return Attempt.objects.select_related("agent").get(task=holder.task_id, fence=holder.fence)


@dataclass(frozen=True)
class Ended:
    """An attempt that has just ended."""

    task_id: int
    project_id: int
    phase_id: int
    state: State
    has_dependents: bool
    attempt_id: int
    number: int
    agent_id: int
    agent_name: str
    at: datetime
    failures: int = 0

    def announce(self, kind: str, *, actor: Actor | None = None, **data: Any) -> None:
        if self.state is State.CANCELLED:
            kind = "task.cancelled"
        record(
            kind,
            actor=actor or Actor("agent", self.agent_id, self.agent_name),
            project=self.project_id,
            phase=self.phase_id,
            task=self.task_id,
            agent_id=self.agent_id,
            attempt_id=self.attempt_id,
            at=self.at,
            attempt=self.number,
            state=str(self.state),
            **data,
        )


def end(
    holder: Holder,
    *,
    to: State,
    outcome: Outcome,
    reason_class: str = "",
    reason: str = "",
    told: str = "",
    yields_to_cancel: bool = True,
    if_expired: bool = False,
    task: dict[str, Any] | None = None,
    attempt: dict[str, Any] | None = None,
) -> Ended:
    """End the holder's attempt: task, attempt and lease in one transaction, or nothing and `LeaseLost`.

    `reason` stays with the task, `told` with the attempt. An attempt that was asked to cancel ends the task
    cancelled, unless it brings a result (`yields_to_cancel=False`): then the result wins (P11). `if_expired` ends
    it only if the lease is over at this moment: a heartbeat that came in between wins (A4).
    """
    moment = now()
    if yields_to_cancel:
        held(holder)  # or a cancel that is being written at this moment would be neither seen here nor stopped
    if yields_to_cancel and Lease.objects.filter(task=holder.task_id, fence=holder.fence).exclude(cancel_requested_at=None).exists():
        to, outcome, reason = State.CANCELLED, Outcome.CANCELLED, "Cancelled while it ran."
    columns = {"reason": reason[:500], **(task or {})}
    changed = rows(
        f"""
        UPDATE coordination_task SET state = %s, state_since = %s, {to}_at = %s, version = version + 1,
            fence = fence + 1, {", ".join(f"{name} = %s" for name in columns)}
        WHERE id = %s AND fence = %s AND state IN ('claimed', 'running')
        RETURNING project_id, phase_id, failures""",
        [str(to), moment, moment, *columns.values(), holder.task_id, holder.fence],
    )
    if not changed:
        raise lost(holder)
    project_id, phase_id, failures = changed[0]
    number, attempt_id, agent_id, agent_name = _end_attempt(holder, moment, outcome, reason_class, told, attempt or {})
    over = "AND expires_at <= %s" if if_expired else ""
    # Dependents are looked for here and not above: the first statement may have waited for one that adds an edge to this
    # task, and would still see the edges as they were before.
    dropped = rows(
        f"""
        DELETE FROM coordination_lease WHERE task_id = %s AND fence = %s {over}
        RETURNING EXISTS (SELECT 1 FROM coordination_dependency d WHERE d.on_id = coordination_lease.task_id)""",
        [holder.task_id, holder.fence, *([moment] if if_expired else [])],
    )
    if not dropped:
        raise LeaseLost(f"The lease on #{holder.task_id} was renewed at this moment.", reason="renewed", task=holder.task_id)
    has_dependents = bool(dropped[0][0])
    return Ended(holder.task_id, project_id, phase_id, to, has_dependents, attempt_id, number, agent_id, agent_name, moment, failures)


def _end_attempt(
    holder: Holder, moment: datetime, outcome: Outcome, reason_class: str, told: str, columns: dict[str, Any]
) -> tuple[int, int, int, str]:
    values = {"finished_at": moment, "outcome": str(outcome), "reason_class": reason_class, "reason": told, **columns}
    found = rows(
        f"""
        UPDATE coordination_attempt SET {", ".join(f"{name} = %s" for name in values)}
        WHERE task_id = %s AND fence = %s
        RETURNING number, id, agent_id, (SELECT name FROM coordination_agent a WHERE a.id = coordination_attempt.agent_id),
            "commit", tip""",
        [*values.values(), holder.task_id, holder.fence],
    )
    number, attempt_id, agent_id, agent_name, handed_out, pushed = found[0]
    if handed_out or pushed:
        seal_soon(attempt_id)
    return number, attempt_id, agent_id, agent_name


def lost(holder: Holder) -> LeaseLost:
    """Return the refusal that says how the lease was lost: expired, cancelled, reassigned or finished."""
    why, sentence = why_lost(holder)
    return LeaseLost(sentence, reason=why, task=holder.task_id)


TAKEN_BACK = "taken_back"  # the reason class of an attempt that a planner ended
KEPT = "What you send is kept as a late result that a person can adopt."


def why_lost(holder: Holder) -> tuple[str, str]:
    attempt = Attempt.objects.filter(task=holder.task_id, fence=holder.fence).first()
    task = Task.objects.filter(pk=holder.task_id).first()
    number = f"#{holder.task_id}"
    if attempt is None or task is None:
        return "finished", f"{number} is gone; stop working on it."
    if task.state == State.CANCELLED or attempt.outcome == Outcome.CANCELLED:
        return "cancelled", f"{number} was cancelled; stop working on it. {KEPT}"
    if attempt.reason_class == TAKEN_BACK:
        return "reassigned", f"{number} was taken back from you; stop working on it. {KEPT}"
    if attempt.outcome == Outcome.EXPIRED:
        if task.state in LEASED:
            return "reassigned", f"The lease on {number} expired and another agent took it; stop working on it. {KEPT}"
        return "expired", f"The lease on {number} expired; stop working on it. {KEPT}"
    return "finished", f"This attempt at {number} has ended ({attempt.outcome or task.state}); claim the task again to go on."
