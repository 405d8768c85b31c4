"""Agents, messages, events, keys, files and versions, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from coordination.api.shapes.base import Asked, Commit, Id, Line, Moment, Text, TierWord, Told, asks
from coordination.api.shapes.tasks import AgentName, Base64, Path, Words
from coordination.lifecycle import Tier
from coordination.models import Agent, ApiKey, Event, Message


class AgentAsked(Asked):
    model_config = asks({"name": "jared", "capabilities": ["python", "sql"], "tiers": ["light", "standard"], "host": "macbook"})

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s/](?:[^/\n\r]*[^\s/])?$")]
    capabilities: Words = []
    tiers: Annotated[list[TierWord], Field(min_length=1, max_length=3)] = list(Tier)
    display_name: Annotated[str, Field(max_length=200)] = ""
    host: Annotated[str, Field(max_length=200)] = ""
    software: Annotated[str, Field(max_length=200)] = ""


class HeartbeatAsked(Asked):
    model_config = asks({"agent": "jared"})

    agent: AgentName | None = None
    display_name: Annotated[str, Field(max_length=200)] = ""


class AgentTold(Told):
    name: str
    display_name: str
    state: str
    capabilities: list[str]
    tiers: list[str]
    host: str
    software: str
    registered_at: datetime
    last_seen_at: datetime
    last_claim_at: datetime | None
    last_completion_at: datetime | None
    silent_since: datetime | None
    retired_at: datetime | None
    tasks: list[int]
    version: int


class AgentPage(Told):
    items: list[AgentTold]
    next_cursor: str | None


class HeartbeatTold(Told):
    agent: str
    server_time: datetime
    heartbeat_every: int
    leases: list[dict[str, Any]]


def agent_told(agent: Agent, tasks: list[int]) -> dict[str, Any]:
    """Tell of an agent that was read `with_lease` and `with_activity`; `tasks` are those it holds that the caller may see."""
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "state": agent.state,
        "capabilities": agent.capabilities,
        "tiers": agent.tiers,
        "host": agent.host,
        "software": agent.software,
        "registered_at": agent.registered_at,
        "last_seen_at": agent.last_seen_at,
        "last_claim_at": getattr(agent, "last_claim_at", None),
        "last_completion_at": getattr(agent, "last_completion_at", None),
        "silent_since": agent.silent_since,
        "retired_at": agent.retired_at,
        "tasks": tasks,
        "version": agent.version,
    }


class MessageAsked(Asked):
    model_config = asks({"text": "The staging host is back.", "task": 1, "to_agent": "jared"})

    text: Annotated[Text, Field(min_length=1)]
    task: Id | None = None
    to_agent: AgentName | None = None


class AckAsked(Asked):
    model_config = asks({"agent": "jared"})

    agent: AgentName | None = None


class MessageTold(Told):
    id: int
    project: str
    task: int | None
    attempt: int | None
    to_agent: str | None
    author: str
    author_kind: str
    text: str
    created_at: datetime
    acks: list[str]


class MessagePage(Told):
    items: list[MessageTold]
    next_cursor: str | None


def message_told(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "project": message.project.slug,
        "task": message.task_id,
        "attempt": message.attempt_id,
        "to_agent": message.to_agent.name if message.to_agent else None,
        "author": message.author,
        "author_kind": message.author_kind,
        "text": message.text,
        "created_at": message.created_at,
        "acks": [ack.agent.name for ack in message.acks.all()],
    }


class EventTold(Told):
    id: int
    at: datetime
    kind: str
    project: str | None
    phase: int | None
    task: int | None
    agent: int | None
    attempt: int | None
    actor: dict[str, Any]
    data: dict[str, Any]


class EventPage(Told):
    items: list[EventTold]
    next_cursor: str | None
    last: int


def event_told(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": event.at,
        "kind": event.kind,
        "project": event.project.slug if event.project else None,
        "phase": event.phase_id,
        "task": event.task_id,
        "agent": event.agent_id,
        "attempt": event.attempt_id,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "data": event.data,
    }


class KeyAsked(Asked):
    model_config = asks({"name": "jared on the laptop", "scope": "agent", "projects": ["shop"]})

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scope: Literal["agent", "coordinator", "reader"]
    agent: AgentName | None = None
    projects: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=1000)] | None = Field(
        default=None, description="The projects that the key opens. Left out: all of them."
    )
    expires_at: Moment | None = None


class KeyTold(Told):
    id: int
    public_id: str
    name: str
    scope: str
    agent: str | None
    user: str | None
    projects: list[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyTold(KeyTold):
    """`key` is shown in this answer and never again; a repeat with the same Idempotency-Key has null."""

    key: str | None


class KeyPage(Told):
    items: list[KeyTold]
    next_cursor: str | None


def key_told(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "public_id": key.public_id,
        "name": key.name,
        "scope": key.scope,
        "agent": key.agent.name if key.agent else None,
        "user": key.user.get_username() if key.user else None,
        "projects": [project.slug for project in key.projects.all()] if key.is_limited else None,
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


class FileAsked(Asked):
    """`base` is the commit you started from; If-Match with the file list's ETag commit does the same. "" for a task without files."""

    model_config = asks({"content": "# Do this\n", "base": "", "message": "Write the instructions"})

    content: str | None = None
    base64: str | None = None
    base: Commit | Literal[""] | None = None
    message: Line = ""

    def bytes(self) -> "bytes | None":
        if self.base64 is not None:
            return Base64(base64=self.base64).content()
        return None if self.content is None else self.content.encode()


class FilesAsked(Asked):
    """Several files as one version; null deletes a file."""

    model_config = asks({"files": {"context/notes.md": "- one\n", "context/old.md": None}, "base": "", "message": "Tidy the context"})

    files: Annotated[dict[Path, str | Base64 | None], Field(min_length=1, max_length=200)]
    base: Commit | Literal[""] | None = None
    message: Line = ""


class RestoreAsked(Asked):
    model_config = asks({"commit": "0" * 40, "path": "instructions.md"})

    commit: Commit
    base: Commit | Literal[""] | None = None
    path: Path | None = None


class FileTold(Told):
    path: str
    size: int


class FilesTold(Told):
    task: int
    head: str
    items: list[FileTold]


class FileContent(Told):
    task: int
    commit: str
    path: str
    size: int
    text: str | None
    base64: str | None


class SavedTold(Told):
    task: int
    head: str
    version: int


class VersionTold(Told):
    commit: str
    parent: str | None
    author: str
    email: str
    when: datetime
    message: str
    files_changed: int


class VersionPage(Told):
    items: list[VersionTold]
    next_cursor: str | None


class DiffTold(Told):
    old: str | None
    new: str
    additions: int
    deletions: int
    truncated: bool
    files: list[dict[str, Any]]


class BlameTold(Told):
    path: str
    commit: str
    lines: list[dict[str, Any]]


class ExplanationTold(Told):
    task: int
    state: str
    summary: str
    runs: bool
    claimable: bool
    reasons: list[dict[str, Any]]


class MeTold(Told):
    actor: dict[str, Any]
    key: KeyTold | None
    agent: str | None
    agents: list[str]
    permissions: dict[str, str]
    server_time: datetime


class StatsTold(Told):
    tasks: dict[str, int]
    bands: dict[str, int]
    agents: dict[str, int]
    finished_today: int
    cost_usd: float
    server_time: datetime
