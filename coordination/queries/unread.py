"""Threads of messages by their keys, and which messages a person has not read."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, CharField, Count, Exists, F, Min, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from coordination.models import Message, Project, ReadMark, Task, User

EVERYTHING = ""
EVERYBODY = "everybody"
LOOKED_AT = 500  # the newest messages of a project, of which unread ones are counted: whoever is further behind reads no number


def _key(kind: str, column: str) -> Concat:
    return Concat(Value(f"{kind}-"), Cast(F(column), CharField()), output_field=CharField())


# All that is said about a task is one thread. Else a message is between people and its receiver, or the agent that wrote it;
# what people say to nobody is for everybody.
THREAD = Case(
    When(task__isnull=False, then=_key("task", "task_id")),
    When(to_agent__isnull=False, then=_key("agent", "to_agent_id")),
    When(author_kind="agent", author_id__isnull=False, then=_key("agent", "author_id")),
    default=Value(EVERYBODY),
    output_field=CharField(),
)


def of_thread(project: Project, key: str) -> QuerySet[Message]:
    """Return the messages of a thread; a key that names none finds none."""
    said = Message.objects.filter(project=project)
    kind, _, number = key.partition("-")
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    if key == EVERYTHING:
        return said
    if kind == "task" and pk:
        return said.filter(task=pk)
    alone = said.filter(task=None)
    if kind == "agent" and pk:
        return alone.filter(Q(to_agent=pk) | Q(to_agent=None, author_kind="agent", author_id=pk))
    return alone.filter(to_agent=None).exclude(author_kind="agent", author_id__isnull=False) if key == EVERYBODY else said.none()


def unread(project: Project, reader: User) -> QuerySet[Message]:
    """Return the newest messages that this person has neither written nor read."""
    newest = Message.objects.filter(project=project).order_by("-pk").values("pk")[:LOOKED_AT]
    marks = ReadMark.objects.filter(user=reader, project=project, message__gte=OuterRef("pk"))
    own = Q(author_kind=reader.actor.kind, author_id=reader.pk)
    others = Message.objects.filter(~own, pk__in=newest).alias(its_thread=THREAD).order_by()
    return others.filter(~Exists(marks.filter(Q(thread=EVERYTHING) | Q(thread=OuterRef("its_thread")))))


@dataclass(frozen=True)
class Unread:
    """How many messages of one thread a person has not read, and the oldest of them."""

    count: int
    oldest: int


@dataclass(frozen=True)
class News:
    """What a page of a thread has that is new to its reader: `count` messages, up to `upto`, the newest that is shown.

    `is_whole` says that no other is new and too old to be shown.
    """

    thread: str
    upto: int
    count: int
    is_whole: bool


def telling_new(messages: QuerySet[Message], project: Project, reader: User) -> QuerySet[Message]:
    """Return the messages of a project, each with `is_new`: whether this person has neither written nor read it."""
    return messages.annotate(is_new=Exists(unread(project, reader).filter(pk=OuterRef("pk"))))


def news_of(task: Task, shown: Sequence[Message], *, is_all: bool) -> News | None:
    """Return what is new about a task among the newest messages of it, which telling_new has looked at."""
    new = [message.pk for message in shown if message.is_new]  # type: ignore[attr-defined]  # by telling_new
    if not new:
        return None
    oldest = min(message.pk for message in shown)
    return News(f"task-{task.pk}", max(message.pk for message in shown), len(new), is_all or oldest not in new)


def unread_by_thread(project: Project, reader: User) -> dict[str, Unread]:
    """Return what is new in each thread that has anything new, in one query."""
    counted = unread(project, reader).annotate(thread=THREAD).values("thread").annotate(count=Count("pk"), oldest=Min("pk"))
    return {row["thread"]: Unread(row["count"], row["oldest"]) for row in counted}
