"""The event log as people read it: newest first, with the titles of what each event speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from coordination.models import Agent, Attempt, Event, Phase, Project, Task

PAGE = 50
MOST_NEWS = 100  # counted; more are "100 or more"
MOST_ACTORS = 40
RECENT = 2_000  # events in which those who act are looked for
MOST_COUNTED = 10_000
MOST_CHANGES = 4
# What a task waits for, by the last thing that the log says of it. What an agent does with it is no waiting.
STAYS: dict[str, tuple[str, ...]] = {
    "held": (
        "task.created",
        "task.held",
        "task.released",
        "task.expired",
        "task.answered",
        "task.changes_requested",
        "task.requeued",
        "task.put_back",
    ),
    "queue": ("task.queued",),
    "retry": ("task.retrying",),
    "answer": ("task.asked", "task.asks_again"),
    "review": ("task.submitted", "task.review_reopened"),
    "work": ("task.claimed",),
}
GOES_ON = {"task.started": "work"}  # the same stay, told by another event
LONGEST_VALUE = 40  # characters of an old or new value that stands in the line
MOST_OF_VALUE = 2_000  # characters of a longer one, which is opened


@dataclass(frozen=True)
class Change:
    """One field of an edit."""

    name: str
    old: str
    new: str

    @property
    def is_long(self) -> bool:
        """Whether it does not fit the line, and is opened to be read."""
        return max(len(self.old), len(self.new)) > LONGEST_VALUE


@dataclass(frozen=True)
class Entry:
    event: Event
    task_title: str
    phase_name: str
    agent_name: str
    attempt: int | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The day in the reader's time zone."""
        return timezone.localdate(self.event.at)


@dataclass(frozen=True)
class Feed:
    entries: list[Entry]
    before: int | None  # the cursor of the next, older page
    newest: int = 0  # the newest event of this page


@dataclass(frozen=True)
class Wanted:
    """What of the log is asked for: `kind` is the word before the dot, `actor` a kind of actor or `kind:name`.

    `stay` asks for the events with which a task began to wait for that reason, or to be worked on.
    """

    kind: str = ""
    actor: str = ""
    task: int | None = None
    phase: int | None = None
    stay: str = ""
    since: datetime | None = None
    before: datetime | None = None

    @property
    def is_narrow(self) -> bool:
        return any((self.kind, self.actor, self.task, self.phase, self.stay, self.since, self.before))

    def of(self, project: Project) -> QuerySet[Event]:
        events = Event.objects.filter(project=project)
        if self.kind:
            events = events.filter(kind__startswith=f"{self.kind}.")
        if self.stay:
            events = events.filter(kind__in=STAYS[self.stay])
        if self.since:
            events = events.filter(at__gte=self.since)
        if self.before:
            events = events.filter(at__lt=self.before)
        if self.actor:
            kind, _, name = self.actor.partition(":")
            events = events.filter(actor_kind=kind, **({"actor_name": name} if name else {}))
        if self.task:
            events = events.filter(task_id=self.task)
        return events.filter(phase_id=self.phase) if self.phase else events


def latest_event_id() -> int:
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def feed(project: Project, *, task: Task | None = None, before: int | None = None, kind: str = "", wanted: Wanted | None = None) -> Feed:
    """Return a page of what happened in a project, or to one of its tasks."""
    events = (wanted or Wanted(kind=kind, task=task.pk if task else None)).of(project)
    if before:
        events = events.filter(pk__lt=before)
    page = list(events.order_by("-id")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Feed(entries_of(page), page[-1].pk if more else None, page[0].pk if page else 0)


def news(project: Project, wanted: Wanted, *, after: int) -> int:
    """Return how many events a page that begins with event `after` does not show yet, MOST_NEWS at most."""
    return wanted.of(project).filter(pk__gt=after)[:MOST_NEWS].count()


def count_of(project: Project, wanted: Wanted) -> int:
    """Return how many events a filter leaves, MOST_COUNTED at most."""
    return wanted.of(project)[:MOST_COUNTED].count()


def actors_of(project: Project) -> list[str]:
    """Return who acted lately, each as kind:name, people first."""
    recent = Event.objects.filter(project=project).order_by("-id").values_list("actor_kind", "actor_name")[:RECENT]
    order = {"person": 0, "agent": 1, "key": 2}
    found = sorted(set(recent), key=lambda actor: (order.get(actor[0], 3), actor[1]))
    return [f"{kind}:{name}" for kind, name in found[:MOST_ACTORS]]


def entries_of(events: Iterable[Event]) -> list[Entry]:
    """Return the events with the titles of what they speak of, in four queries at most however many they are."""
    events = list(events)
    # Only what happens to a phase or an agent is told with its name; most pages hold no such event and cost no query for it.
    of_phases = {event.phase_id for event in events if event.phase_id and event.kind.startswith("phase.")}
    of_agents = {event.agent_id for event in events if event.agent_id and event.kind.startswith("agent.")}
    titles = dict(Task.objects.filter(pk__in={event.task_id for event in events if event.task_id}).values_list("pk", "title"))
    phases = dict(Phase.objects.filter(pk__in=of_phases).values_list("pk", "name"))
    agents = {agent.pk: agent.title for agent in Agent.objects.filter(pk__in=of_agents).only("name", "display_name")}
    attempts = dict(Attempt.objects.filter(pk__in={event.attempt_id for event in events if event.attempt_id}).values_list("pk", "number"))
    return [
        Entry(
            event,
            titles.get(event.task_id or 0, ""),
            phases.get(event.phase_id or 0, ""),
            agents.get(event.agent_id or 0, ""),
            attempts.get(event.attempt_id or 0),
            _changes(event.data),
        )
        for event in events
    ]


def _changes(data: dict[str, Any]) -> list[Change]:
    changes = data.get("changes")
    if not isinstance(changes, dict):
        return []
    pairs = [(name, pair) for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2]
    return [Change(name.replace("_", " "), _short(old), _short(new)) for name, (old, new) in pairs[:MOST_CHANGES]]


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "none" if value in (None, "") else str(value)
    text = " ".join(text.split()) or "none"
    return text if len(text) <= MOST_OF_VALUE else f"{text[: MOST_OF_VALUE - 1]}…"
