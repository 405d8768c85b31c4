"""Tasks as the rows of a table: sorted, in groups, one page after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Lower, NullIf

from coordination.lifecycle import State, Tier
from coordination.models import Agent, Task
from coordination.queries.tasks import beyond
from coordination.queries.waiting import FOLLOWED

PAGE = 50
TITLES = Agent.objects.values(title=Coalesce(NullIf("display_name", Value("")), "name"))
LAST_AGENT_TITLE = Subquery(TITLES.filter(name=OuterRef("last_agent"))[:1])


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
    Column("agent", "Agent", F("last_agent")),
    Column("attempts", "Attempts", F("attempts_made"), falls=True),
    Column("age", "In state", F("state_since")),
)
BY_KEY = {column.key: column for column in COLUMNS}
SORTS = tuple(name for column in COLUMNS for name in (column.key, f"-{column.key}"))
DEFAULT_SORT = "id"


@dataclass(frozen=True)
class Grouping:
    """What the rows can be grouped by: `by` orders the groups, the column `named` tells which one it is."""

    key: str
    by: Combinable
    named: str


GROUPS = {
    "phase": Grouping("phase", F("phase__position"), "phase__name"),
    "state": Grouping("state", _in_order("state", list(State)), "state"),
    "agent": Grouping("agent", F("last_agent"), "last_agent"),
}


@dataclass(frozen=True)
class Group:
    """The rows of one group on this page; `total` counts all of it. `key` is "" where nothing is grouped, or for no agent."""

    key: str
    title: str
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
    names = [name.lstrip("-") for name in columns]
    # Their places first: whole rows would go through the sorting, of which a page needs few.
    places = list(ordered.order_by(*columns).values_list(*names)[: limit + 1])
    totals = _totals(tasks, grouping)
    following = [before + limit, *map(_plain, places[limit - 1])] if len(places) > limit else None
    shown = _rows([place[-1] for place in places[:limit]])
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


def _rows(ids: Sequence[int]) -> list[Task]:
    """Return these tasks in this order, with what a row tells of them."""
    tasks = Task.objects.filter(pk__in=ids).select_related("phase", "assigned_to", "lease__agent")
    told = tasks.annotate(agent_title=LAST_AGENT_TITLE, followed=FOLLOWED)
    found = {task.pk: task for task in told.defer("objective", "criteria", "result")}
    return [found[pk] for pk in ids if pk in found]


def _totals(tasks: QuerySet[Task], grouping: Grouping | None) -> dict[str, int]:
    """Count the tasks of each group."""
    if grouping is None:
        return {"": tasks.count()}
    return dict(tasks.order_by().values_list(grouping.named).annotate(Count("pk")))


def _grouped(shown: Sequence[Task], grouping: Grouping | None, totals: dict[str, int]) -> list[Group]:
    groups: dict[str, Group] = {}
    for task in shown:
        key = _group_of(task, grouping)
        title = getattr(task, "agent_title", None) if grouping and grouping.key == "agent" else key
        groups.setdefault(key, Group(key, title or key, totals.get(key, 0), [])).tasks.append(task)
    return list(groups.values())


def _group_of(task: Task, grouping: Grouping | None) -> str:
    if grouping is None:
        return ""
    if grouping.key == "agent":
        return task.last_agent
    return task.phase.name if grouping.key == "phase" else task.state


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
