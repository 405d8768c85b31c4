"""The board: tasks of one project in columns by state. Its number of queries does not grow with the tasks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from coordination.lifecycle import State
from coordination.models import Attempt, LaneAgent, Phase, Project, Task

PAGE = 20
MOST_SHOWN = 200  # of one column, when a board that was scrolled far refreshes itself


@dataclass(frozen=True)
class ColumnKind:
    """One column: the states that stand in it, and the order of its cards."""

    key: str
    title: str
    states: tuple[State, ...]
    order: tuple[str, ...]


COLUMNS = (
    ColumnKind("waiting", "Waiting", (State.WAITING,), ("sort_key", "id")),
    ColumnKind("queued", "Queued", (State.QUEUED,), ("sort_key", "id")),
    ColumnKind("progress", "In progress", (State.CLAIMED, State.RUNNING), ("-state_since", "-id")),
    ColumnKind("needs", "Needs you", (State.BLOCKED, State.REVIEW), ("state_since", "id")),
    ColumnKind("done", "Done", (State.DONE,), ("-state_since", "-id")),
    ColumnKind("failed", "Failed", (State.FAILED, State.CANCELLED), ("-state_since", "-id")),
)
BY_KEY = {kind.key: kind for kind in COLUMNS}


@dataclass(frozen=True)
class Column:
    kind: ColumnKind
    total: int
    tasks: list[Task]
    next_offset: int | None  # None: these were the last


@dataclass(frozen=True)
class Board:
    columns: list[Column]
    phases: list[Phase]
    total: int


def board(project: Project, *, matching: QuerySet[Task] | None = None, shown: Mapping[str, int] | None = None) -> Board:
    """Return the board of a project: of all its tasks, or of those `matching` a filter.

    `shown` asks for more cards of a column than its first page.
    """
    tasks = project.tasks.all() if matching is None else matching
    counts = state_counts(tasks)
    columns = [column(tasks, kind, limit=(shown or {}).get(kind.key, PAGE), total=_total(kind, counts)) for kind in COLUMNS]
    return Board(columns, list(project.phases.all()), sum(counts.values()))


def column(tasks: QuerySet[Task], kind: ColumnKind, *, offset: int = 0, limit: int = PAGE, total: int | None = None) -> Column:
    """Return a page of one column."""
    tasks = tasks.filter(state__in=kind.states)
    total = tasks.count() if total is None else total
    if total <= offset:
        return Column(kind, total, [], None)
    limit = min(max(limit, PAGE), MOST_SHOWN)
    cards = list(_with_card_facts(tasks).order_by(*kind.order)[offset : offset + limit])
    end = offset + len(cards)
    return Column(kind, total, cards, end if end < total and cards else None)


def state_counts(tasks: QuerySet[Task]) -> Counter[str]:
    rows = tasks.values_list("state").annotate(Count("pk")).order_by()
    return Counter(dict(rows))


def _total(kind: ColumnKind, counts: Mapping[str, int]) -> int:
    return sum(counts.get(state, 0) for state in kind.states)


def _with_card_facts(tasks: QuerySet[Task]) -> QuerySet[Task]:
    newest = Attempt.objects.filter(task=OuterRef("pk")).order_by("-number")
    runnable = LaneAgent.objects.filter(lane=OuterRef("lane"), agent__retired_at=None)
    return (
        tasks.select_related("phase", "assigned_to", "lease__agent")
        .annotate(
            could_run=Exists(runnable),
            last_agent=Subquery(newest.values(title=Coalesce(NullIf("agent__display_name", Value("")), "agent__name"))[:1]),
        )
        .defer("objective", "criteria", "result")
    )
