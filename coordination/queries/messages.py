"""The communication log of a project in threads, one for each task and each agent, and whom a message can go to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, When

from coordination.models import Agent, Message, MessageAck, Project, Task

PAGE = 50
MOST_THREADS = 60

# Whom a message is between: its receiver, else the agent that wrote it; nobody for what people say to everybody.
PARTNER = Case(
    When(to_agent__isnull=False, then=F("to_agent_id")),
    When(author_kind="agent", then=F("author_id")),
    default=None,
    output_field=BigIntegerField(),
)
READ = Exists(MessageAck.objects.filter(message=OuterRef("pk"), agent=OuterRef("to_agent")))


@dataclass(frozen=True)
class Thread:
    """What was said about a task; or, about none, to and by one agent; or to everybody.

    `unread` counts what the agent it was said to has not acknowledged.
    """

    key: str
    title: str
    last: Message
    count: int
    unread: int
    task: Task | None = None
    agent: Agent | None = None


@dataclass(frozen=True)
class Log:
    messages: list[Message]
    before: int | None  # the cursor of the next, older page
    agents: list[Agent]
    threads: list[Thread] = field(default_factory=list)
    thread: Thread | None = None
    unread: int = 0


def log(project: Project, *, before: int | None = None, thread: str = "") -> Log:
    """Return a page of the messages, newest first, of one thread or of all; six queries."""
    threads = _threads(project)
    chosen = next((each for each in threads if each.key == thread), None)
    said = _of_thread(Message.objects.filter(project=project), chosen)
    if before:
        said = said.filter(pk__lt=before)
    said = said.select_related("task", "to_agent").prefetch_related("acks__agent")
    page = list(said.order_by("-id")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Log(
        messages=page,
        before=page[-1].pk if more else None,
        agents=list(Agent.objects.filter(retired_at=None)),
        threads=threads,
        thread=chosen,
        unread=sum(each.unread for each in threads),
    )


def _of_thread(messages: QuerySet[Message], thread: Thread | None) -> QuerySet[Message]:
    if thread is None:
        return messages
    if thread.task:
        return messages.filter(task=thread.task)
    return messages.filter(task=None).alias(partner=PARTNER).filter(partner=thread.agent.pk if thread.agent else None)


def _threads(project: Project) -> list[Thread]:
    """Return the threads, the one with the newest message first. All that is said about a task is one thread, whoever said it."""
    said = Message.objects.filter(project=project).order_by()
    of_tasks = _counted(said.filter(task__isnull=False).values("task"))
    of_agents = _counted(said.filter(task=None).annotate(partner=PARTNER).values("partner"))
    found: list[Mapping[str, Any]] = [*of_tasks, *of_agents]
    rows = sorted(found, key=lambda row: -row["last"])[:MOST_THREADS]
    lasts = {message.pk: message for message in Message.objects.filter(pk__in=[row["last"] for row in rows])}
    tasks = Task.objects.in_bulk(_given(row.get("task") for row in rows))
    agents = Agent.objects.in_bulk(_given(row.get("partner") for row in rows))
    return [
        _thread(row, lasts[row["last"]], tasks.get(row.get("task") or 0), agents.get(row.get("partner") or 0))
        for row in rows
        if row["last"] in lasts
    ]


def _counted(groups: QuerySet[Message, Any]) -> QuerySet[Message, Any]:
    unread = Count("pk", filter=Q(to_agent__isnull=False) & ~Q(READ))
    return groups.annotate(last=Max("pk"), count=Count("pk"), unread=unread).order_by("-last")[:MOST_THREADS]


def _given(ids: Iterable[int | None]) -> list[int]:
    return [pk for pk in ids if pk]


def _thread(row: Mapping[str, Any], last: Message, task: Task | None, agent: Agent | None) -> Thread:
    if task:
        key, title = f"task-{task.pk}", task.title
    elif agent:
        key, title = f"agent-{agent.pk}", agent.title
    else:
        key, title = "everybody", "Everybody"
    return Thread(key, title, last, row["count"], row["unread"], task, agent)
