"""What a task's pages show beside the task itself."""

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BinaryField, Case, F, Prefetch, Q, QuerySet, When
from django.utils import timezone

from coordination import frontmatter
from coordination.file_rules import INSTRUCTIONS
from coordination.lifecycle import LEASED, State
from coordination.models import Agent, Attempt, Dependency, Event, LateResult, Lease, Message, Question, Task, TaskFile, User
from coordination.queries.agent_titles import with_author_title
from coordination.queries.criteria import Criterion, judged
from coordination.queries.last_step import LastStep, last_step
from coordination.queries.review import ReviewAsked, review_asked
from coordination.queries.standing import Standing, standing
from coordination.queries.unread import News, news_of, telling_new

RECENT_MESSAGES = 20
RECENT_ATTEMPTS = 20
RECENT_EDGES = 200
RECENT_SAVES = 300
ASKS_SOMEBODY = {State.REVIEW, State.BLOCKED}  # their agent was the last to do something
SAVES = ("files.saved", "files.rebuilt")
WORDS = {
    "text/markdown": "Markdown",
    "text/plain": "text",
    "text/csv": "table",
    "application/json": "JSON",
    "application/pdf": "PDF",
    "text/x-python": "Python",
    "application/zip": "archive",
}


@dataclass(frozen=True)
class FileSaved:
    """A file of a task as the list shows it, with who saved it last."""

    path: str
    size: int
    by: str
    by_kind: str
    at: datetime | None

    @property
    def kind(self) -> str:
        """Return what it is in a word, told by its name."""
        guess = mimetypes.guess_type(self.path)[0] or ""
        return WORDS.get(guess) or guess.partition("/")[0] or "file"


@dataclass(frozen=True)
class Documents:
    """The files of a task. `instructions` is None when nothing is written yet; `text` is without the front matter."""

    instructions: str | None
    text: str
    files: Sequence[TaskFile]
    references: list[Standing]

    @property
    def context(self) -> list[TaskFile]:
        return [file for file in self.files if file.path != INSTRUCTIONS]


@dataclass(frozen=True)
class TaskOverview:
    lease: Lease | None
    needs: list[Dependency]
    feeds: list[Dependency]
    attempts: list[Attempt]  # the newest ones, newest first, with their reviews and questions
    criteria: list[Criterion]
    messages: list[Message]
    news: News | None
    has_older_messages: bool
    documents: Documents
    children: list[Task]
    review: ReviewAsked | None
    step: LastStep | None  # the last decision, if it can be taken back

    @property
    def questions(self) -> list[Question]:
        return sorted((question for attempt in self.attempts for question in attempt.questions.all()), key=lambda question: question.pk)

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if question.answered_at is None]

    @property
    def is_urgent(self) -> bool:
        """Whether a person is waited for: that comes before anything else."""
        return bool(self.open_questions) or self.review is not None

    @property
    def answered_questions(self) -> list[Question]:
        return [question for question in self.questions if question.answered_at is not None]

    @property
    def has_more_edges(self) -> bool:
        return len(self.needs) + len(self.feeds) == RECENT_EDGES

    @property
    def lease_ran_out(self) -> bool:
        return self.lease is not None and self.lease.expires_at < timezone.now()

    @property
    def met(self) -> int:
        return sum(bool(each.verdict and each.verdict.met) for each in self.criteria)

    @property
    def newest(self) -> Attempt | None:
        return self.attempts[0] if self.attempts else None

    @property
    def is_judged(self) -> bool:
        return any(each.verdict for each in self.criteria)

    def attempt_with(self, pk: int | None) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.pk == pk), None)


