"""The event log as people read it: newest first, with the titles of what each event speaks of."""

from dataclasses import dataclass

from coordination.models import Agent, Event, Phase, Project, Task

PAGE = 50


@dataclass(frozen=True)
class Entry:
    event: Event
    task_title: str
    phase_name: str
    agent_name: str


@dataclass(frozen=True)
class Feed:
    entries: list[Entry]
    before: int | None  # the cursor of the next, older page


def latest_event_id() -> int:
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def feed(project: Project, *, task: Task | None = None, before: int | None = None, kind: str = "") -> Feed:
    """Return a page of what happened in a project, or to one of its tasks."""
    events = Event.objects.filter(project=project)
    if task:
        events = events.filter(task_id=task.pk)
    if before:
        events = events.filter(pk__lt=before)
    if kind:
        events = events.filter(kind__startswith=f"{kind}.")
    page = list(events.order_by("-id")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    titles = dict(Task.objects.filter(pk__in={event.task_id for event in page if event.task_id}).values_list("pk", "title"))
    phases = dict(Phase.objects.filter(pk__in={event.phase_id for event in page if event.phase_id}).values_list("pk", "name"))
    agents = dict(Agent.objects.filter(pk__in={event.agent_id for event in page if event.agent_id}).values_list("pk", "name"))
    entries = [
        Entry(event, titles.get(event.task_id or 0, ""), phases.get(event.phase_id or 0, ""), agents.get(event.agent_id or 0, ""))
        for event in page
    ]
    return Feed(entries, page[-1].pk if more else None)
