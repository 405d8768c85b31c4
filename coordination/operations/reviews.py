"""Reviewing finished work: approve it, or send it back with comments."""

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import AuthorMayNotReview, Invalid, WrongState
from coordination.lifecycle import State
from coordination.models import Attempt, Review, Task
from coordination.models.clock import now
from coordination.operations.aftermath import after_end
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.readiness import settle


@atomically
def approve(task: Task, *, actor: Actor, comments: str = "") -> Review:
    """Accept the result: the task is done."""
    review = _review(task, State.DONE, actor, comments)
    after_end(task.pk, task.phase_id, State.DONE)
    return review


@atomically
def request_changes(task: Task, *, actor: Actor, comments: str) -> Review:
    """Send the task back; the comments are part of the next brief."""
    if not comments.strip():
        raise Invalid("Say what should change.", field="comments")
    review = _review(task, State.WAITING, actor, comments)
    settle([task.pk])
    return review


def _review(task: Task, to: State, actor: Actor, comments: str) -> Review:
    attempt = Attempt.objects.filter(task=task).select_related("agent", "key").order_by("-number").first()
    if attempt is None:
        raise WrongState(f"#{task.pk} has no attempt to review.", state=task.state)
    if actor == attempt.agent.actor or (actor.kind == "key" and actor.id == attempt.key_id):
        raise AuthorMayNotReview(f"{actor.name} wrote this result of #{task.pk}; somebody else must review it.")
    moment = now()
    columns = {"reason": ""} if to is State.DONE else {"reason": f"Changes requested: {comments}"[:500]}
    moved = Task.objects.filter(pk=task.pk, state=State.REVIEW, fence=attempt.fence + 1).update(
        state=to, state_since=moment, version=F("version") + 1, **{f"{to}_at": moment}, **columns
    )
    if not moved:
        raise WrongState(f"#{task.pk} does not wait for a review any more.")
    review = Review.objects.create(attempt=attempt, approved=to is State.DONE, comments=comments, reviewer=str(actor), created_at=moment)
    kind = "task.approved" if to is State.DONE else "task.changes_requested"
    record(kind, actor=actor, task=task, attempt_id=attempt.pk, at=moment, attempt=attempt.number, comments=comments[:500])
    return review
