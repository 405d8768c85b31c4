"""The timeline of a project: when tasks ran and what they waited for in between, a row a task or a row an agent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from coordination.lifecycle import FINISHED, LEASED, State
from coordination.models import Agent, Attempt, Event, Project, Task
from coordination.models.clock import now
from coordination.queries.timescale import Scale, Tick, scale, ticks

PAGE = 50  # rows
MOST_ATTEMPTS = 1_500  # on one page
AHEAD = 0.02  # of the whole, right of now, for what runs to grow into
SHORTEST_WAIT = timedelta(seconds=1)
SHORTEST = timedelta(minutes=5)  # from left to right
# What state an event leaves its task in; other events leave it as it is.
STATE_AFTER = {
    "task.created": State.WAITING,
    "task.queued": State.QUEUED,
    "task.held": State.WAITING,
    "task.retrying": State.WAITING,
    "task.claimed": State.CLAIMED,
    "task.started": State.RUNNING,
    "task.submitted": State.REVIEW,
    "task.done": State.DONE,
    "task.failed": State.FAILED,
    "task.asked": State.BLOCKED,
    "task.answered": State.QUEUED,
    "task.released": State.QUEUED,
    "task.expired": State.QUEUED,
    "task.approved": State.DONE,
    "task.adopted": State.DONE,
    "task.changes_requested": State.QUEUED,
    "task.cancelled": State.CANCELLED,
    "task.requeued": State.QUEUED,
    "task.put_back": State.WAITING,
    "task.review_reopened": State.REVIEW,
    "task.asks_again": State.BLOCKED,
    "task.stays_done": State.DONE,
    "task.stays_failed": State.FAILED,
}


class Range(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    ALL = "all"


LENGTH = {Range.HOUR: timedelta(hours=1), Range.DAY: timedelta(days=1), Range.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class Bar:
    """An attempt (`number` is set) or a wait: when, and where it is drawn. `end` None: it lasts until now."""

    task_id: int
    state: str
    start: datetime
    end: datetime | None
    left: float
    width: float
    moment: datetime
    number: int = 0
    outcome: str = ""
    agent: str = ""
    title: str = ""
    lane: int = 0

    @property
    def is_live(self) -> bool:
        return self.end is None

    @property
    def lasts(self) -> timedelta:
        return (self.end or self.moment) - self.start


@dataclass(frozen=True)
class Row:
    """A task or an agent with its bars. `lanes`: how many attempts an agent had at once."""

    title: str
    bars: list[Bar]
    task: Task | None = None
    agent: Agent | None = None
    lanes: int = 1

    @property
    def attempts(self) -> list[Bar]:
        return [bar for bar in self.bars if bar.number]


@dataclass(frozen=True)
class Timeline:
    rows: list[Row]
    scale: Scale
    ticks: list[Tick]
    start: datetime
    moment: datetime
    now_at: float  # percent
    total: int  # rows, of all pages
    offset: int
    is_cut: bool  # more attempts than are drawn

    @property
    def next_offset(self) -> int | None:
        end = self.offset + len(self.rows)
        return end if end < self.total else None


def by_task(project: Project, span: Range, *, matching: QuerySet[Task] | None = None, offset: int = 0, keep_idle: bool = False) -> Timeline:
    """Return a page of tasks that ran in the range, those that ran last on the first page, in the order in which they began."""
    moment = now()
    since = moment - LENGTH[span] if span in LENGTH else None
    ran = project.tasks.all() if matching is None else project.tasks.filter(pk__in=matching.values("pk"))
    ran = ran.filter(_within(since, "attempts__")).annotate(
        began=Min("attempts__claimed_at"), last=Max(Coalesce("attempts__finished_at", moment))
    )
    total = ran.order_by().count()
    offset = on_a_page(offset, total)
    tasks = list(ran.only("id", "title", "state", "state_since", "project_id").order_by("-last", "-pk")[offset : offset + PAGE])
    attempts = _attempts(Attempt.objects.filter(_within(since), task__in=[task.pk for task in tasks]))
    waits = _waits(tasks)
    start = _start(since, [*(each.claimed_at for each in attempts), *_first_waits(waits, since)], moment)
    drawn = _scale(start, moment, attempts, keep_idle=keep_idle)
    of_task: dict[int, list[Bar]] = defaultdict(list)
    for task_id, found in waits.items():
        of_task[task_id] += [_wait(task_id, each, drawn, start, moment) for each in found if (each[2] or moment) > start]
    for attempt in attempts:
        of_task[attempt.task_id].append(_bar(attempt, drawn, start, moment))
    rows = [Row(task.title, sorted(of_task[task.pk], key=lambda bar: (bool(bar.number), bar.start)), task=task) for task in tasks]
    rows.sort(key=lambda row: min((bar.start for bar in row.attempts), default=moment))
    return _timeline(rows, drawn, start, moment, total, offset, len(attempts))


def by_agent(
    project: Project, span: Range, *, matching: QuerySet[Task] | None = None, offset: int = 0, keep_idle: bool = False
) -> Timeline:
    """Return a page of agents that had attempts in the range, by name, with those attempts."""
    moment = now()
    since = moment - LENGTH[span] if span in LENGTH else None
    wanted = Attempt.objects.filter(_within(since), task__project=project)
    if matching is not None:
        wanted = wanted.filter(task__in=matching.values("pk"))
    counted = wanted.order_by().values("agent").annotate(Count("pk")).order_by("agent__name")
    ids = [row["agent"] for row in counted]
    offset = on_a_page(offset, len(ids))
    page = ids[offset : offset + PAGE]
    agents = {agent.pk: agent for agent in Agent.objects.filter(pk__in=page)}
    attempts = _attempts(wanted.filter(agent__in=page))
    start = _start(since, [each.claimed_at for each in attempts], moment)
    drawn = _scale(start, moment, attempts, keep_idle=keep_idle)
    of_agent: dict[int, list[Bar]] = defaultdict(list)
    for attempt in attempts:
        of_agent[attempt.agent_id].append(_bar(attempt, drawn, start, moment))
    rows = []
    for pk in page:
        bars, lanes = _in_lanes(of_agent[pk], moment)
        rows.append(Row(agents[pk].title, bars, agent=agents[pk], lanes=lanes))
    return _timeline(rows, drawn, start, moment, len(ids), offset, len(attempts))


def on_a_page(offset: int, total: int) -> int:
    """Return the offset, or that of the last page where there is nothing so far on."""
    return offset if offset < total else max(0, total - 1) // PAGE * PAGE


def _within(since: datetime | None, through: str = "") -> Q:
    if since is None:
        return Q(**{f"{through}isnull": False}) if through else Q()
    still = Q(**{f"{through}claimed_at__isnull": False, f"{through}finished_at": None})
    return still | Q(**{f"{through}finished_at__gte": since})


def _attempts(found: QuerySet[Attempt]) -> list[Attempt]:
    facts = ("task_id", "number", "agent_id", "claimed_at", "finished_at", "outcome", "agent__name", "agent__display_name", "task__title")
    newest = found.select_related("agent", "task").only(*facts).order_by("-claimed_at", "-pk")
    return list(newest[:MOST_ATTEMPTS])[::-1]


Wait = tuple[str, datetime, datetime | None]  # state, from, until


def _waits(tasks: Iterable[Task]) -> dict[int, list[Wait]]:
    """Return the stretches in which each task waited, from the event log."""
    open_state: dict[int, tuple[str, datetime]] = {}
    waits: dict[int, list[Wait]] = defaultdict(list)
    events = Event.objects.filter(task_id__in=[task.pk for task in tasks], kind__in=STATE_AFTER).order_by("task_id", "at", "id")
    for task_id, kind, at in events.values_list("task_id", "kind", "at"):
        assert task_id is not None  # asked for by number
        state = STATE_AFTER[kind]
        before = open_state.get(task_id)
        if before and before[0] == state:
            continue
        if before and _is_wait(before[0]) and at - before[1] >= SHORTEST_WAIT:
            waits[task_id].append((before[0], before[1], at))
        open_state[task_id] = (state, at)
    for task in tasks:
        if _is_wait(task.state):
            waits[task.pk].append((task.state, task.state_since, None))
    return waits


def _is_wait(state: str) -> bool:
    return State(state) not in FINISHED | LEASED


def _first_waits(waits: Mapping[int, list[Wait]], since: datetime | None) -> list[datetime]:
    return [each[1] for found in waits.values() for each in found if since is None or each[1] > since]


def _start(since: datetime | None, moments: Iterable[datetime], moment: datetime) -> datetime:
    """Return where the timeline begins: with what happened first, but no earlier than the range."""
    first = min(moments, default=moment)
    return min(max(first, since) if since else first, moment - SHORTEST)


def _scale(start: datetime, moment: datetime, attempts: Iterable[Attempt], *, keep_idle: bool) -> Scale:
    end = moment + (moment - start) * AHEAD
    pause = (moment - start) * 0.01  # so that an attempt beside a shortened stretch does not touch it
    busy = [(max(each.claimed_at - pause, start), (each.finished_at or moment) + pause) for each in attempts]
    busy = [span for span in busy if span[1] > span[0]]
    zone = timezone.get_current_timezone()
    return scale(start.astimezone(zone), end.astimezone(zone), [*busy, (moment - pause, end)], keep_idle=keep_idle)


def _bar(attempt: Attempt, drawn: Scale, start: datetime, moment: datetime) -> Bar:
    end = attempt.finished_at
    left = drawn.place(max(attempt.claimed_at, start))
    return Bar(
        attempt.task_id,
        State.RUNNING,
        attempt.claimed_at,
        end,
        left,
        round(drawn.place(end or moment) - left, 3),
        moment,
        attempt.number,
        attempt.outcome,
        attempt.agent.title,
        attempt.task.title,
    )


def _wait(task_id: int, wait: Wait, drawn: Scale, start: datetime, moment: datetime) -> Bar:
    state, begin, end = wait
    left = drawn.place(max(begin, start))
    return Bar(task_id, state, begin, end, left, round(drawn.place(end or moment) - left, 3), moment)


def _in_lanes(bars: Iterable[Bar], moment: datetime) -> tuple[list[Bar], int]:
    """Put attempts that ran at the same time below each other."""
    free: list[datetime] = []
    placed = []
    for bar in sorted(bars, key=lambda bar: bar.start):
        lane = next((number for number, until in enumerate(free) if until <= bar.start), len(free))
        free[lane : lane + 1] = [bar.end or moment]
        placed.append(Bar(**{**vars(bar), "lane": lane}))
    return placed, max(1, len(free))


def _timeline(rows: list[Row], drawn: Scale, start: datetime, moment: datetime, total: int, offset: int, attempts: int) -> Timeline:
    now_at = drawn.place(moment)
    marks = ticks(drawn, clear_of=[now_at])
    return Timeline(rows, drawn, marks, start, moment, now_at, total, offset, attempts >= MOST_ATTEMPTS)
