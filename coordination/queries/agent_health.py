"""What is the matter with an agent, as a person should hear it: one trouble a sentence, each with what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from coordination.lifecycle import Outcome
from coordination.models import Agent, ApiKey, Attempt
from coordination.models.agent import AgentQuerySet

WORTH_TELLING = timedelta(hours=1)  # so long a return is news
TWO_HOSTS_FOR = timedelta(days=1)
SHORTEST_SILENCE = 3  # minutes: what was missed for less is no silence
STEADY = 2  # minutes that may be missed by who is there


class Trouble(StrEnum):
    LOCKED_OUT = "locked out"
    SILENT = "silent"
    RETIRED_AT_WORK = "retired at work"
    RETIRED = "retired"
    TWO_HOSTS = "two hosts"


@dataclass(frozen=True)
class Return:
    """An agent came back at a moment, after so long a silence."""

    at: datetime
    silence: timedelta


def with_keys(agents: AgentQuerySet) -> AgentQuerySet:
    """Annotate `has_key`, and `may_speak` for those of whose keys one is in force."""
    its = ApiKey.objects.filter(Q(agent=OuterRef("pk")) | Q(pk=OuterRef("registered_by")))
    live = its.filter(revoked_at=None).exclude(expires_at__lte=Now())
    return agents.annotate(has_key=Exists(its), may_speak=Exists(live))


def troubles(agent: Agent, *, holds: bool, moment: datetime) -> list[Trouble]:
    """Return what is the matter with an agent read by `with_keys`."""
    found = [Trouble.RETIRED_AT_WORK if holds else Trouble.RETIRED] if agent.retired_at else []
    if agent.retired_at and not holds:
        return found
    if getattr(agent, "has_key", False) and not getattr(agent, "may_speak", True):
        found.append(Trouble.LOCKED_OUT)
    if agent.silent_since and not agent.retired_at:
        found.append(Trouble.SILENT)
    if agent.other_host_at and moment - agent.other_host_at < TWO_HOSTS_FOR:
        found.append(Trouble.TWO_HOSTS)
    return found


def came_back(noted: Mapping[datetime, int], moment: datetime) -> Return | None:
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
            at = minute - timedelta(minutes=here)
            return Return(at, timedelta(minutes=dead)) if moment - at < WORTH_TELLING else None
        else:
            here, dead = ago, 0
    return None


def _lived(noted: Mapping[datetime, int], minute: datetime) -> bool:
    return bool(noted.get(minute.replace(minute=0), 0) >> minute.minute & 1)


def lost_in_silence(agent: Agent, back: Return | None, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts that were taken from an agent while it was silent, or is."""
    since = agent.last_seen_at if agent.silent_since else back.at - back.silence if back else None
    if since is None:
        return []
    return [each for each in attempts if each.outcome == Outcome.EXPIRED and each.finished_at and each.finished_at >= since]
