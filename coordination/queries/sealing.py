"""What an attempt leaves in its task's repository: the files of its sealing commit. The same attempt always gives the same bytes."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from coordination.errors import MusterError
from coordination.lifecycle import Outcome
from coordination.models import Attempt, Event, LateResult
from coordination.queries.brief import brief_of
from coordination.queries.brief_text import as_markdown

RESULT, REPORT, AUDIT, EVENTS, BRIEF = "result.json", "report.md", "audit.json", "events.jsonl", "brief.md"
RECORD = {RESULT, REPORT, AUDIT, EVENTS, BRIEF}  # what the server writes of an attempt, beside what its agent pushed
SUCCEEDED = (Outcome.DONE, Outcome.SUBMITTED)
# What is said about an attempt after it was sealed.
LATER = ("attempt.sealed", "attempt.late")
AUDITS = ("audit", "verdict")  # where the data of a result may hold an audit
TOKENS = ("input_tokens", "cache_read_input_tokens", "output_tokens")


def sealed_files(attempt: Attempt) -> dict[str, bytes]:
    """Return the files that seal a finished attempt, by name; `result.json` holds the digests of the others."""
    files = {BRIEF: _brief(attempt), EVENTS: _events(attempt)}
    if attempt.report:
        files[REPORT] = _text(attempt.report)
    if audit := next((attempt.result_data[name] for name in AUDITS if name in attempt.result_data), None):
        files[AUDIT] = _json(audit)
    succeeded = attempt.outcome in SUCCEEDED
    told = _result(attempt, attempt.result, attempt.error or ("" if succeeded else attempt.reason), succeeded, attempt.finished_at)
    told |= _cost(attempt.usage, attempt.cost_usd) | {"outcome": attempt.outcome, "data": attempt.result_data, "files": _digests(files)}
    return files | {RESULT: _json(told)}


def late_files(late: LateResult) -> dict[str, bytes]:
    """Return the files that seal a result that came too late, beside those of its attempt."""
    number = LateResult.objects.filter(attempt=late.attempt_id, pk__lt=late.pk).count() + 1
    files = {f"late-{number}-{REPORT}": _text(late.report)} if late.report else {}
    told = _result(late.attempt, late.result, late.error, late.succeeded, late.received_at)
    told |= _cost(late.usage, None) | {"outcome": "late", "why_late": late.why_late, "data": late.result_data, "files": _digests(files)}
    return files | {f"late-{number}.json": _json(told)}


def message_of(attempt: Attempt, late: LateResult | None = None) -> str:
    """Return the message of a sealing commit: a sentence, and trailers that a program may read."""
    title = f"Late result of attempt {attempt.number}" if late else f"Attempt {attempt.number}"
    trailers = {
        "Muster-Task": attempt.task_id,
        "Muster-Attempt": attempt.number,
        "Muster-Agent": attempt.agent.name,
        "Muster-Fence": attempt.fence,
        "Muster-Instructions": attempt.commit or "none",
        "Muster-Outcome": "late" if late else attempt.outcome,
    }
    lines = "\n".join(f"{name}: {value}" for name, value in trailers.items())
    return f"{title} by {attempt.agent.name}: {late.why_late if late else attempt.outcome}\n\n{lines}\n"


def _result(attempt: Attempt, output: str, error: str, succeeded: bool, ended: datetime | None) -> dict[str, Any]:
    return {
        "success": succeeded,
        "output": output,
        "error": error,
        "task_id": attempt.task_id,
        "started_at": _moment(attempt.started_at or attempt.claimed_at),
        "completed_at": _moment(ended),
        "attempt": attempt.number,
        "agent": attempt.agent.name,
        "fence": attempt.fence,
        "instruction_commit": attempt.commit,
        "pushed_commit": attempt.tip if attempt.tip != attempt.sealed_commit else "",
        "reason_class": attempt.reason_class,
        "reason": attempt.reason,
    }


def _cost(usage: Mapping[str, Any], cost: Any) -> dict[str, Any]:
    return {
        "duration_ms": usage.get("duration_ms"),
        "duration_api_ms": usage.get("duration_api_ms"),
        "total_cost_usd": None if cost is None else float(cost),
        "usage": {name: usage.get(name) for name in TOKENS},
        "session_id": usage.get("session_id"),
        "num_turns": usage.get("num_turns"),
        "measured": usage.get("measured"),
    }


def _brief(attempt: Attempt) -> bytes:
    try:
        return as_markdown(brief_of(attempt)).encode("utf-8", "replace")
    except MusterError as refusal:
        return f"The brief of this attempt cannot be composed any more: {refusal.sentence}\n".encode()


def _events(attempt: Attempt) -> bytes:
    found = Event.objects.filter(task_id=attempt.task_id, attempt_id=attempt.pk).exclude(kind__in=LATER).order_by("id")
    if attempt.finished_at:
        found = found.filter(at__lte=attempt.finished_at)
    return b"".join(_line(event) for event in found)


def _line(event: Event) -> bytes:
    told = {
        "id": event.pk,
        "at": _moment(event.at),
        "kind": event.kind,
        "actor": f"{event.actor_kind}:{event.actor_name}",
        "data": event.data,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "replace") + b"\n"


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in sorted(files.items())}


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=2, default=str).encode("utf-8", "replace") + b"\n"


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace") + (b"" if text.endswith("\n") else b"\n")


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def unsealed_late(attempts: Iterable[int]) -> list[LateResult]:
    """Return the late results of these attempts that are not sealed yet, in the order in which they came."""
    return list(LateResult.objects.filter(attempt__in=list(attempts), sealed_commit="").order_by("pk"))
