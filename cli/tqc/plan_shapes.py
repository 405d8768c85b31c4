"""The shapes of what a plan is made of; tqc.shapes has them all."""

from typing import TypedDict


class Project(TypedDict):
    id: int
    slug: str
    name: str
    description: str
    lease_ttl: int
    max_attempts: int
    review_policy: str
    on_change: str
    rerun: str
    max_running: int | None
    budget_usd: float | None
    spent_usd: float
    agents_may_add: bool
    wip_limits: dict[str, int]
    paused: bool
    paused_at: str | None
    draining: bool
    pause_reason: str
    created_at: str
    version: int


class Progress(TypedDict):
    total: int
    done: int
    failed: int
    cancelled: int
    open: int
    percent: int


class Phase(TypedDict):
    id: int
    project: str
    name: str
    description: str
    position: int
    state: str
    gate: str
    gate_open: bool
    gate_approved_at: str | None
    gate_approved_by: str
    open_ended: bool
    draining: bool
    status_line: str
    blockers: list[str]
    after: list[int]
    progress: Progress
    created_at: str
    started_at: str | None
    completed_at: str | None
    version: int


class PhaseForecast(TypedDict):
    id: int
    name: str
    p50: str | None
    p90: str | None
    left: int
    conditional: bool


class Forecast(TypedDict):
    p50: str | None
    p90: str | None
    left: int
    agents: int
    basis: str
    conditions: list[str]
    critical: list[int]
    phases: list[PhaseForecast]
