"""What is the matter with an agent, as a person should hear it: one trouble a sentence, each with what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from coordination.models import Agent, ApiKey, Attempt
from coordination.models.agent import AgentQuerySet

WORTH_TELLING = timedelta(hours=1)  # so long a return is news
TWO_HOSTS_FOR = timedelta(days=1)
SHORTEST_SILENCE = 3  # minutes: what was missed for less is no silence
STEADY = 2  # minutes that may be missed by who is there


class Trouble(StrEnum):
    """In the order in which they are told."""

    LOCKED_OUT = "locked out"
    SILENT = "silent"
    RETIRED_AT_WORK = "retired at work"
    RETIRED = "retired"
    TWO_HOSTS = "two hosts"
    BACK = "back"


@dataclass(frozen=True)
class Return:
    """An agent came back at a moment, after so long a silence; `lost` are the attempts that were taken from it meanwhile."""

    at: datetime
    silence: timedelta
    lost: list[Attempt]


def with_keys(agents: AgentQuerySet) -> AgentQuerySet:
    """Annotate `has_key`, and `may_speak` for those of whose keys one is in force."""
    its = ApiKey.objects.filter(Q(agent=OuterRef("pk")) | Q(pk=OuterRef("registered_by")))
    live = its.filter(revoked_at=None).exclude(expires_at__lte=Now())
    return agents.annotate(has_key=Exists(its), may_speak=Exists(live))


def troubles(agent: Agent, *, holds: bool, moment: datetime) -> list[Trouble]:
    """Return what is the matter with an agent read by `with_keys`."""
    found = []
    if agent.retired_at:
        return [Trouble.RETIRED_AT_WORK if holds else Trouble.RETIRED]
    if getattr(agent, "has_key", False) and not getattr(agent, "may_speak", True):
        found.append(Trouble.LOCKED_OUT)
    if agent.silent_since:
        found.append(Trouble.SILENT)
    if agent.other_host_at and moment - agent.other_host_at < TWO_HOSTS_FOR:
        found.append(Trouble.TWO_HOSTS)
    return found


def came_back(noted: Mapping[datetime, int], attempts: Iterable[Attempt], moment: datetime) -> Return | None:
    """Return how an agent came back lately, by the minutes of the hours in which it gave signs of life."""
    minute = moment.replace(second=0, microsecond=0)
    lived = [_lived(noted, minute - timedelta(minutes=ago)) for ago in range(24 * 60)]
    if not any(lived[: STEADY + 1]):
        return None
    here = dead = 0
    for ago, alive in enumerate(lived):
        if not alive:
            dead += 1
        elif dead > max(STEADY, SHORTEST_SILENCE - 1):
            silence = timedelta(minutes=dead)
            at = minute - timedelta(minutes=here)
            return (
                Return(at, silence, [each for each in attempts if _was_lost(each, at - silence)]) if moment - at < WORTH_TELLING else None
            )
        else:
            here, dead = ago, 0
    return None


def _lived(noted: Mapping[datetime, int], minute: datetime) -> bool:
    return bool(noted.get(minute.replace(minute=0), 0) >> minute.minute & 1)


def _was_lost(attempt: Attempt, since: datetime) -> bool:
    return attempt.outcome == "expired" and attempt.finished_at is not None and attempt.finished_at >= since
