"""Taking back the last decision about a task: the task is where it was, and the log keeps both steps."""

from collections.abc import Callable
from typing import Any

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import WrongState
from coordination.lifecycle import State
from coordination.models import Lease, Question, Review, Task
from coordination.models.clock import now
from coordination.operations import tasks
from coordination.operations.aftermath import after_end
from coordination.operations.atomic import atomically
from coordination.operations.editing import lock_project
from coordination.operations.events import record
from coordination.operations.phases import reopen_if_completed
from coordination.operations.readiness import block_dependents, settle
from coordination.queries.last_step import RESTORED_BY_REQUEUE, WITHDRAWN, LastStep, has_heard, last_step

# What the log says of a state that came back.
BACK_IN = {
    State.WAITING: "task.put_back",
    State.REVIEW: "task.review_reopened",
    State.BLOCKED: "task.asks_again",
    State.DONE: "task.stays_done",
    State.FAILED: "task.stays_failed",
    State.CANCELLED: "task.cancelled",
}


@atomically
def undo(task: Task, *, actor: Actor, event: int | None = None) -> str:
    """Take back the last decision about the task and return a sentence that says so.

    With `event`, only if that is still the last one. Raises WrongState when something has come of it already.
    """
    lock_project(task.project_id)
    task = Task.objects.select_for_update(no_key=True, of=("self",)).select_related("phase").get(pk=task.pk)
    step = last_step(task)
    if step is None or (event is not None and step.event.pk != event):
        raise WrongState(f"#{task.pk} has gone on since then; this cannot be taken back any more.", state=task.state)
    return UNDO[step.kind](task, step, actor)


def _withdraw_cancel(task: Task, step: LastStep, actor: Actor) -> str:
    lease = Lease.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(task=task)
    heard = has_heard(lease)
    Lease.objects.filter(pk=lease.pk).update(cancel_requested_at=None, cancel_reason="")
    record(WITHDRAWN, actor=actor, task=task, heard=heard)
    if not heard:
        return f"#{task.pk} is not cancelled after all; {lease.agent.title} goes on."
    tasks.take_back(task, actor=actor, reason="the cancellation was undone")
    return f"#{task.pk} is queued again. The lease of {lease.agent.title} does not come back."


def _uncancel(task: Task, step: LastStep, actor: Actor) -> str:
    old = step.to or State.WAITING
    question = Question.objects.filter(task=task, answered_at=None).order_by("-pk").first() if old is State.BLOCKED else None
    _to(task, old, actor, reason=f"Asks: {question.text}"[:500] if question else "")
    reopen_if_completed(task.phase_id, actor=actor)
    settle([task.pk])
    return f"#{task.pk} is {_now(task)} again. {step.lost}".strip()


def _unrequeue(task: Task, step: LastStep, actor: Actor) -> str:
    old = step.to or State.DONE
    before = {name: step.event.data["before"][name] for name in RESTORED_BY_REQUEUE}
    before["rerun_of_id"] = before.pop("rerun_of")
    _to(task, old, actor, **before)
    after_end(task.pk, task.phase_id, old)
    return f"#{task.pk} is {old} as before."


def _unapprove(task: Task, step: LastStep, actor: Actor) -> str:
    _drop_review(step)
    _to(task, State.REVIEW, actor)
    for phase in sorted({task.phase_id, *block_dependents(task.pk, State.DONE)}):
        reopen_if_completed(phase, actor=actor)
    return f"#{task.pk} waits for a review again."


def _unrequest(task: Task, step: LastStep, actor: Actor) -> str:
    _drop_review(step)
    _to(task, State.REVIEW, actor, reason="")
    return f"#{task.pk} waits for a review again."


def _unanswer(task: Task, step: LastStep, actor: Actor) -> str:
    question = Question.objects.get(pk=step.event.data["question"])
    Question.objects.filter(pk=question.pk).update(answer="", answered_by="", answered_at=None)
    _to(task, State.BLOCKED, actor, reason=f"Asks: {question.text}"[:500])
    return f"The question of #{task.pk} is open again."


def _unlet(task: Task, step: LastStep, actor: Actor) -> str:
    Task.objects.filter(pk=task.pk).update(awaits_person=True)
    _to(task, State.WAITING, actor)
    return f"#{task.pk} waits for a person's word again."


def _to(task: Task, state: State, actor: Actor, **columns: Any) -> None:
    """Bring the state back. A fence that somebody may hold does not: it grows."""
    moment = now()
    columns |= {"state": state, "state_since": moment, f"{state}_at": moment, "retry_at": None, "fallback_at": None}
    Task.objects.filter(pk=task.pk).update(fence=F("fence") + 1, version=F("version") + 1, **columns)
    record(BACK_IN[state], actor=actor, task=task, at=moment, old=task.state, undone=True)


def _drop_review(step: LastStep) -> None:
    """Forget the review that is taken back; without one it would be in briefs and among the verdicts."""
    newest = Review.objects.filter(attempt=step.event.attempt_id).order_by("-pk").first()
    if newest:
        newest.delete()


def _now(task: Task) -> str:
    task.refresh_from_db()
    words = {State.BLOCKED: "blocked by its question", State.REVIEW: "in review"}
    return words.get(State(task.state), task.state)


UNDO: dict[str, Callable[[Task, LastStep, Actor], str]] = {
    "task.cancel_requested": _withdraw_cancel,
    "task.cancelled": _uncancel,
    "task.requeued": _unrequeue,
    "task.approved": _unapprove,
    "task.changes_requested": _unrequest,
    "task.answered": _unanswer,
    "task.let_run": _unlet,
}
