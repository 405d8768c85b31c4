"""Tasks as the rows of a table: sorted, in groups, one page after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Lower, NullIf

from coordination.lifecycle import State, Tier
from coordination.models import Attempt, Task
from coordination.queries.tasks import beyond

PAGE = 50
NEWEST = Attempt.objects.filter(task=OuterRef("pk"), number=OuterRef("attempts_made"))
LAST_AGENT = Coalesce(Subquery(NEWEST.values("agent__name")[:1]), Value(""))
LAST_AGENT_TITLE = Subquery(NEWEST.values(title=Coalesce(NullIf("agent__display_name", Value("")), "agent__name"))[:1])


def _in_order(field: str, values: Sequence[str]) -> Case:
    whens = [When(**{field: value}, then=Value(place)) for place, value in enumerate(values)]
    return Case(*whens, default=Value(len(values)), output_field=IntegerField())


@dataclass(frozen=True)
class Column:
    """A column that the table can be sorted by; `falls` says that its first click puts the largest on top."""

    key: str
    title: str
    by: Combinable
    falls: bool = False


COLUMNS = (
    Column("id", "Id", F("pk")),
    Column("title", "Title", Lower("title")),
    Column("state", "State", _in_order("state", list(State))),
    Column("phase", "Phase", F("phase__position")),
    Column("priority", "Priority", F("priority")),
    Column("tier", "Tier", _in_order("tier", list(Tier)), falls=True),
    Column("agent", "Agent", LAST_AGENT),
    Column("attempts", "Attempts", F("attempts_made"), falls=True),
    Column("age", "In state", F("state_since")),
)
BY_KEY = {column.key: column for column in COLUMNS}
SORTS = tuple(name for column in COLUMNS for name in (column.key, f"-{column.key}"))
DEFAULT_SORT = "id"


@dataclass(frozen=True)
class Grouping:
    """What the rows can be grouped by: `by` orders the groups, `named` are the columns that tell which one it is."""

    key: str
    by: Combinable
    named: str


GROUPS = {
    "phase": Grouping("phase", F("phase__position"), "phase__name"),
    "state": Grouping("state", _in_order("state", list(State)), "state"),
    "agent": Grouping("agent", LAST_AGENT, ""),
}


@dataclass(frozen=True)
class Group:
    """The rows of one group on this page; `total` counts all of it. `key` is "" where nothing is grouped, or for no agent."""

    key: str
    total: int
    tasks: list[Task]


@dataclass(frozen=True)
class Page:
    """`first` is the place of the first row among all; `next_position` leads to the page after, None if this is the last."""

    groups: list[Group]
    total: int
    first: int
    next_position: list[Any] | None

    @property
    def last(self) -> int:
        return self.first - 1 + sum(len(group.tasks) for group in self.groups)


def task_list(
    tasks: QuerySet[Task], *, sort: str = DEFAULT_SORT, group: str = "", position: Sequence[Any] | None = None, limit: int = PAGE
) -> Page:
    """Return the page of rows behind `position`, which the page before gave."""
    grouping = GROUPS.get(group)
    ordered, columns = _ordered(tasks, sort, grouping)
    before, place = (int(position[0]), position[1:]) if position else (0, None)
    if place is not None and len(place) == len(columns):
        ordered = ordered.filter(beyond(columns, place))
    rows = list(_with_facts(ordered).order_by(*columns)[: limit + 1])
    shown, has_more = rows[:limit], len(rows) > limit
    totals = _totals(tasks, grouping)
    following = [before + limit, *(_plain(getattr(shown[-1], name.lstrip("-"))) for name in columns)] if has_more else None
    return Page(_grouped(shown, grouping, totals), sum(totals.values()), before + 1, following)


def _ordered(tasks: QuerySet[Task], sort: str, grouping: Grouping | None) -> tuple[QuerySet[Task], list[str]]:
    column = BY_KEY[sort.lstrip("-")] if sort in SORTS else BY_KEY[DEFAULT_SORT]
    sign = "-" if sort.startswith("-") else ""
    # The age grows as the moment that it began lies further back.
    if column.key == "age":
        sign = "" if sign else "-"
    columns = [f"{sign}sorted_by"] if column.key != "id" else []
    tasks = tasks.annotate(sorted_by=column.by) if columns else tasks
    if grouping:
        tasks = tasks.annotate(grouped_by=grouping.by)
        columns.insert(0, "grouped_by")
    return tasks, [*columns, f"{sign}id"]


def _with_facts(tasks: QuerySet[Task]) -> QuerySet[Task]:
    return (
        tasks.select_related("phase", "assigned_to", "lease__agent")
        .annotate(last_agent_name=LAST_AGENT, last_agent=LAST_AGENT_TITLE)
        .defer("objective", "criteria", "result")
    )


def _totals(tasks: QuerySet[Task], grouping: Grouping | None) -> dict[str, int]:
    """Count the tasks of each group."""
    if grouping is None:
        return {"": tasks.count()}
    if grouping.named:
        counted = tasks.order_by().values_list(grouping.named).annotate(Count("pk"))
    else:
        counted = tasks.order_by().annotate(group_name=grouping.by).values_list("group_name").annotate(Count("pk"))
    return dict(counted)


def _grouped(shown: Sequence[Task], grouping: Grouping | None, totals: dict[str, int]) -> list[Group]:
    groups: dict[str, Group] = {}
    for task in shown:
        key = _group_of(task, grouping)
        groups.setdefault(key, Group(key, totals.get(key, 0), [])).tasks.append(task)
    return list(groups.values())


def _group_of(task: Task, grouping: Grouping | None) -> str:
    if grouping is None:
        return ""
    if grouping.key == "agent":
        return str(getattr(task, "last_agent_name", ""))
    return task.phase.name if grouping.key == "phase" else task.state


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
