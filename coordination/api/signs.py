"""Signs of life: every claim and heartbeat is one, and each lets a sweep ride along (P17)."""

import time

from coordination.models import Agent
from coordination.operations import agents
from coordination.operations.sweep import sweep_if_due

NOTED_EVERY = 5.0  # seconds; writing it down with every request would cost more than the request

_noted: dict[int, float] = {}


def alive(agent: Agent) -> None:
    """Note that the agent is alive, and sweep if a sweep is due."""
    if _is_due(agent.pk):
        agents.seen(agent)
    sweep_if_due()


def alive_by_id(agent_id: int) -> None:
    """The same, where the agent's row is not at hand."""
    if _is_due(agent_id) and (agent := Agent.objects.filter(pk=agent_id).first()):
        agents.seen(agent)
    sweep_if_due()


def _is_due(agent_id: int) -> bool:
    moment = time.monotonic()
    if moment - _noted.get(agent_id, float("-inf")) < NOTED_EVERY:
        return False
    _noted[agent_id] = moment
    return True
