"""The board: tasks of one project in columns by state, and in swimlanes. Its number of queries does not grow with the tasks."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet, Value

from coordination.lifecycle import PhaseState, State
from coordination.models import Phase, Project, Task
from coordination.queries.cards import Card, cards_of
from coordination.queries.folds import Folds
from coordination.queries.plan import TONE_OF, Progress
from coordination.queries.swimlanes import NOT_BEGUN, Kind, Swimlane, lanes_of, narrowed

PAGE = 15
LANE_PAGE = 6
NEXT_PAGE = 30  # of a column that is scrolled to its end
LANES = 8
MOST_SHOWN = 5_000  # of one column, when a board that was scrolled far refreshes itself
BEFORE, BEHIND = 20, 40  # of them drawn around the first that is seen; of the others the page has the cards already
MOST_LANES = 40


@dataclass(frozen=True)
class ColumnKind:
    """One column: the states that stand in it, and the order of its cards, `-` for the newest first."""

    key: str
    title: str
    states: tuple[State, ...]
    order: str


COLUMNS = (
    ColumnKind("waiting", "Waiting", (State.WAITING,), "sort_key"),
    ColumnKind("queued", "Queued", (State.QUEUED,), "sort_key"),
    ColumnKind("progress", "In progress", (State.CLAIMED, State.RUNNING), "-state_since"),
    ColumnKind("needs", "Needs you", (State.BLOCKED, State.REVIEW), "state_since"),
    ColumnKind("done", "Done", (State.DONE,), "-state_since"),
    ColumnKind("failed", "Failed", (State.FAILED, State.CANCELLED), "-state_since"),
)
BY_KEY = {kind.key: kind for kind in COLUMNS}
COLUMN_OF = {state: kind for kind in COLUMNS for state in kind.states}


@dataclass(frozen=True)
class Stub:
    """The place of a card that is far from what is seen; the page has it, or asks again when it comes into sight."""

    id: str


@dataclass(frozen=True)
class Column:
    """One column, or a lane's part of it. `total` counts its tasks, `cards` are the first of them."""

    kind: ColumnKind
    lane: Swimlane | None
    total: int
    limit: int | None = None  # of tasks in the whole column; more are too many
    is_folded: bool = False
    cards: list[Card | Stub] = field(default_factory=list)

    @property
    def next_offset(self) -> int | None:
        return len(self.cards) if len(self.cards) < self.total and self.cards else None

    @property
    def page_size(self) -> int:
        return LANE_PAGE if self.lane else PAGE

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.total >= self.limit

    @property
    def cell(self) -> str:
        """Its name in addresses and in the page."""
        return f"{self.lane.key}.{self.kind.key}" if self.lane else self.kind.key


@dataclass(frozen=True)
class LaneOfBoard:
    lane: Swimlane
    progress: Progress
    is_folded: bool
    columns: list[Column]


@dataclass(frozen=True)
class Board:
    """`columns` are the heads with their totals; they hold the cards too where there are no lanes."""

    columns: list[Column]
    lanes: list[LaneOfBoard]
    more_lanes: int
    phases: list[Phase]
    total: int


@dataclass(frozen=True)
class Shown:
    """What a person looks at: the kind of lanes, how many of them, what is folded, and cells scrolled beyond their first page.

    `open` names lanes that the page shows open at this moment: none of them closes before the eyes of whoever reads it, unless
    they close it. Of a scrolled cell, `cells` says how many cards it shows, and `at` which of them is the first that is seen, from 0.
    """

    lanes: Kind | None = None
    upto: int = LANES
    folds: Folds = field(default_factory=Folds)
    open: Collection[str] = ()
    cells: Mapping[str, int] = field(default_factory=dict)
    at: Mapping[str, int] = field(default_factory=dict)


def board(project: Project, shown: Shown, *, matching: QuerySet[Task] | None = None) -> Board:
    """Return the board of a project: of all its tasks, or of those `matching` a filter."""
    phases = list(project.phases.all())
    counts = _counts(phases, matching) if shown.lanes is not Kind.AGENT else _counts_by_agent(project, matching)
    totals = _by_column(_summed(counts.values()))
    heads = [_head(project, kind, totals, shown) for kind in COLUMNS]
    tasks = project.tasks.all() if matching is None else matching
    if shown.lanes is None:
        return Board(_filled(tasks, heads, shown), [], 0, phases, sum(totals.values()))
    found = lanes_of(project, shown.lanes, phases, counts, every=matching is None)
    upto = min(max(shown.upto, LANES), MOST_LANES)
    lanes = [_lane(lane, counts.get(lane.counted_as, Counter()), shown, is_filtered=matching is not None) for lane in found[:upto]]
    filled = iter(_filled(tasks, [column for lane in lanes if not lane.is_folded for column in lane.columns], shown))
    lanes = [lane if lane.is_folded else LaneOfBoard(lane.lane, lane.progress, False, [next(filled) for _ in COLUMNS]) for lane in lanes]
    return Board(heads, lanes, max(len(found) - upto, 0), phases, sum(totals.values()))


def column(
    tasks: QuerySet[Task], kind: ColumnKind, *, lane: Swimlane | None = None, offset: int = 0, limit: int = PAGE
) -> tuple[list[Card], bool]:
    """Return the cards of a column from `offset` on, and whether there are more."""
    among = narrowed(tasks, lane) if lane else tasks
    order = kind.order, "-id" if kind.order.startswith("-") else "id"
    ids = list(among.filter(state__in=kind.states).order_by(*order).values_list("pk", flat=True)[offset : offset + NEXT_PAGE + 1])
    return cards_of(ids[:NEXT_PAGE]), len(ids) > NEXT_PAGE


