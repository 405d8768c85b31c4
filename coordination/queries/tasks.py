"""Finding tasks: filters by name, never by what a request spells, and one page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from coordination.lifecycle import BAND_RANGE, RELEASE_REST, Band, Outcome, PhaseState, State
from coordination.models import Agent, Attempt, Event, Lane, LaneAgent, Task
from coordination.models.clock import now

MATCHES = {
    # One statement a database: `contains` on JSON is PostgreSQL's alone.
    "postgresql": "coordination_task.{column} @> jsonb_build_array(%s::text)",
    "sqlite": "EXISTS (SELECT 1 FROM json_each(coordination_task.{column}) WHERE value = %s)",
}
ORDERS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "-id": ("-id",),
    "queue": ("sort_key", "id"),
    "priority": ("priority", "id"),
    "-state_since": ("-state_since", "-id"),
}


@dataclass(frozen=True)
class TaskFilter:
    """What the tasks must have in common. None, or an empty sequence, means: anything."""

    project: str | None = None
    phase: int | None = None
    states: Sequence[State] = ()
    agent: str | None = None
    assigned_to: str | None = None
    kind: str | None = None
    band: Band | None = None
    tier: str | None = None
    labels: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    parent: int | None = None
    text: str | None = None
    created_since: datetime | None = None
    updated_since: datetime | None = None


def search(tasks: QuerySet[Task], wanted: TaskFilter) -> QuerySet[Task]:
    """Return those of `tasks` that the filter wants."""
    plain = {
        "project__slug": wanted.project,
        "phase": wanted.phase,
        "assigned_to__name": wanted.assigned_to,
        "kind": wanted.kind,
        "tier": wanted.tier,
        "parent": wanted.parent,
        "created_at__gte": wanted.created_since,
    }
    tasks = tasks.filter(**{name: value for name, value in plain.items() if value is not None})
    if wanted.states:
        tasks = tasks.filter(state__in=wanted.states)
    if wanted.band:
        tasks = tasks.filter(priority__range=BAND_RANGE[wanted.band])
    if wanted.agent:
        # Whoever holds it now, else whoever worked on it last.
        last = Attempt.objects.filter(task=OuterRef("pk"), number=OuterRef("attempts_made"), agent__name=wanted.agent)
        tasks = tasks.filter(Exists(last))
    for label in wanted.labels:
        tasks = tasks.filter(_has("labels", label))
    for capability in wanted.capabilities:
        tasks = tasks.filter(_has("capabilities", capability))
    for word in (wanted.text or "").split():
        tasks = tasks.filter(_mentions(word))
    if wanted.updated_since:
        tasks = tasks.filter(Exists(Event.objects.filter(task_id=OuterRef("pk"), at__gte=wanted.updated_since)))
    return tasks


def _has(column: str, word: str) -> RawSQL:
    return RawSQL(MATCHES[connection.vendor].format(column=column), [word], output_field=BooleanField())


def _mentions(word: str) -> Q:
    mentions = Q(title__icontains=word) | Q(objective__icontains=word) | Q(kind__iexact=word)
    number = word.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        mentions |= Q(pk=int(number))
    return mentions


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
    beyond = Q()
    for depth, column in enumerate(columns):
        name, side = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
        same = {each.lstrip("-"): value for each, value in zip(columns[:depth], position[:depth], strict=True)}
        beyond |= Q(**same, **{f"{name}__{side}": position[depth]})
    return beyond


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
