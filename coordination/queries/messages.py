"""The communication log of a project in threads, one for each task and each agent, and whom a message can go to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q

from coordination.models import Agent, Message, MessageAck, Project, Task, User
from coordination.queries.unread import EVERYBODY, EVERYTHING, THREAD, Unread, of_thread, unread_by_thread

PAGE = 50
MOST_THREADS = 60
RECENT = 3_000  # messages among which the threads are found; an older one is reached from its task or its agent
READ = Exists(MessageAck.objects.filter(message=OuterRef("pk"), agent=OuterRef("to_agent")))


@dataclass(frozen=True)
class Thread:
    """What was said about a task; or, about none, to and by one agent; or to everybody.

    `unread` counts what the reader has not seen, `waiting` what the agent it was said to has not acknowledged.
    """

    key: str
    title: str
    last: Message | None = None
    unread: int = 0
    waiting: int = 0
    task: Task | None = None
    agent: Agent | None = None


@dataclass(frozen=True)
class Shown:
    """What of a thread, or of all, the reader sees: `upto` is the newest message, `since` the last one that was read before.

    `is_whole` says that nothing unread stands on an older page, so that the reader has seen all up to `upto`.
    """

    thread: str
    upto: int
    since: int
    is_whole: bool


@dataclass(frozen=True)
class Log:
    messages: list[Message]
    before: int | None  # the cursor of the next, older page
    agents: list[Agent]
    shown: Shown
    threads: list[Thread] = field(default_factory=list)
    thread: Thread | None = None
    unread: int = 0
    line: int | None = None  # the oldest message that is new, where the line to those read before stands on this page


@dataclass(frozen=True)
class Place:
    """Which part of a log is asked for: the page before a message, of a thread; what was read and what was newest when it was opened."""

    before: int | None = None
    thread: str = EVERYTHING
    since: int | None = None
    upto: int | None = None


def log(project: Project, place: Place, *, reader: User) -> Log:
    """Return a page of the messages, newest first, of one thread or of all; seven queries."""
    news = unread_by_thread(project, reader)
    threads = _threads(project, news)
    chosen = next((each for each in threads if each.key == place.thread), None) or _older_thread(project, place.thread)
    key = chosen.key if chosen else EVERYTHING
    said = of_thread(project, key)
    if place.before:
        said = said.filter(pk__lt=place.before)
    said = said.select_related("task", "to_agent").prefetch_related("acks__agent")
    page = list(said.order_by("-id")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    shown = _shown(place, key, page, [news[key]] if key in news else [] if key else list(news.values()), is_last=not more)
    return Log(
        messages=page,
        before=page[-1].pk if more else None,
        agents=list(Agent.objects.filter(retired_at=None)),
        shown=shown,
        threads=threads,
        thread=chosen,
        unread=sum(each.count for each in news.values()),
        line=_line(page, shown.since, reader),
    )


def _line(page: list[Message], since: int, reader: User) -> int | None:
    new = [message for message in page if message.pk > since]
    is_news = any((message.author_kind, message.author_id) != (reader.actor.kind, reader.pk) for message in new)
    return new[-1].pk if is_news and len(new) < len(page) else None


def _shown(place: Place, key: str, page: list[Message], news: list[Unread], *, is_last: bool) -> Shown:
    newest = place.upto if place.before and place.upto else page[0].pk if page else 0
    oldest = min((each.oldest for each in news), default=newest + 1)
    is_whole = is_last or (bool(page) and page[-1].pk <= oldest)
    return Shown(key, newest, oldest - 1 if place.since is None else place.since, is_whole)


def _threads(project: Project, news: Mapping[str, Unread]) -> list[Thread]:
    """Return the threads of the newest messages, the one that was spoken in last first."""
    recent = Message.objects.filter(project=project).order_by("-pk").values("pk")[:RECENT]
    waiting = Count("pk", filter=Q(to_agent__isnull=False) & ~Q(READ))
    counted = Message.objects.filter(pk__in=recent).order_by().annotate(thread=THREAD).values("thread")
    rows = list(counted.annotate(last=Max("pk"), waiting=waiting).order_by("-last")[:MOST_THREADS])
    lasts = {message.pk: message for message in Message.objects.filter(pk__in=[row["last"] for row in rows])}
    tasks = Task.objects.in_bulk(_numbers(rows, "task"))
    agents = Agent.objects.in_bulk(_numbers(rows, "agent"))
    return [_thread(row, lasts.get(row["last"]), tasks, agents, news.get(row["thread"])) for row in rows]


def _numbers(rows: Iterable[Mapping[str, Any]], kind: str) -> list[int]:
    return [int(row["thread"].partition("-")[2]) for row in rows if row["thread"].startswith(f"{kind}-")]


def _thread(
    row: Mapping[str, Any], last: Message | None, tasks: Mapping[int, Task], agents: Mapping[int, Agent], news: Unread | None
) -> Thread:
    key: str = row["thread"]
    kind, _, number = key.partition("-")
    task = tasks.get(int(number)) if kind == "task" else None
    agent = agents.get(int(number)) if kind == "agent" else None
    return Thread(key, _title(task, agent, key), last, news.count if news else 0, row["waiting"], task, agent)


def _title(task: Task | None, agent: Agent | None, key: str) -> str:
    if task:
        return task.title
    return agent.title if agent else "Everybody" if key == EVERYBODY else "An agent that is gone"


def _older_thread(project: Project, key: str) -> Thread | None:
    """Return the thread of this key if there is one, though nobody spoke in it lately."""
    last = of_thread(project, key).select_related("task", "to_agent").order_by("-pk").first() if key else None
    if last is None:
        return None
    agent = last.to_agent or Agent.objects.filter(pk__in=_numbers([{"thread": key}], "agent")).first()
    return Thread(key, _title(last.task, agent, key), last, task=last.task, agent=agent)
