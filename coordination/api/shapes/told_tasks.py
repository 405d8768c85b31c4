"""Tasks and attempts, as they are told of."""

from datetime import datetime
from typing import Any

from coordination.api.shapes.base import Told
from coordination.lifecycle import State
from coordination.models import Attempt, LateResult, Lease, Task


class LeaseTold(Told):
    agent: str
    attempt: int
    mode: str
    renewed_at: datetime
    expires_at: datetime
    cancel_requested: bool


class NeedTold(Told):
    on: int
    title: str
    kind: str
    state: str
    satisfied: bool


class TaskTold(Told):
    id: int
    project: str
    phase: int
    phase_name: str
    parent: int | None
    title: str
    objective: str
    criteria: list[str]
    kind: str
    labels: list[str]
    priority: int
    band: str
    tier: str
    capabilities: list[str]
    assigned_to: str | None
    fallback_after: int | None
    review_policy: str
    on_change: str
    max_attempts: int
    timeout: int | None
    lease_mode: str
    not_before: datetime | None
    state: str
    state_since: datetime
    reason: str
    blockers: int
    awaits_person: bool
    retry_at: datetime | None
    attempts_made: int
    failures: int
    crashes: int
    head: str
    result: str
    created_by: str
    created_at: datetime
    times: dict[str, datetime]
    lease: LeaseTold | None
    version: int


class Caution(Told):
    task: int
    code: str
    sentence: str


class TaskDetail(TaskTold):
    needs: list[NeedTold]
    needed_by: list[int]
    runnable_by: int
    warnings: list[Caution]


class TaskPage(Told):
    items: list[TaskTold]
    next_cursor: str | None


class CreatedTask(TaskTold):
    ref: str
    runnable_by: int


class TasksCreated(Told):
    items: list[CreatedTask]
    warnings: list[Caution]


class BulkOutcome(Told):
    task: int
    ok: bool
    code: str
    error: str


class BulkTold(Told):
    items: list[BulkOutcome]
    succeeded: int
    failed: int


class ReviewTold(Told):
    approved: bool
    comments: str
    reviewer: str
    created_at: datetime


class LateTold(Told):
    id: int
    received_at: datetime
    succeeded: bool
    result: str
    data: dict[str, Any]
    report: str
    error: str
    usage: dict[str, Any]
    why_late: str
    adopted_at: datetime | None
    adopted_by: str


class AttemptTold(Told):
    id: int
    task: int
    number: int
    agent: str
    fence: int
    commit: str
    sealed_commit: str
    claimed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str
    reason_class: str
    reason: str
    progress: int | None
    progress_note: str
    result: str
    data: dict[str, Any]
    report: str
    error: str
    usage: dict[str, Any]
    cost_usd: float | None
    reviews: list[ReviewTold]
    late_results: list[LateTold]


class AttemptPage(Told):
    items: list[AttemptTold]
    next_cursor: str | None


class ExplanationTold(Told):
    task: int
    state: str
    summary: str
    runs: bool
    claimable: bool
    reasons: list[dict[str, Any]]


def lease_told(lease: Lease) -> dict[str, Any]:
    return {
        "agent": lease.agent.name,
        "attempt": lease.attempt.number,
        "mode": lease.mode,
        "renewed_at": lease.renewed_at,
        "expires_at": lease.expires_at,
        "cancel_requested": lease.cancel_requested_at is not None,
    }


def task_told(task: Task) -> dict[str, Any]:
    """Tell of a task that was read with its project, phase, assigned agent and lease."""
    lease = getattr(task, "lease", None)
    return {
        "id": task.pk,
        "project": task.project.slug,
        "phase": task.phase_id,
        "phase_name": task.phase.name,
        "parent": task.parent_id,
        "title": task.title,
        "objective": task.objective,
        "criteria": task.criteria,
        "kind": task.kind,
        "labels": task.labels,
        "priority": task.priority,
        "band": task.band,
        "tier": task.tier,
        "capabilities": task.capabilities,
        "assigned_to": task.assigned_to.name if task.assigned_to else None,
        "fallback_after": task.fallback_after,
        "review_policy": task.review_policy,
        "on_change": task.on_change,
        "max_attempts": task.max_attempts,
        "timeout": task.timeout,
        "lease_mode": task.lease_mode,
        "not_before": task.not_before,
        "state": task.state,
        "state_since": task.state_since,
        "reason": task.reason,
        "blockers": task.blockers,
        "awaits_person": task.awaits_person,
        "retry_at": task.retry_at,
        "attempts_made": task.attempts_made,
        "failures": task.failures,
        "crashes": task.crashes,
        "head": task.head,
        "result": task.result,
        "created_by": task.created_by,
        "created_at": task.created_at,
        "times": {state.value: moment for state in State if (moment := task.at(state))},
        "lease": lease_told(lease) if lease else None,
        "version": task.version,
    }


def late_told(late: LateResult) -> dict[str, Any]:
    return {
        "id": late.pk,
        "received_at": late.received_at,
        "succeeded": late.succeeded,
        "result": late.result,
        "data": late.result_data,
        "report": late.report,
        "error": late.error,
        "usage": late.usage,
        "why_late": late.why_late,
        "adopted_at": late.adopted_at,
        "adopted_by": late.adopted_by,
    }


def attempt_told(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.pk,
        "task": attempt.task_id,
        "number": attempt.number,
        "agent": attempt.agent.name,
        "fence": attempt.fence,
        "commit": attempt.commit,
        "sealed_commit": attempt.sealed_commit,
        "claimed_at": attempt.claimed_at,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "outcome": attempt.outcome,
        "reason_class": attempt.reason_class,
        "reason": attempt.reason,
        "progress": attempt.progress,
        "progress_note": attempt.progress_note,
        "result": attempt.result,
        "data": attempt.result_data,
        "report": attempt.report,
        "error": attempt.error,
        "usage": attempt.usage,
        "cost_usd": None if attempt.cost_usd is None else float(attempt.cost_usd),
        "reviews": [
            {"approved": each.approved, "comments": each.comments, "reviewer": each.reviewer, "created_at": each.created_at}
            for each in attempt.reviews.all()
        ],
        "late_results": [late_told(late) for late in attempt.late_results.all()],
    }
