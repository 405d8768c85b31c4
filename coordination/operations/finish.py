"""How a holder ends its attempt: complete, fail, or ask a person."""

from django.db.models import F

from coordination.actor import SYSTEM
from coordination.errors import LeaseLost
from coordination.lifecycle import Outcome, ReviewPolicy, State
from coordination.models import Project, Question, Task
from coordination.operations.aftermath import after_end
from coordination.operations.atomic import atomically, undone_if_refused
from coordination.operations.holding import Ended, end
from coordination.operations.late import keep_late
from coordination.operations.onestatement import Completed, complete_one
from coordination.operations.phases import advance_soon
from coordination.operations.projects import pause_project
from coordination.operations.readiness import schedule_retry
from coordination.operations.report import Report
from coordination.operations.seals import seal_soon
from coordination.operations.tokens import Holder
from coordination.queries.access import Caller


def complete(holder: Holder, report: Report) -> State:
    """Finish the task, or hand it to review, and return its new state. A late result is kept and refused (P5)."""
    if completed := complete_one(holder, report):
        return _followed(completed)
    try:
        with undone_if_refused():
            return _complete(holder, report)
    except LeaseLost as refusal:
        keep_late(holder, report, succeeded=True, why=refusal.data["reason"])
        raise


def complete_as_believed(caller: Caller, holder: Holder, report: Report) -> State | None:
    """Finish the task of a caller whose key was not asked for yet; None when the key or anything else is not as believed."""
    completed = complete_one(holder, report, caller.as_of) if caller.as_of else None
    return _followed(completed) if completed else None


def _followed(completed: Completed) -> State:
    if completed.to_seal:
        seal_soon(completed.to_seal)
    advance_soon(completed.phase_id)
    return completed.state


def fail(holder: Holder, report: Report, *, retryable: bool) -> State:
    """Record a failure; a retryable one waits for its retry while attempts are left (P8). Return the task's new state."""
    try:
        with undone_if_refused():
            return _fail(holder, report, retryable)
    except LeaseLost as refusal:
        keep_late(holder, report, succeeded=False, why=refusal.data["reason"])
        raise


@atomically
def _complete(holder: Holder, report: Report) -> State:
    _spend(holder, report)
    reviewed = Task.objects.filter(pk=holder.task_id).values_list("review_policy", flat=True).first() == ReviewPolicy.REQUIRED
    ended = end(
        holder,
        to=State.REVIEW if reviewed else State.DONE,
        outcome=Outcome.SUBMITTED if reviewed else Outcome.DONE,
        yields_to_cancel=False,
        task={"result": report.result, "crashes": 0},
        attempt=report.columns(),
    )
    ended.announce("task.submitted" if reviewed else "task.done", result=report.result[:200])
    _mind_the_budget(ended, report)
    _settle_after(ended)
    return ended.state


@atomically
def _fail(holder: Holder, report: Report, retryable: bool) -> State:
    _spend(holder, report)
    failures, limit = Task.objects.filter(pk=holder.task_id).values_list("failures", "max_attempts").first() or (0, 0)
    again = retryable and failures + 1 < limit
    ended = end(
        holder,
        to=State.WAITING if again else State.FAILED,
        outcome=Outcome.FAILED,
        reason_class="retryable" if retryable else "fatal",
        reason=_why_failed(report, again, failures + 1, limit, retryable),
        told=report.error,
        task={"failures": failures + 1, "crashes": 0},
        attempt=report.columns(),
    )
    if ended.state is State.WAITING:
        schedule_retry(holder.task_id, failures + 1)
    ended.announce("task.failed" if ended.state is State.FAILED else "task.retrying", error=report.error[:500], retryable=retryable)
    _mind_the_budget(ended, report)
    _settle_after(ended)
    return ended.state


@atomically
def ask(holder: Holder, text: str) -> Question:
    """Ask a person. The lease goes back, and the answer will be in the next brief."""
    ended = end(
        holder, to=State.BLOCKED, outcome=Outcome.ASKED, reason_class="asked", reason=f"Asks: {text}", told=text, task={"crashes": 0}
    )
    question = Question.objects.create(task_id=ended.task_id, attempt_id=ended.attempt_id, text=text, asked_at=ended.at)
    ended.announce("task.asked", question=question.pk, text=text[:500])
    _settle_after(ended)
    return question


def _why_failed(report: Report, again: bool, failures: int, limit: int, retryable: bool) -> str:
    if again:
        return f"Attempt {failures} of {limit} failed: {report.error}"
    return f"Failed {failures} times, the limit is {limit}: {report.error}" if retryable else f"Failed for good: {report.error}"


def _settle_after(ended: Ended) -> None:
    """Free what waited for this, and ask afterwards, outside this transaction, whether the phase is complete."""
    if ended.has_dependents:
        after_end(ended.task_id, ended.phase_id, ended.state)
    else:
        advance_soon(ended.phase_id)


def _spend(holder: Holder, report: Report) -> None:
    """Add the cost to the project. Before the task is touched: everybody locks the project first and its tasks second."""
    if report.cost_usd:
        Project.objects.filter(tasks=holder.task_id).update(spent_usd=F("spent_usd") + report.cost_usd)


def _mind_the_budget(ended: Ended, report: Report) -> None:
    """Pause the project when its budget is used up."""
    if not report.cost_usd:
        return
    project = Project.objects.get(pk=ended.project_id)
    if project.budget_usd is not None and project.spent_usd >= project.budget_usd and not project.is_paused:
        pause_project(project, actor=SYSTEM, reason=f"The budget of ${project.budget_usd} is spent.")
