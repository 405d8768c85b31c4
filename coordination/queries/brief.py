"""The brief: everything that a worker with no prior knowledge needs, exactly as one attempt was given it."""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from coordination import frontmatter
from coordination.lifecycle import heartbeat_every
from coordination.models import Attempt, LineComment, Question, Review, Task
from coordination.models.prepared import Prepared
from coordination.models.sql import planned
from coordination.queries.references import pins_for, references_in, resolve
from coordination.queries.repositories import store, translated

INSTRUCTIONS = "instructions.md"
# A part of the answer to every claim.
FILES = "SELECT path, content FROM coordination_taskfile WHERE task_id = %(task)s"
REMARKS = Prepared(lambda task: LineComment.objects.filter(task=task).order_by("pk"), sample=-8_765_432_109)


@dataclass(frozen=True)
class ContextItem:
    """A file to read first. `text` for UTF-8, else `base64`; `problem` says why there is neither."""

    name: str
    source: str
    text: str | None = None
    base64: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class NeededResult:
    """What a task that this one waited for brought."""

    task: int
    title: str
    attempt: int
    outcome: str
    result: str
    report: str
    data: dict[str, Any]


@dataclass(frozen=True)
class EarlierAttempt:
    """How an earlier attempt at the same task ended, and what reviewers said."""

    number: int
    agent: str
    outcome: str
    reason: str
    result: str
    error: str
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Remark:
    """What a person remarked on a line of a file, in the version `commit`; `quoted` is the line.

    `attempt` is the one whose work the file is, None for a file of the task itself.
    """

    path: str
    line: int
    commit: str
    quoted: str
    text: str
    by: str
    attempt: int | None = None


@dataclass(frozen=True)
class Answered:
    """A question of an earlier attempt and a person's answer."""

    question: str
    answer: str
    by: str


@dataclass(frozen=True)
class Brief:
    """All of it. `commit` is the version of the task's repository that was handed out, "" when it has no files."""

    task: int
    title: str
    project: str
    phase: str
    kind: str
    tier: str
    priority: int
    labels: list[str]
    attempt: int
    agent: str
    commit: str
    handed_out_at: datetime | None
    timeout: int | None
    objective: str
    criteria: list[str]
    instructions: str
    context: list[ContextItem]
    results: list[NeededResult]
    earlier_attempts: list[EarlierAttempt]
    answers: list[Answered]
    comments: list[Remark]
    report: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def brief_of(attempt: Attempt) -> Brief:
    """Return the brief of an attempt as it was handed out, whatever changed since."""
    task = attempt.task
    told = attempt.told
    return _brief(task, told, _files_at(task, attempt.commit), attempt)


def draft_brief(task: Task) -> Brief:
    """Return the brief that the next attempt would get if it were claimed now."""
    pins = pins_for({task.pk: task.head})[task.pk]
    names = ("title", "objective", "criteria", "kind", "tier", "priority", "labels", "timeout")
    told = {**{name: getattr(task, name) for name in names}, "phase": task.phase.name, **pins}
    return _brief(task, told, _files_at(task, task.head), None)


def _files_at(task: Task, commit: str) -> dict[str, bytes]:
    if not commit:
        return {}
    if commit == task.head:
        return {path: bytes(content) for path, content in planned(FILES, {"task": task.pk})}
    with translated():
        return store().read_files(task.pk, commit)


def _brief(task: Task, told: dict[str, Any], files: dict[str, bytes], attempt: Attempt | None) -> Brief:
    source = files.pop(INSTRUCTIONS, b"").decode(errors="replace")
    earlier = _earlier(task, attempt)
    return Brief(
        task=task.pk,
        title=told["title"],
        project=task.project.slug,
        phase=told["phase"],
        kind=told["kind"],
        tier=told["tier"],
        priority=told["priority"],
        labels=told["labels"],
        attempt=attempt.number if attempt else task.attempts_made + 1,
        agent=attempt.agent.name if attempt else "",
        commit=attempt.commit if attempt else task.head,
        handed_out_at=attempt.claimed_at if attempt else None,
        timeout=told["timeout"],
        objective=told["objective"],
        criteria=told["criteria"],
        instructions=_without_settings(source),
        context=[
            *(_item(name, content, f"{name} of this task") for name, content in sorted(files.items())),
            *_referenced(task, source, told.get("references", {})),
        ],
        results=_results(told.get("needs", [])),
        earlier_attempts=_told_of(earlier),
        answers=_answers(earlier),
        comments=_remarks(task, attempt),
        report=how_to_report(task.pk, task.project.lease_ttl),
    )


