"""Agents, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from coordination.api.shapes.base import Asked, TierWord, Told, asks
from coordination.api.shapes.tasks import AgentName, Words
from coordination.lifecycle import Tier
from coordination.models import Agent


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
