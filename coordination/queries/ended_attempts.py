"""The attempts of a project that ended in some days: the rows behind the figures of the insights."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from coordination.lifecycle import Outcome
from coordination.models import Agent, Attempt, Project
from coordination.queries.days import Days

GOOD = (Outcome.DONE, Outcome.SUBMITTED, Outcome.LATE)
BAD = (Outcome.FAILED, Outcome.EXPIRED)
ENDS = {"good": GOOD, "bad": BAD}  # what is in neither ended by the will of others: released, answered, cancelled
PAGE = 100
MOST_AGENTS = 100


@dataclass(frozen=True)
class Wanted:
    """Which attempts: those that ended on the days, and so, of tasks of the tier, by the agent."""

    days: Days
    ended: str = ""
    tier: str = ""
    agent: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.ended or self.tier or self.agent)

    def of(self, project: Project) -> QuerySet[Attempt]:
        found = Attempt.objects.filter(task__project=project, finished_at__gte=self.days.start, finished_at__lt=self.days.end)
        if self.ended:
            found = found.filter(outcome__in=ENDS[self.ended])
        if self.tier:
            found = found.filter(task__tier=self.tier)
        return found.filter(agent__name=self.agent) if self.agent else found


@dataclass(frozen=True)
class Ended:
    """A page of attempts, the one that ended last first, and what all of them come to. `cost` is None if none told one."""

    attempts: list[Attempt]
    count: int
    bad: int
    cost: Decimal | None
    next: int | None  # how many to leave out for the next page


def ended_attempts(project: Project, wanted: Wanted, *, offset: int = 0) -> Ended:
    """Return a page of the attempts and their sum, in two queries."""
    found = wanted.of(project)
    summed = found.order_by().aggregate(count=Count("pk"), bad=Count("pk", filter=Q(outcome__in=BAD)), cost=Sum("cost_usd"))
    page = list(found.select_related("task", "agent").order_by("-finished_at", "-pk")[offset : offset + PAGE])
    following = offset + PAGE
    return Ended(page, summed["count"], summed["bad"], summed["cost"], following if following < summed["count"] else None)


def agents_of(project: Project) -> list[Agent]:
    """Return the agents that have tried tasks of the project."""
    tried = Attempt.objects.filter(task__project=project).order_by().values("agent")
    return list(Agent.objects.filter(pk__in=tried)[:MOST_AGENTS])