def _head(project: Project, kind: ColumnKind, totals: Mapping[str, int], shown: Shown) -> Column:
    return Column(kind, None, totals[kind.key], project.wip_limits.get(kind.key), kind.key in shown.folds.collapsed)


def _lane(lane: Swimlane, counts: Counter[str], shown: Shown, *, is_filtered: bool) -> LaneOfBoard:
    tones: Counter[str] = Counter()
    for state, count in counts.items():
        tones[TONE_OF[State(state)]] += count
    totals = _by_column(counts)
    columns = [Column(kind, lane, totals[kind.key], is_folded=kind.key in shown.folds.collapsed) for kind in COLUMNS]
    return LaneOfBoard(lane, Progress(tones), _is_folded(lane, shown, is_filtered=is_filtered), columns)


def _is_folded(lane: Swimlane, shown: Shown, *, is_filtered: bool) -> bool:
    """Whether a lane is collapsed. That of a completed phase is to begin with, for the work of now; but not what a filter found."""
    if lane.key in shown.folds.collapsed:
        return True
    is_over = lane.phase is not None and lane.phase.state == PhaseState.COMPLETED
    return is_over and not is_filtered and lane.key not in shown.folds.opened and lane.key not in shown.open


def _filled(tasks: QuerySet[Task], columns: Sequence[Column], shown: Shown) -> list[Column]:
    """Put the first cards into every column that is open."""
    limits = [_limit(column, shown) for column in columns]
    ids = _first_ids(tasks, columns, limits)
    drawn = [pk for place, found in ids.items() for pk in found[_window(columns[place], shown)]]
    cards = {card.task.pk: card for card in cards_of(drawn)}
    gone = set(drawn) - set(cards)
    return [
        replace(column, cards=[cards.get(pk) or Stub(str(pk)) for pk in ids.get(place, ()) if pk not in gone])
        for place, column in enumerate(columns)
    ]


def _window(column: Column, shown: Shown) -> slice:
    """Return which cards of a column are drawn: those around the first that is seen."""
    seen = max(shown.at.get(column.cell, 0), BEFORE)
    return slice(seen - BEFORE, seen + BEHIND)


def _limit(column: Column, shown: Shown) -> int:
    if column.is_folded or not column.total:
        return 0
    return min(max(shown.cells.get(column.cell, column.page_size), column.page_size), MOST_SHOWN)


def _first_ids(tasks: QuerySet[Task], columns: Sequence[Column], limits: Sequence[int]) -> dict[int, list[int]]:
    """Return the ids of the first tasks of every column, in one statement: each state is read from an index in the column's order."""
    parts = []
    for place, (column, limit) in enumerate(zip(columns, limits, strict=True)):
        among = narrowed(tasks, column.lane) if column.lane else tasks
        for state in column.kind.states if limit else ():
            order = column.kind.order, "-id" if column.kind.order.startswith("-") else "id"
            parts.append((place, among.filter(state=state).order_by(*order).values_list("pk", "sort_key", "state_since")[:limit]))
    rows = sorted(_together(parts))
    return {place: _merged(columns[place].kind, list(found))[: limits[place]] for place, found in groupby(rows, key=lambda row: row[0])}


def _together(parts: Sequence[tuple[int, QuerySet[Any, Any]]]) -> list[tuple[Any, ...]]:
    """Return the rows of several queries in one statement, each row led by the number of its query.

    Written out because SQLite lets no part of a UNION have a LIMIT, unless it is a query within.
    """
    found = [(place, *rows.query.sql_with_params()) for place, rows in parts]
    if not found:
        return []
    statement = " UNION ALL ".join(f"SELECT {place} AS place, part.* FROM ({sql}) part" for place, sql, _ in found)
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for *_, values in found for value in values])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _merged(kind: ColumnKind, rows: list[tuple[int, int, int, object]]) -> list[int]:
    """Bring the rows (place, id, sort key, since) of a column's states into one order."""
    value = 2 if kind.order == "sort_key" else 3
    rows.sort(key=lambda row: (row[value], row[1]), reverse=kind.order.startswith("-"))
    return [row[1] for row in rows]


def _counts(phases: Sequence[Phase], matching: QuerySet[Task] | None) -> dict[int | str, Counter[str]]:
    """Count the tasks of each phase by state, from the index alone where nothing is filtered."""
    tasks = Task.objects.filter(phase__in=[phase.pk for phase in phases]) if matching is None else matching
    rows = tasks.order_by().values_list("phase_id", "state").annotate(number=Count("*"))
    counts: dict[int | str, Counter[str]] = {}
    for phase_id, state, count in rows:
        counts.setdefault(phase_id, Counter())[state] = count
    return counts


def _counts_by_agent(project: Project, matching: QuerySet[Task] | None) -> dict[int | str, Counter[str]]:
    """Count the tasks of each agent by state. Nobody's are what is left of all, so that none of them is looked at."""
    tasks = (project.tasks.all() if matching is None else matching).order_by()
    counted = [
        tasks.values_list(Value(""), "state"),
        tasks.exclude(state__in=NOT_BEGUN).exclude(last_agent="").values_list("last_agent", "state"),
        tasks.filter(state__in=NOT_BEGUN, assigned_to__isnull=False).values_list("assigned_to__name", "state"),
    ]
    counts: dict[int | str, Counter[str]] = {"": Counter()}
    for _, name, state, tally in _together([(place, rows.annotate(tally=Count("*"))) for place, rows in enumerate(counted)]):
        counts.setdefault(name, Counter())[state] += tally
        if name:
            counts[""][state] -= tally
    counts[""] = +counts[""]
    return {name: found for name, found in counts.items() if found}


def _summed(counters: Collection[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _by_column(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind.key: sum(counts.get(state, 0) for state in kind.states) for kind in COLUMNS}
