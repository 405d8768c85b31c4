"""/agents: who can work."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Query, Router

from coordination.api import cursors
from coordination.api.answers import page, polled
from coordination.api.claims import agent_of
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.agents import AgentAsked, AgentPage, AgentTold, HeartbeatAsked, HeartbeatTold, agent_told
from coordination.api.shapes.base import Nothing
from coordination.api.shapes.filters import Pages
from coordination.api.work import beat_told
from coordination.lifecycle import HEARTBEAT_EVERY
from coordination.models import Agent, Lease
from coordination.operations import agents, leases
from coordination.operations.idempotency import Answer
from coordination.operations.sweep import sweep_if_due
from coordination.queries.access import Caller, find_agent, may_register, require_looks_after, visible_agents, visible_tasks

router = Router(tags=["agents"])


class AgentQuery(Pages):
    capability: list[str] = []


def told(caller: Caller, found: Sequence[Agent]) -> list[dict[str, Any]]:
    """Tell of agents, with the tasks they hold as far as the caller may see those."""
    holds: dict[int, list[int]] = {}
    held = Lease.objects.filter(agent__in=found, task__in=visible_tasks(caller)).order_by("task_id")
    for agent, task in held.values_list("agent_id", "task_id"):
        holds.setdefault(agent, []).append(task)
    return [agent_told(agent, holds.get(agent.pk, [])) for agent in found]


def _one(caller: Caller, agent: Agent) -> dict[str, Any]:
    return told(caller, list(Agent.objects.with_lease().with_activity().filter(pk=agent.pk)))[0]


@router.post("/agents/register", response=AgentTold, operation_id="registerAgent")
def register(request: Request, body: AgentAsked) -> HttpResponse:
    """Add an agent, or bring it up to date. The name belongs to the key that registered it first."""
    may_register(request.auth, body.name)

    def run() -> Answer:
        agent = agents.register(actor=request.auth.actor, key=request.auth.key, **body.model_dump())
        return Answer(200, _one(request.auth, agent))

    return once_only(request, run)


@router.post("/agents/heartbeat", response=HeartbeatTold, operation_id="heartbeatAgent")
def heartbeat(request: Request, body: HeartbeatAsked | None = None) -> HttpResponse:
    """Renew every lease that the agent holds by heartbeat, and hear what it should know about each."""
    agent = agent_of(request, body.agent if body else None)

    def run() -> Answer:
        server_time = agents.seen(agent, display_name=body.display_name if body else "")
        beats = [beat_told(beat) for beat in leases.renew_all(agent)]
        soonest = min((beat["heartbeat_every"] for beat in beats), default=HEARTBEAT_EVERY)
        return Answer(200, {"agent": agent.name, "server_time": server_time, "heartbeat_every": soonest, "leases": beats})

    response = once_only(request, run)
    sweep_if_due()
    return response


@router.get("/agents", response=AgentPage, operation_id="listAgents")
def list_agents(request: Request, filters: Query[AgentQuery]) -> HttpResponse:
    """List the agents by name."""
    found = visible_agents(request.auth).with_lease().with_activity().order_by("name")
    if filters.cursor:
        found = found.filter(name__gt=cursors.decode(filters.cursor, [str])[0])
    # Agents are few, and a list of words inside JSON is not a question that both databases understand.
    rows = [each for each in found if set(filters.capability) <= set(each.capabilities)][: filters.limit + 1]
    more, rows = len(rows) > filters.limit, rows[: filters.limit]
    return page(request, told(request.auth, rows), cursors.encode([rows[-1].name]) if more else None)


@router.get("/agents/{name}", response=AgentTold, operation_id="getAgent")
def get_agent(request: Request, name: str) -> HttpResponse:
    """Read an agent."""
    agent = find_agent(request.auth, name)
    return polled(request, _one(request.auth, agent), version=agent.version)


@router.post("/agents/{name}/retire", response=AgentTold, operation_id="retireAgent")
def retire(request: Request, name: str, body: Nothing | None = None) -> HttpResponse:
    """Let the agent finish what it holds and claim nothing more."""
    agent = find_agent(request.auth, name)
    require_looks_after(request.auth, agent)
    return once_only(request, lambda: Answer(200, _one(request.auth, agents.retire(agent, actor=request.auth.actor))))


@router.post("/agents/{name}/unretire", response=AgentTold, operation_id="unretireAgent")
def unretire(request: Request, name: str, body: Nothing | None = None) -> HttpResponse:
    """Let a retired agent claim again."""
    agent = find_agent(request.auth, name)
    require_looks_after(request.auth, agent)
    return once_only(request, lambda: Answer(200, _one(request.auth, agents.unretire(agent, actor=request.auth.actor))))
