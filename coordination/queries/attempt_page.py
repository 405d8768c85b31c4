"""One attempt with everything about it: what was handed out, what it said while it ran, and what came of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from coordination.errors import MusterError, NotFound
from coordination.models import Attempt, Event, LateResult, Lease, Message, Task
from coordination.queries.criteria import Criterion, judged
from coordination.queries.repositories import store, translated
from coordination.queries.sealing import AUDITS
from repo_store import Diff

LONGEST_LOG = 500  # entries: the newest of them
TOLD_APART = ("message.said", "files.saved")
TOKENS = {
    "input_tokens": "Tokens read",
    "cache_read_input_tokens": "of them from a cache",
    "output_tokens": "Tokens written",
    "num_turns": "Turns",
    "turns": "Turns",
    "duration_ms": "Time at work",
    "duration_api_ms": "of it waiting for the model",
    "session_id": "Session",
    "measured": "Measured",
}


@dataclass(frozen=True)
class LogLine:
    """A moment of an attempt: `kind` is an event's kind, or `message` for what was said."""

    at: datetime
    by: str
    kind: str
    text: str = ""


@dataclass(frozen=True)
class Used:
    name: str
    words: str
    value: Any

    @property
    def is_duration(self) -> bool:
        return self.name.endswith("_ms")

    @property
    def seconds(self) -> float:
        return float(self.value) / 1000 if isinstance(self.value, int | float) else 0.0


@dataclass(frozen=True)
class AttemptPage:
    attempt: Attempt
    numbers: list[int]
    lease: Lease | None
    log: list[LogLine]
    criteria: list[Criterion]
    usage: list[Used]
    fields: dict[str, str]  # the data of the result, each as text
    audit: str  # as JSON, "" without one
    changed: Diff | None  # from the version handed out to today's, None when nothing changed or nothing was handed out
    rerun_is_set: bool

    @property
    def before(self) -> int | None:
        return max((number for number in self.numbers if number < self.attempt.number), default=None)

    @property
    def after(self) -> int | None:
        return min((number for number in self.numbers if number > self.attempt.number), default=None)


def find_late_result(task: Task, late_id: int) -> LateResult:
    result = LateResult.objects.filter(pk=late_id, attempt__task=task).first()
    if result is None:
        raise NotFound(f"#{task.pk} has no late result {late_id}.")
    return result


def attempt_page(task: Task, number: int) -> AttemptPage | None:
    """Return the attempt of this number with its page's content, None if there is none."""
    late = Prefetch("late_results", LateResult.objects.order_by("id"))
    found = task.attempts.select_related("agent").prefetch_related("reviews", "questions", late)
    attempt = found.filter(number=number).first() if number < 2**31 else None
    if attempt is None:
        return None
    attempt.task = task
    data = attempt.result_data if isinstance(attempt.result_data, dict) else {}
    return AttemptPage(
        attempt=attempt,
        numbers=list(task.attempts.order_by("number").values_list("number", flat=True)),
        lease=None if attempt.finished_at else Lease.objects.filter(attempt=attempt).first(),
        log=_log(task, attempt),
        criteria=judged(attempt.told.get("criteria") or task.criteria, [attempt]),
        usage=usage_of(attempt),
        fields={name: _as_text(value) for name, value in data.items() if name not in AUDITS},
        audit=next((_as_text(data[name]) for name in AUDITS if name in data), ""),
        changed=_changed(task, attempt),
        rerun_is_set=task.rerun_of_id == attempt.pk,
    )


def _log(task: Task, attempt: Attempt) -> list[LogLine]:
    events = Event.objects.filter(task_id=task.pk, attempt_id=attempt.pk).exclude(kind__in=TOLD_APART).order_by("-id")[:LONGEST_LOG]
    messages = Message.objects.filter(attempt=attempt).order_by("-id")[:LONGEST_LOG]
    lines = [*(LogLine(each.at, each.actor_name, each.kind, _said(each)) for each in events)]
    lines += [LogLine(each.created_at, each.author, "message", each.text) for each in messages]
    return sorted(lines, key=lambda line: line.at)[-LONGEST_LOG:]


def _said(event: Event) -> str:
    """Return what an event has to say in words, for the log."""
    data = event.data
    percent = f"{data['percent']} %" if data.get("percent") is not None else ""
    words = (data.get(name) for name in ("note", "text", "reason", "error", "comments"))
    return ": ".join(part for part in (percent, next((str(each) for each in words if each), "")) if part)


def usage_of(attempt: Attempt) -> list[Used]:
    """Return what an attempt used, the known figures first and in words."""
    usage: dict[str, Any] = attempt.usage
    known = [name for name in TOKENS if usage.get(name) is not None]
    others = [name for name in usage if name not in TOKENS and usage[name] is not None]
    return [Used(name, TOKENS.get(name, name.replace("_", " ").capitalize()), usage[name]) for name in (*known, *others)]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _changed(task: Task, attempt: Attempt) -> Diff | None:
    if not attempt.commit or attempt.commit == task.head:
        return None
    try:
        with translated():
            return store().diff(task.pk, attempt.commit, task.head)
    except MusterError:
        return None
