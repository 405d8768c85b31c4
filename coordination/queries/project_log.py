"""What git says about a whole project: every version of every task, every push to an attempt, every seal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from coordination.errors import Invalid
from coordination.models import Attempt, Event, Project, Task

AUTHOR_KINDS = ("person", "agent", "key", "system")
MOST_AUTHORS = 100
KINDS = {"saved": "files.saved", "rebuilt": "files.rebuilt", "pushed": "attempt.pushed", "sealed": "attempt.sealed"}


@dataclass(frozen=True)
class LogEntry:
    """One step: the branch of a task went from `old` to `new`. `attempt` is None for main.

    `base` is what to compare `new` with: the first push of an attempt has no `old`, and what it brought is told from the version
    that the attempt was handed.
    """

    id: int
    at: datetime
    kind: str
    task: int
    title: str
    attempt: int | None
    author: str
    author_kind: str
    old: str
    new: str
    files: list[str]
    message: str
    base: str = ""


def project_log(
    project: Project, *, author: str = "", author_kind: str = "", kind: str = "", path: str = "", before: int | None = None, limit: int = 50
) -> list[LogEntry]:
    """Return up to `limit` steps, newest first, older than the step `before`.

    `author` is a name, `author_kind` one of AUTHOR_KINDS, `kind` one of KINDS, `path` a part of a file's name.
    """
    if kind and kind not in KINDS:
        raise Invalid(f"{kind!r} is no kind of step; choose {', '.join(KINDS)}.", field="kind")
    if author_kind and author_kind not in AUTHOR_KINDS:
        raise Invalid(f"{author_kind!r} is no kind of author; choose {', '.join(AUTHOR_KINDS)}.", field="author_kind")
    if "\0" in author + path:  # which PostgreSQL refuses to look for, and no name has
        return []
    found = _steps(project, kind)
    if author:
        found = found.filter(actor_name=author)
    if author_kind:
        found = found.filter(actor_kind=author_kind)
    if path:
        # The names are in JSON, which one database keeps with escapes and the other without.
        escaped = json.dumps(path)[1:-1]
        found = found.filter(Q(data__files__icontains=path) | Q(data__files__icontains=escaped))
    if before is not None:
        found = found.filter(pk__lt=before)
    events = list(found.order_by("-pk")[:limit])
    titles = dict(Task.objects.filter(pk__in={event.task_id for event in events}).values_list("pk", "title"))
    return _entries(events, titles)


def authors(project: Project) -> list[str]:
    """Return who has taken a step in this project, by name."""
    return list(_steps(project, "").order_by("actor_name").values_list("actor_name", flat=True).distinct()[:MOST_AUTHORS])


def _steps(project: Project, kind: str) -> QuerySet[Event]:
    return Event.objects.filter(project=project, kind__in=[KINDS[kind]] if kind else list(KINDS.values()))


def _entries(events: Sequence[Event], titles: dict[int, str]) -> list[LogEntry]:
    kinds = {value: name for name, value in KINDS.items()}
    firsts = {event.attempt_id for event in events if event.attempt_id and not _of(event, "old", "")}
    began = dict(Attempt.objects.filter(pk__in=firsts).values_list("pk", "commit")) if firsts else {}
    return [
        LogEntry(
            id=event.pk,
            at=event.at,
            kind=kinds[event.kind],
            task=event.task_id or 0,
            title=titles.get(event.task_id or 0, ""),
            attempt=_of(event, "attempt", None),
            author=event.actor_name,
            author_kind=event.actor_kind,
            old=_of(event, "old", ""),
            new=_of(event, "new", ""),
            files=_of(event, "files", []),
            message=_of(event, "message", ""),
            base=_of(event, "old", "") or began.get(event.attempt_id or 0, ""),
        )
        for event in events
    ]


def _of(event: Event, name: str, default: Any) -> Any:
    return event.data.get(name, default)
