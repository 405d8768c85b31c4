"""How a project goes: throughput, cycle and lead time, failures, cost, waits, burn-up. Counted by the database, a handful of statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal

from coordination.lifecycle import STATE_AFTER, Tier
from coordination.models import Agent, Project
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.queries.activity import GOES_ON, STAYS
from coordination.queries.days import Days, day_of, seconds
from coordination.queries.ended_attempts import BAD, GOOD

RANGES = (7, 30, 90)
MOST_AGENTS = 12
# The newest so many count. Only a project of a size that few have is cut, and its page stays quick.
MOST_RANKED = 100_000  # tasks done
MOST_STAYS = 100_000  # changes of state


@dataclass(frozen=True)
class Percentiles:
    """In seconds, by nearest rank: half of the values are at most `p50`, nine in ten at most `p90`."""

    count: int
    p50: float
    p90: float


@dataclass
class Ends:
    """How attempts ended, and what they cost: `count` are all of them, `priced` those that told their cost."""

    good: int = 0
    bad: int = 0
    count: int = 0
    priced: int = 0
    cost: Decimal = Decimal(0)

    @property
    def rate(self) -> float | None:
        """The share that failed, of those that came to an end of their own."""
        return self.bad / (self.good + self.bad) if self.good + self.bad else None

    def add(self, other: "Ends") -> None:
        self.good += other.good
        self.bad += other.bad
        self.count += other.count
        self.priced += other.priced
        self.cost += other.cost


@dataclass(frozen=True)
class Wait:
    reason: str
    count: int
    seconds: float


@dataclass(frozen=True)
class BurnUp:
    day: date
    scope: int
    done: int


@dataclass
class Insights:
    """`done`, `cycle` and the others by day; `*_before` are those of as many days before, for comparison."""

    days: Days
    done: dict[date, int] = field(default_factory=dict)
    done_before: int = 0
    cycle: dict[date, Percentiles] = field(default_factory=dict)
    lead: dict[date, Percentiles] = field(default_factory=dict)
    overall: dict[str, Percentiles] = field(default_factory=dict)  # cycle, lead, cycle_before, lead_before
    ends: dict[date, Ends] = field(default_factory=lambda: defaultdict(Ends))
    total: Ends = field(default_factory=Ends)
    before: Ends = field(default_factory=Ends)
    by_tier: dict[str, Ends] = field(default_factory=lambda: defaultdict(Ends))
    by_agent: dict[str, Ends] = field(default_factory=lambda: defaultdict(Ends))
    waits: list[Wait] = field(default_factory=list)
    burn_up: list[BurnUp] = field(default_factory=list)

    @property
    def done_now(self) -> int:
        return sum(self.done.values())

    @property
    def is_empty(self) -> bool:
        return not self.burn_up or not any(each.scope for each in self.burn_up)


def insights(project: Project, *, count: int, zone: tzinfo) -> Insights:
    """Return how the project went in the last `count` days of a reader in this time zone."""
    moment = now()
    days = Days.until(moment, count, zone)
    found = Insights(days)
    both = Days(days.before.first, days.last, zone)
    _count_tasks(project, both, found)
    _rank_times(project, both, found)
    _count_attempts(project, both, found)
    _add_up_waits(project, days, moment, found)
    return found


def _count_tasks(project: Project, both: Days, found: Insights) -> None:
    """Count what was added, done and cancelled on each day; what was so before the first day counts for the burn-up."""
    counted = rows(
        f"""
        WITH told AS (
            SELECT 'added' AS what, created_at AS at FROM coordination_task WHERE project_id = %(project)s
            UNION ALL SELECT 'done', done_at FROM coordination_task WHERE project_id = %(project)s AND state = 'done'
            UNION ALL SELECT 'cancelled', cancelled_at FROM coordination_task WHERE project_id = %(project)s AND state = 'cancelled'
        ), dated AS (
            SELECT what, CASE WHEN at < %(start)s THEN 0 ELSE {both.number("at")} END AS day FROM told WHERE at IS NOT NULL
        )
        SELECT what, day, count(*) FROM dated GROUP BY what, day""",
        {"project": project.pk, **both.params},
    )
    by_day: dict[str, dict[date, int]] = {"added": defaultdict(int), "done": defaultdict(int), "cancelled": defaultdict(int)}
    for what, number, count in counted:
        by_day[what][day_of(number)] += count
    found.done = {day: by_day["done"].get(day, 0) for day in found.days}
    found.done_before = sum(by_day["done"].get(day, 0) for day in found.days.before)
    scope = sum(sum(count for day, count in by_day[what].items() if day < found.days.first) * sign for what, sign in SIGNS.items())
    done = sum(count for day, count in by_day["done"].items() if day < found.days.first)
    for day in found.days:
        scope += sum(by_day[what].get(day, 0) * sign for what, sign in SIGNS.items())
        done += by_day["done"].get(day, 0)
        found.burn_up.append(BurnUp(day, scope, done))


SIGNS = {"added": 1, "cancelled": -1}


def _rank_times(project: Project, both: Days, found: Insights) -> None:
    """Rank the cycle times (first claim to done) and the lead times (added to done) of what was done on each day.

    The database computes the times and we rank them: its window functions take four times as long on SQLite.
    """
    told = rows(
        f"""
        SELECT {both.number("t.done_at")}, {seconds("t.done_at", "a.claimed_at")}, {seconds("t.done_at", "t.created_at")}
        FROM coordination_task t LEFT JOIN coordination_attempt a ON a.task_id = t.id AND a.number = 1
        WHERE t.project_id = %(project)s AND t.state = 'done' AND t.done_at >= %(start)s
        ORDER BY t.done_at DESC LIMIT {MOST_RANKED}""",
        {"project": project.pk, **both.params},
    )
    first = (found.days.first - day_of(0)).days
    for what, place, by_day in (("cycle", 1, found.cycle), ("lead", 2, found.lead)):
        of_day: dict[int, list[float]] = defaultdict(list)
        for row in told:
            if row[place] is not None:
                of_day[row[0]].append(row[place])
        by_day.update({day_of(number): _percentiles(took) for number, took in of_day.items() if number >= first})
        for name, is_now in ((what, True), (f"{what}_before", False)):
            if took := [each for number, values in of_day.items() if (number >= first) is is_now for each in values]:
                found.overall[name] = _percentiles(took)


def _percentiles(took: list[float]) -> Percentiles:
    took.sort()
    p50, p90 = (max(0.0, took[(len(took) * percent + 99) // 100 - 1]) for percent in (50, 90))
    return Percentiles(len(took), p50, p90)


def _count_attempts(project: Project, both: Days, found: Insights) -> None:
    counted = rows(
        f"""
        SELECT {both.number("a.finished_at")} AS day, t.tier, a.agent_id,
            sum(CASE WHEN a.outcome IN ({_listed(GOOD)}) THEN 1 ELSE 0 END),
            sum(CASE WHEN a.outcome IN ({_listed(BAD)}) THEN 1 ELSE 0 END), count(*), count(a.cost_usd), sum(a.cost_usd)
        FROM coordination_attempt a JOIN coordination_task t ON t.id = a.task_id
        WHERE t.project_id = %(project)s AND a.finished_at >= %(start)s
        GROUP BY day, t.tier, a.agent_id""",
        {"project": project.pk, **both.params},
    )
    names = dict(Agent.objects.filter(pk__in={row[2] for row in counted}).values_list("pk", "name"))
    for number, tier, agent, good, bad, count, priced, cost in counted:
        ended = Ends(int(good), int(bad), count, priced, Decimal(str(cost or 0)))
        if (day := day_of(number)) < found.days.first:
            found.before.add(ended)
            continue
        for part in (found.ends[day], found.total, found.by_tier[tier], found.by_agent[names.get(agent, "")]):
            part.add(ended)
    order = list(Tier)
    found.by_tier = dict(sorted(found.by_tier.items(), key=lambda each: order.index(Tier(each[0]))))
    found.by_agent = dict(sorted(found.by_agent.items(), key=lambda each: (-each[1].cost, each[0]))[:MOST_AGENTS])


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _add_up_waits(project: Project, days: Days, moment: datetime, found: Insights) -> None:
    """Add up how long tasks stayed in each kind of waiting that began in these days, until it ended or until now."""
    kinds = _listed(STATE_AFTER)
    told = rows(
        f"""
        WITH latest AS (
            SELECT id, task_id, kind, at FROM coordination_event
            WHERE project_id = %(project)s AND at >= %(start)s AND kind IN ({kinds}) ORDER BY txid DESC, id DESC LIMIT {MOST_STAYS}
        ), stays AS (
            SELECT kind, at, LEAD(at) OVER (PARTITION BY task_id ORDER BY id) AS until FROM latest
        )
        SELECT kind, count(*), sum({seconds("coalesce(until, %(now)s)", "at")}) FROM stays GROUP BY kind""",
        {"project": project.pk, "start": days.start, "now": moment},
    )
    by_kind = {kind: (int(count), float(took or 0)) for kind, count, took in told}
    for reason, which in STAYS.items():
        begun = [by_kind[kind] for kind in which if kind in by_kind]
        gone_on = [by_kind[kind] for kind, goes_on in GOES_ON.items() if goes_on == reason and kind in by_kind]
        if begun or gone_on:
            took = sum(took for _, took in [*begun, *gone_on])
            found.waits.append(Wait(reason, sum(count for count, _ in begun), max(0.0, took)))
