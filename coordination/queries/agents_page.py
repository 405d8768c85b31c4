"""The agents, each with what it does right now and how it did; and all that one agent's page shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median_low

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from coordination.lifecycle import AgentState, State
from coordination.models import Agent, AgentHour, ApiKey, Attempt, LaneAgent, Lease, Message, MessageAck, Task
from coordination.queries.access import Caller, Permission, visible_agents, visible_tasks
from coordination.queries.agent_health import Return, Trouble, came_back, lost_in_silence, troubles, with_keys
from coordination.queries.agent_titles import with_author_title
from coordination.queries.project_settings import keys_of_agent
from coordination.queries.shares import percent

ORDER = (AgentState.ACTIVE, AgentState.IDLE, AgentState.SILENT, AgentState.RETIRED)
AWAY = (AgentState.SILENT, AgentState.RETIRED)
GOOD = ["done", "submitted", "late"]
BAD = ["failed", "expired"]
RECENT_ATTEMPTS = 20
RECENT_MESSAGES = 30
STRIP_HOURS = 24
CELL = 15  # minutes in one cell of the strip


@dataclass(frozen=True)
class Record:
    """How the attempts of an agent ended, as far as the reader may see their tasks."""

    good: int = 0
    bad: int = 0
    cost: Decimal = Decimal(0)
    last_finished: datetime | None = None

    @property
    def rate(self) -> int | None:
        """Percent of the attempts that came to an end of their own and failed."""
        return percent(self.bad, self.good + self.bad) if self.good + self.bad else None


@dataclass(frozen=True)
class Worker:
    """An agent as the table shows it. `elsewhere` counts the tasks it holds in projects that the reader may not see."""

    agent: Agent
    state: AgentState
    current: list[Lease]
    elsewhere: int
    record: Record
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        return bool(self.current) or self.elsewhere > 0


@dataclass(frozen=True)
class Group:
    state: AgentState
    workers: list[Worker]


@dataclass(frozen=True)
class Fleet:
    groups: list[Group]
    stranded: list[Task]  # they wait still, and no agent could ever run them
    retired: int

    @property
    def is_empty(self) -> bool:
        return not self.groups


def fleet(caller: Caller, *, with_retired: bool = False) -> Fleet:
    """Return the agents grouped by state; five queries, whatever their number."""
    agents = list(with_keys(visible_agents(caller)))
    # Who is retired and works still belongs to those one looks after.
    workers = [each for each in _workers(caller, agents) if with_retired or each.agent.retired_at is None or each.is_busy]
    groups = [Group(state, found) for state in ORDER if (found := [worker for worker in workers if worker.state is state])]
    return Fleet(groups, stranded(caller), sum(agent.retired_at is not None for agent in agents))


def stranded(caller: Caller, limit: int = 5) -> list[Task]:
    """Return waiting tasks that no agent could run when their time comes; for queued ones see starved.py."""
    open_tasks = visible_tasks(caller).filter(state=State.WAITING)
    served = LaneAgent.objects.filter(agent__retired_at=None).values("lane")
    return list(open_tasks.exclude(lane__in=served).select_related("project").order_by("priority", "id")[:limit])


def _workers(caller: Caller, agents: Iterable[Agent]) -> list[Worker]:
    agents = list(agents)
    leases: dict[int, list[Lease]] = {}
    for lease in Lease.objects.filter(agent__in=agents).select_related("task__project", "attempt").order_by("acquired_at"):
        leases.setdefault(lease.agent_id, []).append(lease)
    records = _records(caller, agents)
    return [_worker(caller, agent, leases.get(agent.pk, []), records.get(agent.pk, Record())) for agent in agents]


def _worker(caller: Caller, agent: Agent, leases: list[Lease], record: Record) -> Worker:
    agent.holds_lease = bool(leases)  # type: ignore[attr-defined]  # what with_lease annotates
    seen = [lease for lease in leases if caller.permission_in(lease.task.project_id) is not None]
    matter = troubles(agent, holds=bool(leases), moment=timezone.now())  # only told, so the database need not be asked for its time
    return Worker(agent, agent.state, seen, len(leases) - len(seen), record, matter)


def _seen_attempts(caller: Caller) -> QuerySet[Attempt]:
    attempts = Attempt.objects.all()
    return attempts if caller.project_ids is None else attempts.filter(task__project__in=caller.project_ids)


def _records(caller: Caller, agents: Iterable[Agent]) -> dict[int, Record]:
    rows = (
        _seen_attempts(caller)
        .filter(agent__in=list(agents))
        .order_by()
        .values("agent")
        .annotate(
            good=Count("pk", filter=Q(outcome__in=GOOD)),
            bad=Count("pk", filter=Q(outcome__in=BAD)),
            cost=Sum("cost_usd"),
            last=Max("finished_at"),
        )
    )
    return {row["agent"]: Record(row["good"], row["bad"], row["cost"] or Decimal(0), row["last"]) for row in rows}


@dataclass(frozen=True)
class Cell:
    """A quarter of an hour of the strip: in how many of its minutes the agent gave a sign of life."""

    place: int
    start: datetime
    minutes: int

    @property
    def x(self) -> int:
        return 10 * self.place + 1

    @property
    def height(self) -> int:
        return 6 + 48 * self.minutes // CELL

    @property
    def y(self) -> int:
        return 59 - self.height


@dataclass(frozen=True)
class HourOfLife:
    start: datetime
    minutes: int


@dataclass(frozen=True)
class AgentPage:
    worker: Worker
    cells: list[Cell]
    hours: list[HourOfLife]
    attempts: list[Attempt]
    typical: float | None  # seconds that half of its recent good attempts took at most
    back: Return | None
    lost: list[Attempt]  # taken from it in its last silence
    messages: list[Message]
    keys: list[ApiKey]
    serves: int  # queued tasks that it could take

    @property
    def unread(self) -> int:
        """Messages to it that it has not acknowledged."""
        mine = [message for message in self.messages if message.to_agent_id == self.worker.agent.pk]
        return sum(not message.is_read for message in mine)  # type: ignore[attr-defined]  # annotated


def agent_page(caller: Caller, agent: Agent) -> AgentPage:
    """Return everything on the page of one agent."""
    worker = _workers(caller, with_keys(Agent.objects.filter(pk=agent.pk)))[0]
    moment = timezone.now()
    noted = _noted(agent, moment)
    cells, hours = _strip(noted, moment)
    attempts = list(_seen_attempts(caller).filter(agent=agent).select_related("task__project").order_by("-pk")[:RECENT_ATTEMPTS])
    back = None if worker.state in AWAY else came_back(noted, moment)
    return AgentPage(
        worker=worker,
        cells=cells,
        hours=hours,
        attempts=attempts,
        typical=_typical(attempts),
        back=back,
        lost=lost_in_silence(agent, back, attempts),
        messages=_messages(caller, agent),
        keys=list(keys_of_agent(agent)) if caller.may_everywhere(Permission.ADMIN) else [],
        serves=visible_tasks(caller).filter(state=State.QUEUED, lane__in=LaneAgent.objects.filter(agent=agent).values("lane")).count(),
    )


def heartbeats(agent: Agent) -> tuple[list[Cell], list[HourOfLife]]:
    """Return the last 24 hours, in quarters for the strip and in hours for the table beside it."""
    moment = timezone.now()  # only to draw with, so the database need not be asked for its time
    return _strip(_noted(agent, moment), moment)


def _noted(agent: Agent, moment: datetime) -> dict[datetime, int]:
    """Return the hours of the strip, each with the minutes in which the agent gave a sign of life."""
    hours = AgentHour.objects.filter(agent=agent, hour__gt=moment - timedelta(hours=STRIP_HOURS + 1))
    return dict(hours.values_list("hour", "minutes"))


def _strip(noted: Mapping[datetime, int], moment: datetime) -> tuple[list[Cell], list[HourOfLife]]:
    last = moment.replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(hours=STRIP_HOURS - 1)
    hours = [first + timedelta(hours=number) for number in range(STRIP_HOURS)]
    quarter = (1 << CELL) - 1
    newest = moment.replace(minute=moment.minute // CELL * CELL, second=0, microsecond=0)
    count = STRIP_HOURS * 60 // CELL
    starts = [newest - timedelta(minutes=CELL * (count - 1 - place)) for place in range(count)]
    cells = [
        Cell(place, start, bin((noted.get(start.replace(minute=0), 0) >> start.minute) & quarter).count("1"))
        for place, start in enumerate(starts)
    ]
    return cells, [HourOfLife(hour, bin(noted.get(hour, 0)).count("1")) for hour in reversed(hours)]


def _typical(attempts: Iterable[Attempt]) -> float | None:
    took = [attempt.took.total_seconds() for attempt in attempts if attempt.took and attempt.outcome in GOOD]
    return median_low(took) if took else None


def _messages(caller: Caller, agent: Agent) -> list[Message]:
    said = Message.objects.filter(Q(to_agent=agent) | Q(author_kind="agent", author_id=agent.pk))
    if caller.project_ids is not None:
        said = said.filter(project__in=caller.project_ids)
    read = Exists(MessageAck.objects.filter(message=OuterRef("pk"), agent=agent))
    said = with_author_title(said.select_related("task", "project", "to_agent"))
    return list(said.annotate(is_read=read).order_by("-pk")[:RECENT_MESSAGES])
