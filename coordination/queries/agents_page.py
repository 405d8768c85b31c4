"""The agents, each with what it does right now."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from coordination.lifecycle import State
from coordination.models import Agent, LaneAgent, Lease, Task
from coordination.queries.access import Caller, visible_agents, visible_tasks


@dataclass(frozen=True)
class Fleet:
    agents: list[Agent]
    stranded: list[Task]  # queued or waiting, and no agent could ever run them


def fleet(caller: Caller, *, with_retired: bool = False) -> Fleet:
    """Return the agents with `current` (their leases), `finished_count` and `failed_count`."""
    agents = visible_agents(caller)
    if not with_retired:
        agents = agents.filter(retired_at=None)
    return Fleet(list(_with_facts(agents)), stranded(caller))


def stranded(caller: Caller, limit: int = 5) -> list[Task]:
    open_tasks = visible_tasks(caller).filter(state__in=[State.QUEUED, State.WAITING])
    served = LaneAgent.objects.filter(agent__retired_at=None).values("lane")
    return list(open_tasks.exclude(lane__in=served).select_related("project").order_by("priority", "id")[:limit])


def _with_facts(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    leases = Lease.objects.select_related("task__project", "attempt")
    return (
        agents.annotate(holds_lease=Exists(Lease.objects.filter(agent=OuterRef("pk"))))
        .annotate(
            finished_count=Count("attempts", filter=Q(attempts__outcome__in=["done", "submitted"])),
            failed_count=Count("attempts", filter=Q(attempts__outcome__in=["failed", "expired"])),
        )
        .prefetch_related(Prefetch("leases", queryset=leases, to_attr="current"))
        .order_by("retired_at", "silent_since", "name")
    )
