"""The board as it was: the state of every task at a place of the event log, told by the log alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from coordination.lifecycle import STATE_AFTER, State
from coordination.models import Event, Project
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.queries.board import COLUMNS, ColumnKind
from coordination.queries.plan import TONE_OF

CARDS = 12  # of each column; the others are counted
STEPS = 16  # moments that one answer knows ahead and behind, so that a fast replay may leap
LOOK = 400  # events that are read to find them
MOST_HAPPENED = 12
NOW = 2**62  # behind every event
# What changes the board: one such moment is one step.
BOARD_KINDS = [
    *STATE_AFTER,
    *(f"phase.{verb}" for verb in ("started", "completed", "paused", "resumed", "reopened")),
    *("project.paused", "project.resumed"),
]
CHAPTERS = ["phase.started", "phase.completed", "phase.reopened", "project.paused"]
MOST_CHAPTERS = 60


@dataclass(frozen=True)
class OldCard:
    """A task as it was. `event` is the one that brought it into its state, `is_new` if that happened in this very step."""

    task_id: int
    title: str
    state: State
    since: datetime
    event_id: int
    agent: str
    is_new: bool
    age: timedelta  # in that state, at that moment


@dataclass(frozen=True)
class OldColumn:
    kind: ColumnKind
    total: int
    cards: list[OldCard]

    @property
    def more(self) -> int:
        return self.total - len(self.cards)


@dataclass(frozen=True)
class Chapter:
    """A moment worth a mark on the slider."""

    event: Event
    permille: int


@dataclass(frozen=True)
class Replay:
    """The board at event `at`. `before` and `after` are the moments around it, nearest first, each as the number of its last event."""

    at: int
    first: int
    last: int
    moment: Event | None
    columns: list[OldColumn]
    tones: dict[str, int]
    before: list[int]
    after: list[int]
    started_at: datetime | None
    begins_late: bool  # older events were dropped, so a task appears with its first event that is left
    chapters: list[Chapter] = field(default_factory=list)
    happened: list[Event] = field(default_factory=list)  # between the moment before and this one, newest first

    @property
    def is_now(self) -> bool:
        return self.at >= self.last

    @property
    def previous(self) -> int | None:
        return self.before[0] if self.before else None

    @property
    def next(self) -> int | None:
        return self.after[0] if self.after else None

    @property
    def leap(self) -> int | None:
        return self.after[-1] if self.after else None

    @property
    def age(self) -> timedelta:
        """How far the moment is from the beginning."""
        return self.moment.at - self.started_at if self.moment and self.started_at else timedelta()

    @property
    def done(self) -> int:
        return self.tones.get("done", 0)

    @property
    def scope(self) -> int:
        return sum(count for tone, count in self.tones.items() if tone != "cancelled")


def replay(project: Project, *, at: int | None = None, moment: datetime | None = None) -> Replay:
    """Return the board as it was after event `at`, or at `moment`; without either, as it is now by the log. Six queries."""
    events = Event.objects.filter(project=project)
    bounds = rows(BOUNDS, {"project": project.pk})
    if not bounds:
        return Replay(0, 0, 0, None, [OldColumn(kind, 0, []) for kind in COLUMNS], {}, [], [], None, False)
    first, started_at, kind, last = bounds[0]
    if moment is not None and at is None:
        at = events.filter(at__lte=moment).order_by("-txid", "-pk").values_list("pk", flat=True).first() or first - 1
    recent = list(events.filter(pk__lte=last if at is None else at).order_by("-pk")[:MOST_HAPPENED])
    here = recent[0] if recent else None
    place = here.pk if here else first - 1
    before, after = _around(events, place, here)
    # What did not change the board stands before the first step and behind the last.
    if len(before) < STEPS and first < (before[-1] if before else place):
        before.append(first)
    if len(after) < STEPS and last > (after[-1] if after else place):
        after.append(last)
    is_now, is_cut = place >= last, kind != "project.created"
    past = _Past(NOW if is_now else place, before[0] if before else 0, now() if is_now or here is None else here.at)
    cards, totals = _states(project, past, is_cut=is_cut)
    return Replay(
        at=place,
        first=first,
        last=last,
        moment=here,
        columns=[OldColumn(kind, sum(totals.get(state, 0) for state in kind.states), cards.get(kind.key, [])) for kind in COLUMNS],
        tones=_tones(totals),
        before=before,
        after=after,
        started_at=_aware(started_at),
        begins_late=is_cut,
        chapters=_chapters(events, first, last),
        happened=[event for event in recent if event.pk > (before[0] if before else 0)],
    )


BOUNDS = """
    SELECT f.id, f.at, f.kind, l.id FROM (
        SELECT id, at, kind FROM coordination_event WHERE project_id = %(project)s ORDER BY txid, id LIMIT 1
    ) f CROSS JOIN (
        SELECT id FROM coordination_event WHERE project_id = %(project)s ORDER BY txid DESC, id DESC LIMIT 1
    ) l"""


def states_at(project: Project, at: int = NOW) -> dict[int, State]:
    """Return the state of every task after event `at`."""
    found = rows(f"{_states_sql(is_cut=False)} SELECT id, state FROM known WHERE state IS NOT NULL", _params(project, at))
    return {task: State(state) for task, state in found}


def _around(events: QuerySet[Event], place: int, here: Event | None) -> tuple[list[int], list[int]]:
    """Return the moments before and after. What happened at the same microsecond, such as a whole plan, is one moment."""
    facts = events.filter(kind__in=BOARD_KINDS).values_list("pk", "at")
    later = list(facts.filter(pk__gt=place).order_by("pk")[:LOOK])
    earlier = list(facts.filter(pk__lte=place).order_by("-pk")[:LOOK])
    after = [[pk for pk, _ in group][-1] for _, group in groupby(later, key=lambda fact: fact[1])]
    before = [next(group)[0] for _, group in groupby(earlier, key=lambda fact: fact[1])]
    is_step = bool(earlier) and here is not None and earlier[0][1] == here.at
    return before[1 if is_step else 0 :][:STEPS], after[:STEPS]


def _tones(totals: dict[State, int]) -> dict[str, int]:
    tones: dict[str, int] = {}
    for state, count in totals.items():
        tones[TONE_OF[state]] = tones.get(TONE_OF[state], 0) + count
    return tones


def _case(column: str, words: dict[str, str]) -> str:
    whens = " ".join(f"WHEN '{word}' THEN '{value}'" for word, value in words.items())
    return f"CASE {column} {whens} END"


KINDS = ", ".join(f"'{kind}'" for kind in STATE_AFTER)
STATE_OF_KIND = _case("e.kind", {kind: str(state) for kind, state in STATE_AFTER.items()})
COLUMN_OF_STATE = _case("state", {str(state): kind.key for kind in COLUMNS for state in kind.states})
UNTOUCHED = f"""CASE WHEN NOT EXISTS (
        SELECT 1 FROM coordination_event k WHERE k.task_id = last.id AND k.kind IN ({KINDS})) THEN last.present END"""


def _states_sql(*, is_cut: bool) -> str:
    """Return the state of each task after the last event about its state, found by a probe of the index for each task.

    With `is_cut`, old events are missing: a task that has none left is as it was all that time.
    """
    return f"""
    WITH last AS (
        SELECT t.id, t.state AS present, t.state_since, (
            SELECT e.id FROM coordination_event e
            WHERE e.task_id = t.id AND e.id <= %(at)s AND e.kind IN ({KINDS}) ORDER BY e.id DESC LIMIT 1) AS event
        FROM coordination_task t WHERE t.project_id = %(project)s
    ), known AS MATERIALIZED (
        SELECT last.id, coalesce(e.at, last.state_since) AS since, coalesce(e.id, 0) AS event, e.agent_id,
            CASE WHEN e.id IS NOT NULL THEN {STATE_OF_KIND}
                ELSE {UNTOUCHED if is_cut else "NULL"} END AS state
        FROM last LEFT JOIN coordination_event e ON e.id = last.event
    )"""


# The cards of each column, and behind them one row for each state with the number of its tasks.
CARDS_AND_COUNTS = f"""
    SELECT placed.id, t.title, placed.since, placed.event, coalesce(nullif(a.display_name, ''), a.name), placed.state FROM (
        SELECT known.*, ROW_NUMBER() OVER (PARTITION BY {COLUMN_OF_STATE} ORDER BY event DESC, id DESC) AS place
        FROM known WHERE state IS NOT NULL
    ) placed JOIN coordination_task t ON t.id = placed.id LEFT JOIN coordination_agent a ON a.id = placed.agent_id
    WHERE place <= {CARDS}
    UNION ALL SELECT NULL, '', CAST(NULL AS timestamptz), count(*), '', state FROM known WHERE state IS NOT NULL GROUP BY state"""


def _params(project: Project, at: int) -> dict[str, Any]:
    return {"project": project.pk, "at": at}


@dataclass(frozen=True)
class _Past:
    """Where in the log the reader stands: after event `at`, at `moment`, one step on from `step_from`."""

    at: int
    step_from: int
    moment: datetime


def _states(project: Project, past: _Past, *, is_cut: bool) -> tuple[dict[str, list[OldCard]], dict[State, int]]:
    """Return the first cards of each column, newest first, and the number of tasks in each state."""
    found = rows(_states_sql(is_cut=is_cut) + CARDS_AND_COUNTS, _params(project, past.at))
    cards: dict[str, list[OldCard]] = {}
    for task, title, at, event, agent, state in sorted(found, key=lambda row: (-row[3], -(row[0] or 0))):
        if task is None:
            continue
        since = _aware(at)
        card = OldCard(
            task_id=task,
            title=title,
            state=State(state),
            since=since,
            event_id=event,
            agent=agent or "",
            is_new=event > past.step_from > 0,
            age=max(timedelta(), past.moment - since),
        )
        cards.setdefault(next(kind.key for kind in COLUMNS if state in kind.states), []).append(card)
    return cards, {State(row[5]): int(row[3]) for row in found if row[0] is None}


def _aware(moment: datetime | str) -> datetime:
    """Read a time of a raw row: SQLite keeps it as text, in UTC without saying so."""
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _chapters(events: QuerySet[Event], first: int, last: int) -> list[Chapter]:
    marks = list(events.filter(kind__in=CHAPTERS).order_by("-txid", "-pk")[:MOST_CHAPTERS])
    length = max(1, last - first)
    return [Chapter(mark, 1000 * (mark.pk - first) // length) for mark in reversed(marks)]
