"""What a card of the board says beyond the row of its task."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef

from coordination.models import Agent, Attempt, LaneAgent, Task
from coordination.queries.waiting import FOLLOWED

AGENT = ("name", "display_name", "silent_since")
SHOWN = (
    *("title", "state", "state_since", "priority", "tier", "capabilities", "labels", "attempts_made", "max_attempts"),
    *("blockers", "awaits_person", "not_before", "retry_at"),
    *(f"{whose}__{name}" for whose in ("assigned_to", "lease__agent") for name in AGENT),
    "lease__task",
    *(f"phase__{name}" for name in ("name", "state", "gate", "gate_approved_at")),
)
RUNNABLE = LaneAgent.objects.filter(lane=OuterRef("lane"), agent__retired_at=None)


@dataclass(frozen=True)
class Card:
    """`agent` holds the task, or had it last; `cost` sums its attempts; `could_run` is false when no registered agent could."""

    task: Task
    id: str  # the task's number, as text: a page says it ten times a card
    agent: Agent | None
    is_held: bool
    attempt: str  # "1/3", "" before the first
    progress: int | None  # percent, of an attempt that runs
    note: str
    cost: Decimal | None
    could_run: bool


def cards_of(ids: Sequence[int]) -> list[Card]:
    """Return the cards of these tasks in this order; two queries however many."""
    if not ids:
        return []
    tasks = Task.objects.filter(pk__in=ids).select_related("assigned_to", "lease__agent", "phase").only(*SHOWN)
    by_id = {task.pk: task for task in tasks.annotate(could_run=Exists(RUNNABLE), followed=FOLLOWED)}
    attempts = _attempts(ids)
    return [_card(by_id[pk], attempts.get(pk, [])) for pk in ids if pk in by_id]


def _attempts(ids: Collection[int]) -> dict[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = {}
    needed = Attempt.objects.filter(task__in=ids).select_related("agent").order_by("task_id", "number")
    for attempt in needed.only("task_id", "number", "progress", "progress_note", "cost_usd", *(f"agent__{name}" for name in AGENT)):
        found.setdefault(attempt.task_id, []).append(attempt)
    return found


def _card(task: Task, attempts: list[Attempt]) -> Card:
    is_held = hasattr(task, "lease")
    newest = attempts[-1] if attempts else None
    costs = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    return Card(
        task=task,
        id=str(task.pk),
        agent=task.lease.agent if is_held else newest.agent if newest else None,
        is_held=is_held,
        attempt=f"{task.attempts_made}/{task.max_attempts}" if task.attempts_made else "",
        progress=newest.progress if newest and is_held else None,
        note=newest.progress_note if newest and is_held else "",
        cost=sum(costs, Decimal(0)) if costs else None,
        could_run=bool(getattr(task, "could_run", True)),
    )
