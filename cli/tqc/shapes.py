"""The shapes of what the server tells, exactly as its JSON has them. Times are RFC 3339 text in UTC, durations are seconds."""

from typing import Any, TypedDict

from tqc.plan_shapes import Forecast as Forecast
from tqc.plan_shapes import Phase as Phase
from tqc.plan_shapes import Progress as Progress
from tqc.plan_shapes import Project as Project


class Lease(TypedDict):
    """Who holds a task now."""

    agent: str
    attempt: int
    mode: str
    renewed_at: str
    expires_at: str
    cancel_requested: bool


class Need(TypedDict):
    """A task that another one waits for."""

    on: int
    title: str
    kind: str
    state: str
    satisfied: bool


class _Task(TypedDict):
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
    max_attempts: int
    timeout: int | None
    on_change: str
    lease_mode: str
    not_before: str | None
    state: str
    state_since: str
    reason: str
    blockers: int
    awaits_person: bool
    retry_at: str | None
    attempts_made: int
    failures: int
    crashes: int
    head: str
    result: str
    created_by: str
    created_at: str
    times: dict[str, str]
    lease: Lease | None
    version: int


class Task(_Task, total=False):
    """A task. The last five are told only where one task is asked for, or where it was just made."""

    needs: list[Need]
    needed_by: list[int]
    runnable_by: int
    warnings: list[dict[str, Any]]
    ref: str


class Review(TypedDict):
    approved: bool
    comments: str
    reviewer: str
    created_at: str


class LateResult(TypedDict):
    """Work that arrived after its lease was lost, kept for a person to adopt."""

    id: int
    received_at: str
    succeeded: bool
    result: str
    data: dict[str, Any]
    report: str
    error: str
    usage: dict[str, Any]
    why_late: str
    adopted_at: str | None
    adopted_by: str


class Attempt(TypedDict):
    """One claim of a task and what came of it."""

    id: int
    task: int
    number: int
    agent: str
    fence: int
    commit: str
    sealed_commit: str
    claimed_at: str
    started_at: str | None
    finished_at: str | None
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
    reviews: list[Review]
    late_results: list[LateResult]


class ContextItem(TypedDict):
    """A file to read first: `text`, or `base64`, or the `problem` that keeps it away."""

    name: str
    source: str
    text: str | None
    base64: str | None
    problem: str


class Brief(TypedDict):
    """Everything that a worker with no prior knowledge needs."""

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
    handed_out_at: str | None
    timeout: int | None
    objective: str
    criteria: list[str]
    instructions: str
    context: list[ContextItem]
    results: list[dict[str, Any]]
    earlier_attempts: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    report: dict[str, str]


class Claim(TypedDict):
    """A task in your hands. `lease_token` proves it: send it with every word about the task."""

    task: Task
    attempt: Attempt
    lease_token: str
    fence: int
    expires_at: str
    heartbeat_every: int
    server_time: str
    brief: Brief | None


class Beat(TypedDict):
    """What a heartbeat answers about one task."""

    task: int
    attempt: int
    fence: int
    expires_at: str
    server_time: str
    cancel_requested: bool
    cancel_reason: str
    instructions_changed: dict[str, str] | None
    heartbeat_every: int


class AgentBeat(TypedDict):
    """What a heartbeat answers about all that an agent holds."""

    agent: str
    server_time: str
    heartbeat_every: int
    leases: list[Beat]


class Worked(TypedDict):
    """The task's state after a word of its lease holder."""

    id: int
    state: str


class Agent(TypedDict):
    name: str
    display_name: str
    state: str
    capabilities: list[str]
    tiers: list[str]
    host: str
    software: str
    registered_at: str
    last_seen_at: str
    last_claim_at: str | None
    last_completion_at: str | None
    silent_since: str | None
    retired_at: str | None
    tasks: list[int]
    version: int


class Message(TypedDict):
    id: int
    project: str
    task: int | None
    attempt: int | None
    to_agent: str | None
    author: str
    author_kind: str
    text: str
    created_at: str
    acks: list[str]


class Event(TypedDict):
    """One change, ever growing `id`; `kind` such as task.done."""

    id: int
    at: str
    kind: str
    project: str | None
    phase: int | None
    task: int | None
    agent: int | None
    attempt: int | None
    actor: dict[str, Any]
    data: dict[str, Any]


class Explanation(TypedDict):
    """Why a task does not run: `summary` in a sentence, `reasons` one by one."""

    task: int
    state: str
    summary: str
    runs: bool
    claimable: bool
    reasons: list[dict[str, Any]]


class FileList(TypedDict):
    task: int
    head: str
    items: list[dict[str, Any]]


class FileContent(TypedDict):
    task: int
    commit: str
    path: str
    size: int
    text: str | None
    base64: str | None


class Saved(TypedDict):
    """The new head of the task's repository after a save."""

    task: int
    head: str
    version: int


class Version(TypedDict):
    commit: str
    parent: str | None
    author: str
    email: str
    when: str
    message: str
    files_changed: int


class Diff(TypedDict):
    old: str | None
    new: str
    additions: int
    deletions: int
    truncated: bool
    files: list[dict[str, Any]]


class Me(TypedDict):
    """Whose key this is and what it opens."""

    actor: dict[str, Any]
    key: dict[str, Any] | None
    agent: str | None
    agents: list[str]
    permissions: dict[str, str]
    server_time: str


class Stats(TypedDict):
    tasks: dict[str, int]
    bands: dict[str, int]
    agents: dict[str, int]
    finished_today: int
    cost_usd: float
    server_time: str


class ProjectPage(TypedDict):
    items: list[Project]
    next_cursor: str | None


class PhasePage(TypedDict):
    items: list[Phase]
    next_cursor: str | None


class TaskPage(TypedDict):
    items: list[Task]
    next_cursor: str | None


class TasksCreated(TypedDict):
    items: list[Task]
    warnings: list[dict[str, Any]]


class AttemptPage(TypedDict):
    items: list[Attempt]
    next_cursor: str | None


class AgentPage(TypedDict):
    items: list[Agent]
    next_cursor: str | None


class MessagePage(TypedDict):
    items: list[Message]
    next_cursor: str | None


class EventPage(TypedDict):
    items: list[Event]
    next_cursor: str | None
    last: int


class VersionPage(TypedDict):
    items: list[Version]
    next_cursor: str | None
