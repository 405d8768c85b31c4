"""Work that comes too late: refused as truth, kept for a person to adopt (P5)."""

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import WrongState
from coordination.lifecycle import LEASED, OPEN, Outcome, State
from coordination.models import Attempt, LateResult, Lease, Task
from coordination.models.clock import now
from coordination.operations.aftermath import after_end
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.holding import TAKEN_BACK
from coordination.operations.report import Report
from coordination.operations.seals import seal_soon
from coordination.operations.tokens import Holder


@atomically
def keep_late(holder: Holder, report: Report, *, succeeded: bool, why: str) -> LateResult | None:
    """Keep what a lost lease reports. None when that attempt has already reported in time: a repeat is not late work."""
    attempt = Attempt.objects.select_related("agent", "task").filter(task=holder.task_id, fence=holder.fence).first()
    if attempt is None or (attempt.outcome not in (Outcome.EXPIRED, Outcome.CANCELLED) and attempt.reason_class != TAKEN_BACK):
        return None
    same = attempt.late_results.filter(result=report.result, error=report.error, succeeded=succeeded).first()
    if same:
        return same
    late = LateResult.objects.create(
        attempt=attempt,
        received_at=now(),
        succeeded=succeeded,
        result=report.result,
        result_data=report.data,
        report=report.report,
        error=report.error,
        usage=report.usage,
        why_late=why,
    )
    record(
        "attempt.late",
        actor=attempt.agent.actor,
        task=attempt.task,
        agent_id=attempt.agent_id,
        attempt_id=attempt.pk,
        attempt=attempt.number,
        why=why,
        succeeded=succeeded,
    )
    seal_soon(attempt.pk)
    return late


@atomically
def adopt(late: LateResult, *, actor: Actor) -> Task:
    """Take a late result as the task's result. Whoever works on the task now loses the lease."""
    moment = now()
    if not LateResult.objects.filter(pk=late.pk, adopted_at=None).update(adopted_at=moment, adopted_by=str(actor)):
        raise WrongState("This late result was adopted before.")
    attempt = Attempt.objects.get(pk=late.attempt_id)
    task = Task.objects.select_for_update(no_key=True).get(pk=attempt.task_id)
    if task.state not in OPEN | {State.FAILED}:
        raise WrongState(f"#{task.pk} is {task.state}; requeue it first if its result should be replaced.", state=task.state)
    if task.state in LEASED:
        Attempt.objects.filter(task=task, fence=task.fence).update(
            finished_at=moment, outcome=Outcome.CANCELLED, reason="A late result of an earlier attempt was adopted."
        )
        Lease.objects.filter(task=task).delete()
    Task.objects.filter(pk=task.pk).update(
        state=State.DONE,
        state_since=moment,
        done_at=moment,
        fence=F("fence") + 1,
        version=F("version") + 1,
        result=late.result,
        reason=f"Late result of attempt {attempt.number}, adopted by {actor.name}.",
        retry_at=None,
        fallback_at=None,
    )
    # The brief of every dependent reads results from attempts.
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=Outcome.LATE, result=late.result, result_data=late.result_data, report=late.report, error=late.error
    )
    record("task.adopted", actor=actor, task=task, attempt_id=attempt.pk, at=moment, attempt=attempt.number, old=task.state, new=State.DONE)
    after_end(task.pk, task.phase_id, State.DONE, was=State(task.state))
    task.refresh_from_db()
    return task
