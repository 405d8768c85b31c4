"""Answering what agents ask."""

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import Invalid, WrongState
from coordination.lifecycle import State
from coordination.models import Question, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.readiness import settle


@atomically
def answer(task: Task, text: str, *, actor: Actor) -> Question:
    """Answer the open question of a blocked task and queue it; the answer is part of the next brief."""
    if not text.strip():
        raise Invalid("Write an answer.", field="text")
    moment = now()
    question = Question.objects.filter(task=task, answered_at=None).order_by("-pk").first()
    moved = Task.objects.filter(pk=task.pk, state=State.BLOCKED).update(
        state=State.WAITING, state_since=moment, waiting_at=moment, reason="", version=F("version") + 1
    )
    if not moved or question is None:
        raise WrongState(f"#{task.pk} asks nothing at the moment.")
    Question.objects.filter(pk=question.pk).update(answer=text, answered_by=str(actor), answered_at=moment)
    record("task.answered", actor=actor, task=task, attempt_id=question.attempt_id, at=moment, question=question.pk, text=text[:500])
    settle([task.pk])
    question.refresh_from_db()
    return question