def _without_settings(source: str) -> str:
    try:
        return frontmatter.parse(source).text
    except frontmatter.BadFrontMatter:
        return source


def _item(name: str, content: bytes | None, source: str, problem: str = "") -> ContextItem:
    if content is None:
        return ContextItem(name, source, problem=problem)
    try:
        return ContextItem(name, source, text=content.decode("utf-8"))
    except UnicodeDecodeError:
        return ContextItem(name, source, base64=base64.b64encode(content).decode())


def _referenced(task: Task, source: str, pinned: dict[str, Any]) -> list[ContextItem]:
    found = [resolve(reference, task.project_id, pinned) for reference in references_in(source)]
    return [_item(each.reference, each.content, each.source, each.problem) for each in found]


def _results(needs: Sequence[Sequence[int]]) -> list[NeededResult]:
    attempts = Attempt.objects.filter(pk__in=[attempt for _, attempt in needs]).select_related("task").order_by("task_id") if needs else []
    return [
        NeededResult(each.task_id, each.task.title, each.number, each.outcome, each.result, each.report, each.result_data)
        for each in attempts
    ]


def _earlier(task: Task, attempt: Attempt | None) -> list[Attempt]:
    if (attempt and attempt.number == 1) or (attempt is None and not task.attempts_made):
        return []
    before = Attempt.objects.filter(task=task).select_related("agent").order_by("number")
    return list(before.filter(number__lt=attempt.number) if attempt else before)


def _told_of(earlier: Sequence[Attempt]) -> list[EarlierAttempt]:
    comments: dict[int, list[str]] = {}
    for review in Review.objects.filter(attempt__in=earlier).order_by("pk") if earlier else ():
        if review.comments:
            comments.setdefault(review.attempt_id, []).append(review.comments)
    return [
        EarlierAttempt(each.number, each.agent.name, each.outcome, each.reason, each.result, each.error, comments.get(each.pk, []))
        for each in earlier
    ]


def _remarks(task: Task, attempt: Attempt | None) -> list[Remark]:
    """Return what people remarked on lines: what stands open now, or what did when the attempt was claimed."""
    if not task.head:  # there never was a file, so there is no line to remark on
        return []
    moment = attempt.claimed_at if attempt else None
    return [
        Remark(each.path, each.line, each.commit, each.quoted, each.text, each.author.partition(":")[2], each.attempt)
        for each in REMARKS.rows(task.pk)
        if _stood_open(each, moment)
    ]


def _stood_open(remark: LineComment, moment: datetime | None) -> bool:
    ends = [end for end in (remark.resolved_at, remark.deleted_at) if end]
    if moment is None:
        return not ends
    return remark.created_at <= moment and all(end > moment for end in ends)


def _answers(earlier: Sequence[Attempt]) -> list[Answered]:
    questions = Question.objects.filter(attempt__in=earlier, answered_at__isnull=False).order_by("pk") if earlier else ()
    return [Answered(each.text, each.answer, each.answered_by.partition(":")[2]) for each in questions]


def how_to_report(task_id: int, lease_ttl: int) -> dict[str, str]:
    """Say where each kind of word about the task goes. Every request carries the lease token."""
    base, every = f"/api/v1/tasks/{task_id}", heartbeat_every(lease_ttl)
    return {
        "lease": f"Send the lease_token of your claim with every request. Heartbeat every {every} s: POST {base}/heartbeat.",
        "start": f"POST {base}/start when you begin.",
        "progress": f'POST {base}/progress {{"percent": 60, "note": "..."}} as you go.',
        "ask": f'POST {base}/ask {{"text": "..."}} when only a person can decide; you get the task back with the answer.',
        "complete": f'POST {base}/complete {{"result": "...", "report": "Markdown"}} when every criterion is met.',
        "fail": f'POST {base}/fail {{"error": "...", "retryable": true}} when it cannot be done now.',
        "release": f'POST {base}/release {{"reason": "..."}} when you cannot do it but another agent could.',
        "conflict": "A 409 lease_lost means that the task is no longer yours: stop, and do not repeat the request.",
    }
