"""What a task's pages show beside the task itself."""

from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone

from coordination.models import Agent, Attempt, Dependency, LateResult, Lease, Message, Question, Task, TaskFile

INSTRUCTIONS = "instructions.md"
RECENT_MESSAGES = 50


@dataclass(frozen=True)
class TaskOverview:
    lease: Lease | None
    needs: list[Dependency]
    feeds: list[Dependency]
    questions: list[Question]
    messages: list[Message]
    files: list[TaskFile]
    instructions: str | None  # None: not written yet

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if question.answered_at is None]

    @property
    def lease_ran_out(self) -> bool:
        return self.lease is not None and self.lease.expires_at < timezone.now()

    @property
    def context(self) -> list[TaskFile]:
        return [file for file in self.files if file.path != INSTRUCTIONS]


def overview(task: Task) -> TaskOverview:
    """Return everything on a task's first page; seven queries, whatever its size."""
    files = list(task.files.defer("content"))
    written = task.files.filter(path=INSTRUCTIONS).first() if any(file.path == INSTRUCTIONS for file in files) else None
    newest = task.messages.order_by("-id")[:RECENT_MESSAGES]
    return TaskOverview(
        lease=Lease.objects.select_related("agent", "attempt").filter(task=task).first(),
        needs=list(task.dependencies.select_related("on").order_by("id")),
        feeds=list(task.dependents.select_related("task").order_by("id")[:50]),
        questions=list(task.questions.select_related("attempt__agent")),
        messages=list(reversed(newest)),
        files=files,
        instructions=written.text if written else None,
    )


def attempts(task: Task) -> list[Attempt]:
    """Return every attempt, newest first, with its reviews, late results and questions."""
    return list(
        task.attempts.select_related("agent")
        .prefetch_related("reviews", "questions", Prefetch("late_results", queryset=LateResult.objects.order_by("id")))
        .order_by("-number")
    )


def agents_to_assign(task: Task) -> list[tuple[Agent, bool]]:
    """Return every agent that is not retired, and whether it could run the task."""
    return [(agent, agent.can_run(task.tier, task.capabilities)) for agent in Agent.objects.filter(retired_at=None)]


def tasks_to_depend_on(task: Task, limit: int = 200) -> list[Task]:
    """Return tasks of the same project that it does not depend on yet, newest first."""
    taken = task.dependencies.values("on")
    others = task.project.tasks.exclude(pk=task.pk).exclude(pk__in=taken).only("id", "title", "phase_id", "state")
    return list(others.order_by("-id")[:limit])
