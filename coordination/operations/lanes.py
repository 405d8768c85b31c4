"""Which lane a task stands in, and which agents serve which lanes."""

import hashlib
from collections.abc import Iterable

from django.db import connection

from coordination.models import Agent, Lane, LaneAgent
from coordination.models.sql import run


def lane_for(project_id: int, tier: str, capabilities: Iterable[str], assigned_to: int | None) -> Lane:
    """Return the lane of this combination, made when it is the first of its kind."""
    wanted = sorted(set(capabilities))
    key = hashlib.sha256(repr((project_id, str(tier), wanted, assigned_to)).encode()).hexdigest()
    if lane := Lane.objects.filter(key=key).first():
        return lane
    lock_routing()
    lane, made = Lane.objects.get_or_create(
        key=key, defaults={"project_id": project_id, "tier": tier, "capabilities": wanted, "assigned_to_id": assigned_to}
    )
    if made:
        agents = Agent.objects.filter(retired_at=None)
        LaneAgent.objects.bulk_create([LaneAgent(lane=lane, agent=agent) for agent in agents if _serves(agent, lane)])
    return lane


def route_agent(agent: Agent) -> None:
    """Make the list of lanes that `agent` serves true again, after it registered, changed or retired."""
    lock_routing()
    lanes = [] if agent.retired_at else [lane.pk for lane in Lane.objects.all() if _serves(agent, lane)]
    LaneAgent.objects.filter(agent=agent).exclude(lane__in=lanes).delete()
    LaneAgent.objects.bulk_create([LaneAgent(lane_id=lane, agent=agent) for lane in lanes], ignore_conflicts=True)


def _serves(agent: Agent, lane: Lane) -> bool:
    return lane.assigned_to_id in (None, agent.pk) and agent.can_run(lane.tier, lane.capabilities)


def lock_routing() -> None:
    """Let one transaction at a time make lanes or route agents: each must see what the other made."""
    if connection.vendor == "postgresql":
        run("SELECT pg_advisory_xact_lock(7236001)")
