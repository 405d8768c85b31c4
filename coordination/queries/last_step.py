"""The last thing that was decided about a task, if it can still be taken back: what that does, and what does not come back."""

from dataclasses import dataclass, replace

from coordination.lifecycle import LEASED, STATE_AFTER, State
from coordination.models import Event, Lease, Task

BY_THE_ENGINE = {"task.queued", "task.held"}  # they follow a decision and decide nothing
WITHDRAWN = "task.cancel_withdrawn"
DECISIONS = [*(kind for kind in STATE_AFTER if kind not in BY_THE_ENGINE), "task.let_run", "task.cancel_requested", WITHDRAWN]
RESTORED_BY_REQUEUE = ("failures", "crashes", "reason", "rerun_of")
BEGINS_AGAIN = "It is queued again as soon as nothing holds it, behind what is as urgent."


@dataclass(frozen=True)
class LastStep:
    """A step that can be taken back. `to` is the state that this brings back, None to leave the task with its agent.

    `event` tells it from later ones, `says` names taking it back, `effect` and `lost` are sentences; `lost` may be "".
    """

    event: Event
    says: str
    to: State | None
    effect: str
    lost: str = ""

    @property
    def kind(self) -> str:
        return self.event.kind

    @property
    def is_cancel(self) -> bool:
        return self.kind in ("task.cancelled", "task.cancel_requested")


def last_step(task: Task) -> LastStep | None:
    """Return the newest decision about the task if nothing has come of it that could not be taken back."""
    event = Event.objects.filter(task_id=task.pk, kind__in=DECISIONS).order_by("-id").first()
    made = STEPS.get(event.kind) if event else None
    return made(task, event) if made and event else None


def _cancel_requested(task: Task, event: Event) -> LastStep | None:
    lease = Lease.objects.filter(task=task).exclude(cancel_requested_at=None).select_related("agent").first()
    if lease is None or task.state not in LEASED:
        return None
    agent, step = lease.agent.title, LastStep(event, "Undo cancelling", None, "")
    if not has_heard(lease):
        return replace(step, effect=f"{agent} has not heard of it yet, and goes on as if it had never been said.")
    lost = f"Its lease does not come back; what {agent} still sends is kept beside the task."
    return replace(step, to=State.WAITING, effect=f"{agent} was told to stop: the task is taken back and queued again.", lost=lost)


def has_heard(lease: Lease) -> bool:
    """Return whether a heartbeat has carried the cancel to the agent."""
    return lease.cancel_requested_at is not None and lease.renewed_at >= lease.cancel_requested_at


def _cancelled(task: Task, event: Event) -> LastStep | None:
    attempt = event.data.get("attempt")
    if task.state != State.CANCELLED or (event.actor_kind == "system" and not attempt):
        return None  # the engine cancels what cannot be needed any more, and calls it back itself
    old = State(event.data.get("old") or State.WAITING)
    step = LastStep(event, "Undo cancelling", old, "")
    if old is State.REVIEW:
        return replace(step, effect="It waits for its review again, with the result that it had.")
    if old is State.BLOCKED:
        return replace(step, effect="Its agent's question is open again.")
    lost = f"The lease of attempt {attempt} does not come back: the next agent begins anew." if attempt else ""
    return replace(step, to=State.WAITING, effect=BEGINS_AGAIN, lost=lost)


def _requeued(task: Task, event: Event) -> LastStep | None:
    if task.state not in (State.WAITING, State.QUEUED) or "before" not in event.data:
        return None
    old = State(event.data["old"])
    freed = {State.DONE: " What waited for it may run again.", State.FAILED: ""}.get(old, "")
    return LastStep(event, "Do not run it again", old, f"It is {old} as it was before.{freed}")


def _approved(task: Task, event: Event) -> LastStep | None:
    if task.state != State.DONE:
        return None
    effect = "It waits for a review again, and what waits for it waits again."
    return LastStep(event, "Undo the approval", State.REVIEW, effect, "What has begun on the strength of it goes on.")


def _changes_requested(task: Task, event: Event) -> LastStep | None:
    if task.state not in (State.WAITING, State.QUEUED):
        return None
    effect = "It waits for its review again. What was written is in no brief; the activity keeps it."
    return LastStep(event, "Undo the request for changes", State.REVIEW, effect)


def _answered(task: Task, event: Event) -> LastStep | None:
    if task.state not in (State.WAITING, State.QUEUED):
        return None
    effect = "The question is open again. The answer is in no brief; the activity keeps it."
    return LastStep(event, "Take the answer back", State.BLOCKED, effect)


def _let_run(task: Task, event: Event) -> LastStep | None:
    if task.state not in (State.WAITING, State.QUEUED):
        return None
    return LastStep(event, "Do not let it run yet", State.WAITING, "It waits for a person's word again.")


STEPS = {
    "task.cancel_requested": _cancel_requested,
    "task.cancelled": _cancelled,
    "task.requeued": _requeued,
    "task.approved": _approved,
    "task.changes_requested": _changes_requested,
    "task.answered": _answered,
    "task.let_run": _let_run,
}
