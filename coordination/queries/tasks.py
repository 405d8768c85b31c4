"""Finding tasks: one page at a time, what is next for an agent, and who could run them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from coordination.lifecycle import RELEASE_REST, Outcome, PhaseState, State
from coordination.models import Agent, Attempt, Lane, LaneAgent, Task
from coordination.models.clock import now

ORDERS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "-id": ("-id",),
    "queue": ("sort_key", "id"),
    "priority": ("priority", "id"),
    "-state_since": ("-state_since", "-id"),
}


def told(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Read what is needed to tell of each task, in one query."""
    return tasks.select_related("project", "phase", "assigned_to", "lease__agent", "lease__attempt")


def page_of(tasks: QuerySet[Task], order: str, position: Sequence[Any] | None, limit: int) -> tuple[list[Task], list[Any] | None]:
    """Return up to `limit` tasks that come after `position` in this order, and the position of the last if there are more."""
    columns = ORDERS[order]
    if position is not None:
        tasks = tasks.filter(beyond(columns, position))
    found = list(told(tasks).order_by(*columns)[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], [_plain(getattr(last, column.lstrip("-"))) for column in columns]


def beyond(columns: Sequence[str], position: Sequence[Any]) -> Q:
    """Return the condition of the rows that come after `position` in the order of the columns."""
    beyond = Q()
    for depth, column in enumerate(columns):
        name, side = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
        same = {each.lstrip("-"): value for each, value in zip(columns[:depth], position[:depth], strict=True)}
        beyond |= Q(**same, **{f"{name}__{side}": position[depth]})
    # It follows from the rest, and lets an index begin there instead of at its start.
    first, side = columns[0].lstrip("-"), "lte" if columns[0].startswith("-") else "gte"
    return Q(**{f"{first}__{side}": position[0]}) & beyond


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def next_for(agent: Agent, project_ids: Sequence[int] | None, limit: int = 1) -> list[Task]:
    """Return what a claim by this agent would take next, without taking it: the most urgent heads of the lanes it serves."""
    lanes = Lane.objects.filter(laneagent__agent=agent, project__paused_at=None)
    if project_ids is not None:
        lanes = lanes.filter(project__in=project_ids)
    handed_back = Attempt.objects.filter(
        task=OuterRef("pk"), agent=agent, outcome=Outcome.RELEASED, finished_at__gt=now() - timedelta(seconds=RELEASE_REST)
    )
    free = Task.objects.filter(~Exists(handed_back), lane=OuterRef("pk"), state=State.QUEUED, phase__state=PhaseState.ACTIVE)
    queued = free.order_by("sort_key", "id").values("pk")
    heads = [head for nth in range(limit) for head in lanes.values_list(Subquery(queued[nth : nth + 1]), flat=True) if head]
    return list(told(Task.objects.filter(pk__in=heads, state=State.QUEUED)).order_by("sort_key", "id")[:limit])


def lanes_of(agent: Agent) -> set[int]:
    return set(LaneAgent.objects.filter(agent=agent).values_list("lane_id", flat=True))


def agents_for(tasks: Sequence[Task]) -> dict[int, int]:
    """Return how many registered agents could run each of the tasks; 0 means that it waits for one to register."""
    counts = dict(
        LaneAgent.objects.filter(lane__in={task.lane_id for task in tasks}, agent__retired_at=None)
        .values("lane_id")
        .annotate(agents=Count("agent"))
        .values_list("lane_id", "agents")
    )
    return {task.pk: counts.get(task.lane_id, 0) for task in tasks}


def why_nobody(task: Task) -> str:
    """Say what an agent would have to offer to run the task."""
    if task.assigned_to:
        return f"#{task.pk} is assigned to {task.assigned_to.name}, which cannot run it."
    needs = f" and {', '.join(task.capabilities)}" if task.capabilities else ""
    return f"No registered agent can run #{task.pk}: it needs tier {task.tier}{needs}."