def overview(task: Task, reader: User) -> TaskOverview:
    """Return everything on a task's first page, in a fixed number of queries whatever its size."""
    held = State(task.state) in LEASED
    edges = list(
        Dependency.objects.filter(Q(task=task) | Q(on=task))
        .select_related("task", "on")
        .order_by(Case(When(task=task, then=0), default=1), "id")[:RECENT_EDGES]
    )
    tried = _recent_attempts(task) if task.attempts_made else []
    said = telling_new(with_author_title(task.messages.select_related("to_agent")), task.project, reader)
    newest = list(said.order_by("-id")[: RECENT_MESSAGES + 1])
    shown = newest[RECENT_MESSAGES - 1 :: -1]
    needs = [edge for edge in edges if edge.task_id == task.pk]
    return TaskOverview(
        lease=Lease.objects.select_related("agent", "attempt").filter(task=task).first() if held else None,
        needs=sorted(needs, key=lambda edge: edge.is_satisfied_by(edge.on.state)),  # what it still waits for comes first
        feeds=[edge for edge in edges if edge.on_id == task.pk],
        attempts=tried,
        criteria=judged(task.criteria, tried),
        messages=shown,
        news=news_of(task, shown, is_all=len(newest) <= RECENT_MESSAGES),
        has_older_messages=len(newest) > RECENT_MESSAGES,
        documents=documents(task),
        children=list(task.children.order_by("id")[:RECENT_EDGES]),
        review=review_asked(task, tried[0] if tried else None),
        step=None if State(task.state) in ASKS_SOMEBODY else last_step(task),
    )


def _recent_attempts(task: Task) -> list[Attempt]:
    found = task.attempts.select_related("agent").prefetch_related("reviews", Prefetch("questions", Question.objects.order_by("id")))
    return list(found.defer("told").order_by("-number")[:RECENT_ATTEMPTS])


def documents(task: Task) -> Documents:
    """Return a task's files without their contents, and its instructions with what they refer to."""
    body = Case(When(path=INSTRUCTIONS, then=F("content")), default=None, output_field=BinaryField())
    files = list(task.files.defer("content").annotate(body=body)) if task.head else []
    written = next((bytes(file.body) for file in files if file.path == INSTRUCTIONS), None)
    if written is None:
        return Documents(None, "", files, [])
    source = written.decode("utf-8", "replace")
    try:
        text = frontmatter.parse(source).text
    except frontmatter.BadFrontMatter:
        text = source
    return Documents(source, text, files, standing(task, source))


def saved_files(task: Task, files: Iterable[TaskFile]) -> list[FileSaved]:
    """Return the files with who saved each last, as far back as the log is read."""
    told: dict[str, Event] = {}
    for event in Event.objects.filter(task_id=task.pk, kind__in=SAVES).order_by("-id")[:RECENT_SAVES]:
        for path in event.data.get("files", ()):
            told.setdefault(path, event)
    created = Event(actor_name=task.created_by.partition(":")[2], actor_kind=task.created_by.partition(":")[0], at=task.created_at)
    rows = [(file, told.get(file.path, created)) for file in files]
    return [FileSaved(file.path, file.size, event.actor_name, event.actor_kind, event.at) for file, event in rows]


def attempts(task: Task, *, before: int | None = None) -> list[Attempt]:
    """Return a page of attempts, newest first, with their reviews, late results and questions."""
    late = Prefetch("late_results", queryset=LateResult.objects.order_by("id"))
    found = task.attempts.select_related("agent").prefetch_related("reviews", "questions", late).defer("told")
    return list((found.filter(number__lt=before) if before else found).order_by("-number")[:RECENT_ATTEMPTS])


def agents_to_assign(task: Task) -> list[tuple[Agent, bool]]:
    """Return every agent that is not retired, and whether it could run the task."""
    return [(agent, agent.can_run(task.tier, task.capabilities)) for agent in Agent.objects.filter(retired_at=None)]


def last_change_of(task: Task, name: str) -> Event | None:
    """Return the newest edit of this fact of the task, as far back as a few edits go."""
    edits = Event.objects.filter(task_id=task.pk, kind="task.edited").order_by("-id")[:20]
    return next((event for event in edits if name in event.data.get("changes", {})), None)


def tasks_to_depend_on(task: Task) -> QuerySet[Task]:
    """Return the other tasks of the project that it does not depend on yet."""
    return task.project.tasks.exclude(pk=task.pk).exclude(pk__in=task.dependencies.values("on"))
