"""The attempts of a project as a grid: a row a task, a column for each time it was tried, and what took long."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import DurationField, ExpressionWrapper, F, Max, QuerySet, Sum
from django.db.models.functions import Coalesce

from coordination.models import Attempt, Project, Task
from coordination.models.clock import now
from coordination.queries.timeline import PAGE, on_a_page

COLUMNS = 10  # the newest attempts of a task; older ones are counted
SAMPLE = 1_000  # finished attempts that say what is usual
SLOW = 3  # times the usual
NEVER_SLOW = timedelta(minutes=1)
FACTS = ("task_id", "number", "claimed_at", "finished_at", "outcome", "agent__name", "agent__display_name")


class Order(StrEnum):
    NEWEST = "newest"
    SLOWEST = "slowest"
    TRIED = "tried"
    PLAN = "plan"


ORDERED = {
    Order.NEWEST: ("-last", "-pk"),
    Order.SLOWEST: ("-spent", "-pk"),
    Order.TRIED: ("-attempts_made", "-spent", "-pk"),
    Order.PLAN: ("phase__position", "phase_id", "pk"),
}


@dataclass(frozen=True)
class Box:
    """One attempt. `share` compares its length with the longest of the page, from 0 to 1."""

    task_id: int
    number: int
    outcome: str
    agent: str
    lasts: timedelta
    share: float
    is_live: bool
    is_slow: bool


@dataclass(frozen=True)
class Row:
    task: Task
    boxes: list[Box | None]
    earlier: int  # attempts before those that are shown
    spent: timedelta
    share: float


@dataclass(frozen=True)
class Column:
    number: int  # the first attempt, the second, ...
    count: int
    usual: timedelta
    share: float


@dataclass(frozen=True)
class Grid:
    rows: list[Row]
    columns: list[Column]
    total: int
    offset: int
    usual: timedelta | None  # how long an attempt usually takes

    @property
    def next_offset(self) -> int | None:
        end = self.offset + len(self.rows)
        return end if end < self.total else None


def attempts_grid(project: Project, order: Order, *, matching: QuerySet[Task] | None = None, offset: int = 0) -> Grid:
    """Return a page of the tasks that were ever claimed, with their attempts."""
    moment = now()
    tasks = project.tasks.all() if matching is None else project.tasks.filter(pk__in=matching.values("pk"))
    length = ExpressionWrapper(Coalesce(F("attempts__finished_at"), moment) - F("attempts__claimed_at"), output_field=DurationField())
    tried = tasks.filter(attempts_made__gt=0, attempts__isnull=False).annotate(
        spent=Sum(length), last=Max(Coalesce("attempts__finished_at", moment))
    )
    total = tried.order_by().count()
    offset = on_a_page(offset, total)
    page = list(tried.select_related("phase").defer("objective", "criteria", "result").order_by(*ORDERED[order])[offset : offset + PAGE])
    found: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(task__in=page).select_related("agent").only(*FACTS).order_by("task_id", "number"):
        found[attempt.task_id].append(attempt)
    usual = _usual(project)
    lengths = {attempt.pk: (attempt.finished_at or moment) - attempt.claimed_at for each in found.values() for attempt in each}
    longest = max(lengths.values(), default=timedelta(1))
    most = max((sum((lengths[attempt.pk] for attempt in each), timedelta()) for each in found.values()), default=timedelta(1))
    rows = [_row(task, found[task.pk], lengths, longest, most, usual) for task in page]
    return Grid(rows, _columns(rows), total, offset, usual)


def _row(
    task: Task, attempts: list[Attempt], lengths: dict[int, timedelta], longest: timedelta, most: timedelta, usual: timedelta | None
) -> Row:
    shown = attempts[-COLUMNS:]
    spent = sum((lengths[attempt.pk] for attempt in attempts), timedelta())
    boxes: list[Box | None] = [
        Box(
            task.pk,
            attempt.number,
            attempt.outcome,
            attempt.agent.title,
            lengths[attempt.pk],
            _share(lengths[attempt.pk], longest),
            attempt.finished_at is None,
            _is_slow(lengths[attempt.pk], usual),
        )
        for attempt in shown
    ]
    return Row(task, boxes, len(attempts) - len(shown), spent, _share(spent, most))


def _columns(rows: Iterable[Row]) -> list[Column]:
    """Make every row as long as the longest, and sum up the finished attempts of each column.

    A row whose older attempts are left out does not count: other attempts of it stand there.
    """
    rows = list(rows)
    width = max((len(row.boxes) for row in rows), default=0)
    for row in rows:
        row.boxes.extend([None] * (width - len(row.boxes)))
    counted = [[box for row in rows if not row.earlier and (box := row.boxes[place]) and not box.is_live] for place in range(width)]
    lengths = [[box.lasts for box in boxes] for boxes in counted]
    middles = [_middle(each) if each else timedelta() for each in lengths]
    longest = max(middles, default=timedelta())
    return [Column(place + 1, len(lengths[place]), middles[place], _share(middles[place], longest)) for place in range(width)]


def _usual(project: Project) -> timedelta | None:
    """Return how long half of the last finished attempts took at most."""
    ended = Attempt.objects.filter(task__project=project, finished_at__isnull=False).order_by("-pk")
    lengths = [end - begin for begin, end in ended.values_list("claimed_at", "finished_at")[:SAMPLE] if end]
    return _middle(lengths) if lengths else None


def _middle(lengths: Sequence[timedelta]) -> timedelta:
    return sorted(lengths)[(len(lengths) - 1) // 2]


def _is_slow(lasts: timedelta, usual: timedelta | None) -> bool:
    return usual is not None and lasts > max(usual * SLOW, NEVER_SLOW)


def _share(part: timedelta, whole: timedelta) -> float:
    return round(part / whole, 4) if whole else 0.0
