"""Claims and what a lease holder sends and is told."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict

from coordination.api.shapes.base import Asked, Line, Priority, Seconds, Text, TierWord, Told, asks
from coordination.api.shapes.projects import number
from coordination.api.shapes.tasks import AgentName, Base64, NeedAsked, Path, Words
from coordination.api.shapes.told_tasks import TaskTold
from coordination.lifecycle import DEFAULT_PRIORITY, Tier

Cost = Annotated[Decimal, Strict(False), BeforeValidator(number), Field(ge=0, le=99_999, max_digits=40)]
Wait = Annotated[int, Field(ge=0, le=30)]


class ClaimAsked(Asked):
    """What narrows the choice. An agent's capabilities and tiers are those it registered with; these only narrow them."""

    model_config = asks({"agent": "jared", "wait": 25, "limit": 1})

    agent: AgentName | None = None
    wait: Wait = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 1
    capabilities: Words | None = None
    tiers: Annotated[list[TierWord], Field(max_length=3)] | None = None
    project: Annotated[str, Field(max_length=60)] | None = None
    brief: bool = True


class ClaimOneAsked(Asked):
    model_config = asks({"agent": "jared"})

    agent: AgentName | None = None
    brief: bool = True


class ClaimedAttempt(Told):
    id: int
    number: int
    agent: str
    commit: str
    claimed_at: datetime


class ClaimTold(Told):
    """`expires_at` is null when a repeat finds that the lease is over."""

    task: TaskTold
    attempt: ClaimedAttempt
    lease_token: str
    fence: int
    expires_at: datetime | None
    heartbeat_every: int
    server_time: datetime
    brief: dict[str, Any] | None


class ClaimsTold(Told):
    items: list[ClaimTold]


class WorkAsked(Asked):
    """The proof of the lease, unless it comes in the header X-Lease-Token."""

    model_config = asks({"lease_token": "mlt_1_1_5f0c"})

    lease_token: Annotated[str, Field(max_length=200)] = ""


class ProgressAsked(WorkAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "percent": 60, "note": "Wrote the parser."})

    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    note: Line = ""


class Usage(Asked):
    """What the attempt cost, as far as the agent knows. `measured` false: an estimate."""

    input_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    cache_read_input_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    cache_creation_input_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    output_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    num_turns: Annotated[int, Field(ge=0, le=10**9)] | None = None
    duration_ms: Annotated[int, Field(ge=0, le=10**12)] | None = None
    duration_api_ms: Annotated[int, Field(ge=0, le=10**12)] | None = None
    session_id: Annotated[str, Field(max_length=200)] | None = None
    model: Annotated[str, Field(max_length=200)] | None = None
    measured: bool | None = None


class CompleteAsked(WorkAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "result": "Email draft saved to drafts/", "usage": {"output_tokens": 5120}})

    result: Text = ""
    report: Text = ""
    data: dict[str, Any] = {}
    usage: Usage | None = None
    cost_usd: Cost | None = None


class FailAsked(CompleteAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "error": "The host does not answer.", "retryable": True})

    error: Text = ""
    retryable: bool = True


class ReleaseAsked(WorkAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "reason": "I have no access to the printer."})

    reason: Annotated[str, Field(max_length=500)] = ""


class SayingAsked(WorkAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "text": "May I drop the old table?"})

    text: Annotated[Text, Field(min_length=1)]


class SubtaskAsked(Asked):
    """What an agent may say of a task it adds; the rest is its parent's: project, phase, and who may review it."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    ref: Annotated[str, Field(max_length=200)] = ""
    needs: Annotated[list[NeedAsked], Field(max_length=100)] = []
    kind: Annotated[str, Field(max_length=60)] = ""
    labels: Words = []
    priority: Priority = DEFAULT_PRIORITY
    tier: TierWord = Tier.STANDARD
    capabilities: Words = []
    timeout: Seconds | None = None
    objective: Text = ""
    criteria: Annotated[list[Annotated[str, Field(min_length=1, max_length=2000)]], Field(max_length=200)] = []
    instructions: Text = ""
    files: Annotated[dict[Path, str | Base64], Field(max_length=50)] = {}


class SubtasksAsked(WorkAsked):
    model_config = asks({"lease_token": "mlt_1_1_5f0c", "tasks": [{"title": "Translate chapter two", "instructions": "# Translate"}]})

    tasks: Annotated[list[SubtaskAsked], Field(min_length=1, max_length=100)]


class WorkTold(Told):
    id: int
    state: str


class QuestionTold(WorkTold):
    question: int


class LogTold(WorkTold):
    message: int


class BeatTold(Told):
    task: int
    attempt: int
    fence: int
    expires_at: datetime
    server_time: datetime
    cancel_requested: bool
    cancel_reason: str
    instructions_changed: dict[str, str] | None
    heartbeat_every: int
