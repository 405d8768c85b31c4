"""How long tasks take here: the finished attempts of a project, by phase, kind and tier as far as there are enough."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import fsum
from statistics import median

from coordination.lifecycle import RETRY_BASE, Outcome
from coordination.models import Attempt, Project

ENOUGH = 5  # attempts that succeeded
NEWEST = 500  # attempts looked at: how long tasks took lately says more than how long they took at first
MADE = 128  # durations made of what was seen, with the tries that came to nothing before the one that succeeded
MOST_TRIES = 4

SUCCEEDED = (Outcome.DONE, Outcome.SUBMITTED)
CAME_TO_NOTHING = (Outcome.FAILED, Outcome.EXPIRED, Outcome.RELEASED, Outcome.ASKED)

Group = tuple[object, ...]


@dataclass
class Seen:
    """The lengths of the attempts of one group, in seconds."""

    succeeded: list[float] = field(default_factory=list)
    came_to_nothing: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Pool:
    """Durations of whole tasks to draw from, in seconds, with the tries before the one that succeeds."""

    values: Sequence[float]

    @property
    def expected(self) -> float:
        return fsum(self.values) / len(self.values)


@dataclass(frozen=True)
class Experience:
    """What is known. `own` counts the project's attempts that succeeded; `is_fleet` says that other projects had to help out."""

    groups: dict[Group, Pool]
    own: int
    used: int
    is_fleet: bool
    median: float
    retried: int  # of the attempts looked at, how many came to nothing

    @property
    def is_enough(self) -> bool:
        return bool(self.groups)

    def pool(self, phase_id: int, kind: str, tier: str) -> Pool:
        """Return the closest group that has enough: of phase, kind and tier, else of kind and tier, else all."""
        for group in ((phase_id, kind, tier), (kind, tier), ()):
            if found := self.groups.get(group):
                return found
        raise LookupError("ask is_enough first")


def experience(project: Project) -> Experience:
    """Return how long tasks take in this project, or in all of them while this one has fewer than 5 finished attempts."""
    groups = _seen(project)
    own = len(groups[()].succeeded)
    is_fleet = own < ENOUGH
    if is_fleet:
        groups = _seen(None)
    everything = groups[()]
    enough = {group: seen for group, seen in groups.items() if len(seen.succeeded) >= ENOUGH}
    rng = random.Random(project.pk)
    return Experience(
        {group: Pool(_whole_tasks(seen, rng)) for group, seen in enough.items()},
        own,
        len(everything.succeeded),
        is_fleet,
        median(everything.succeeded) if everything.succeeded else 0.0,
        len(everything.came_to_nothing),
    )


def _seen(project: Project | None) -> dict[Group, Seen]:
    ended = Attempt.objects.filter(outcome__in=[*SUCCEEDED, *CAME_TO_NOTHING], finished_at__isnull=False)
    if project:
        ended = ended.filter(task__project=project)
    columns = ("task__phase_id", "task__kind", "task__tier", "claimed_at", "finished_at", "outcome")
    newest = ended.order_by("-pk").values_list(*columns)[:NEWEST]
    groups: dict[Group, Seen] = defaultdict(Seen)
    groups[()] = Seen()
    for phase_id, kind, tier, claimed_at, finished_at, outcome in newest:
        seconds = max(0.0, (finished_at - claimed_at).total_seconds()) if finished_at else 0.0
        for group in _groups(phase_id if project else None, kind, tier):
            seen = groups[group]
            (seen.succeeded if outcome in SUCCEEDED else seen.came_to_nothing).append(seconds)
    return groups


def _groups(phase_id: int | None, kind: str, tier: str) -> Iterable[Group]:
    yield ()
    yield (kind, tier)
    if phase_id is not None:
        yield (phase_id, kind, tier)


def _whole_tasks(seen: Seen, rng: random.Random) -> list[float]:
    if not seen.came_to_nothing:
        return sorted(seen.succeeded)
    risk = len(seen.came_to_nothing) / (len(seen.came_to_nothing) + len(seen.succeeded))
    made = []
    for number in range(MADE):
        seconds = seen.succeeded[number % len(seen.succeeded)]
        tries = 1
        while tries < MOST_TRIES and rng.random() < risk:
            seconds += rng.choice(seen.came_to_nothing) + RETRY_BASE
            tries += 1
        made.append(seconds)
    return sorted(made)
