"""What git says about a whole project: every version of every task, every push to an attempt, every seal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coordination.errors import Invalid
from coordination.models import Event, Project, Task

KINDS = {"saved": "files.saved", "rebuilt": "files.rebuilt", "pushed": "attempt.pushed", "sealed": "attempt.sealed"}


@dataclass(frozen=True)
class LogEntry:
    """One step: the branch of a task went from `old` to `new`. `attempt` is None for main."""

    id: int
    at: datetime
    kind: str
    task: int
    title: str
    attempt: int | None
    author: str
    old: str
    new: str
    files: list[str]
    message: str


def project_log(project: Project, *, author: str = "", kind: str = "", before: int | None = None, limit: int = 50) -> list[LogEntry]:
    """Return up to `limit` steps, newest first, older than the step `before`; of one author or one kind if these are given."""
    if kind and kind not in KINDS:
        raise Invalid(f"{kind!r} is no kind of step; choose {', '.join(KINDS)}.", field="kind")
    found = Event.objects.filter(project=project, kind__in=[KINDS[kind]] if kind else list(KINDS.values()))
    if author:
        found = found.filter(actor_name=author)
    if before is not None:
        found = found.filter(pk__lt=before)
    events = list(found.order_by("-pk")[:limit])
    titles = dict(Task.objects.filter(pk__in={event.task_id for event in events}).values_list("pk", "title"))
    return _entries(events, titles)


def _entries(events: Sequence[Event], titles: dict[int, str]) -> list[LogEntry]:
    kinds = {value: name for name, value in KINDS.items()}
    return [
        LogEntry(
            id=event.pk,
            at=event.at,
            kind=kinds[event.kind],
            task=event.task_id or 0,
            title=titles.get(event.task_id or 0, ""),
            attempt=_of(event, "attempt", None),
            author=event.actor_name,
            old=_of(event, "old", ""),
            new=_of(event, "new", ""),
            files=_of(event, "files", []),
            message=_of(event, "message", ""),
        )
        for event in events
    ]


def _of(event: Event, name: str, default: Any) -> Any:
    return event.data.get(name, default)
