"""Reviewing finished work: approve it, or send it back with comments."""

from collections.abc import Sequence

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import AuthorMayNotReview, Invalid, WrongState
from coordination.lifecycle import State
from coordination.models import Attempt, LineComment, Review, Task
from coordination.models.clock import now
from coordination.operations.aftermath import after_end
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.readiness import settle
from coordination.queries.criteria import Judgement, as_task_list


@atomically
def approve(task: Task, *, actor: Actor, comments: str = "", judged: Sequence[Judgement] = ()) -> Review:
    """Accept the result: the task is done. Criteria that are not judged count as met."""
    review = _review(task, State.DONE, actor, _with_verdicts(task, comments, judged))
    after_end(task.pk, task.phase_id, State.DONE)
    return review


@atomically
def request_changes(task: Task, *, actor: Actor, comments: str = "", judged: Sequence[Judgement] = ()) -> Review:
    """Send the task back; the comments are part of the next brief, and so are the open remarks on lines.

    What should change must be said: in the comments, by a criterion that is not met, or by an open remark.
    """
    if not comments.strip() and all(each.met for each in judged):
        comments = _about_remarks(LineComment.objects.open_on(task.pk).count())
    review = _review(task, State.WAITING, actor, _with_verdicts(task, comments, judged))
    settle([task.pk])
    return review


def _about_remarks(count: int) -> str:
    if not count:
        raise Invalid("Say what should change: in words, by a criterion that is not met, or by a remark on a line.", field="comments")
    return "See the remark on a line." if count == 1 else f"See the {count} remarks on lines."


def _with_verdicts(task: Task, comments: str, judged: Sequence[Judgement]) -> str:
    """Put the verdicts below the comments: agents read them in the next brief, and the page as verdicts."""
    return "\n\n".join(part for part in (comments.strip(), as_task_list(task.criteria, judged)) if part)


def _review(task: Task, to: State, actor: Actor, comments: str) -> Review:
    attempt = Attempt.objects.filter(task=task).select_related("agent", "key").order_by("-number").first()
    if attempt is None:
        raise WrongState(f"#{task.pk} has no attempt to review.", state=task.state)
    if actor == attempt.agent.actor or (actor.kind == "key" and actor.id == attempt.key_id):
        raise AuthorMayNotReview(f"{actor.name} wrote this result of #{task.pk}; somebody else must review it.")
    moment = now()
    columns = {"reason": ""} if to is State.DONE else {"reason": f"Changes requested: {comments}"[:500]}
    moved = Task.objects.filter(pk=task.pk, state=State.REVIEW, attempts_made=attempt.number).update(
        state=to, state_since=moment, version=F("version") + 1, **{f"{to}_at": moment}, **columns
    )
    if not moved:
        raise WrongState(f"#{task.pk} does not wait for a review any more.")
    review = Review.objects.create(attempt=attempt, approved=to is State.DONE, comments=comments, reviewer=str(actor), created_at=moment)
    kind = "task.approved" if to is State.DONE else "task.changes_requested"
    record(kind, actor=actor, task=task, attempt_id=attempt.pk, at=moment, attempt=attempt.number, comments=comments[:500])
    return review
