"""Playing a plan through: when its stages would end if every step took as long as is drawn for it. Pure Python, no rows.

A step is a task that is left to do, a stage is its phase, and a crew is a number of agents that can run the same steps. Times
are seconds from now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace
from math import inf


@dataclass(frozen=True)
class Step:
    """What is left of one task. `needs` are places of other steps; a step that is `running` holds a place in its crew."""

    stage: int
    needs: tuple[int, ...] = ()
    crews: tuple[int, ...] = (0,)
    earliest: float = 0.0
    priority: int = 0
    running: bool = False


@dataclass(frozen=True)
class Network:
    """Steps, the stages that each stage follows, how many agents each crew has, and how many steps may run at once."""

    steps: Sequence[Step]
    follows: Sequence[Sequence[int]]
    crews: Sequence[int] = (1,)
    most_at_once: int | None = None
    dependents: list[list[int]] = field(init=False)
    inside: list[list[int]] = field(init=False)
    followed_by: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        dependents: list[list[int]] = [[] for _ in self.steps]
        inside: list[list[int]] = [[] for _ in self.follows]
        followed_by: list[list[int]] = [[] for _ in self.follows]
        for place, step in enumerate(self.steps):
            inside[step.stage].append(place)
            for need in step.needs:
                dependents[need].append(place)
        for stage, before in enumerate(self.follows):
            for other in before:
                followed_by[other].append(stage)
        object.__setattr__(self, "dependents", dependents)
        object.__setattr__(self, "inside", inside)
        object.__setattr__(self, "followed_by", followed_by)


class _Run:
    """One way that the plan can go: agents take what is ready, the longest ready first, then the most urgent."""

    def __init__(self, network: Network, durations: Sequence[float]) -> None:
        self.network, self.durations = network, durations
        steps = network.steps
        self.blockers = [len(step.needs) for step in steps]
        self.ready_at = [step.earliest for step in steps]
        self.left = [len(inside) for inside in network.inside]
        self.before = [len(before) for before in network.follows]
        self.opened: list[float | None] = [None] * len(network.follows)
        self.ends: list[float] = [0.0] * len(network.follows)
        self.queue: list[tuple[float, int, int]] = []
        self.free, self.permits = self._places()

    def _places(self) -> tuple[list[list[float]], list[float]]:
        """Return when each place of each crew is free, and when each of the steps that may run at once ends."""
        busy: list[list[float]] = [[] for _ in self.network.crews]
        running = []
        for place, step in enumerate(self.network.steps):
            if step.running:
                running.append(self.durations[place])
                if step.crews:
                    busy[step.crews[0]].append(self.durations[place])
        free = [sorted([0.0] * (size - len(taken)) + taken)[:size] for size, taken in zip(self.network.crews, busy, strict=True)]
        limit = self.network.most_at_once
        permits = [] if limit is None else sorted([0.0] * (limit - len(running)) + running)[-limit:]
        heapify(permits)
        return free, permits

    def go(self) -> None:
        for stage in [stage for stage, waits in enumerate(self.before) if not waits]:
            self._open(stage, 0.0)
        for place, step in enumerate(self.network.steps):
            if step.running:
                self._finish(place, self.durations[place])
        steps, durations, free, permits = self.network.steps, self.durations, self.free, self.permits
        while self.queue:
            ready, _, place = heappop(self.queue)
            crews = steps[place].crews
            crew = free[crews[0]] if len(crews) == 1 else min((free[each] for each in crews), key=_head)
            start = crew[0] if crew[0] > ready else ready
            if permits and permits[0] > start:
                start = permits[0]
            end = start + durations[place]
            heapreplace(crew, end)
            if permits:
                heapreplace(permits, end)
            self._finish(place, end)

    def _finish(self, place: int, end: float) -> None:
        for dependent in self.network.dependents[place]:
            self.blockers[dependent] -= 1
            if end > self.ready_at[dependent]:
                self.ready_at[dependent] = end
            if not self.blockers[dependent]:
                self._offer(dependent)
        stage = self.network.steps[place].stage
        self.left[stage] -= 1
        if end > self.ends[stage]:
            self.ends[stage] = end
        if not self.left[stage] and self.opened[stage] is not None:
            self._close(stage)

    def _offer(self, place: int) -> None:
        step = self.network.steps[place]
        opened = self.opened[step.stage]
        if opened is not None and not step.running:
            heappush(self.queue, (max(opened, self.ready_at[place]), step.priority, place))

    def _open(self, stage: int, moment: float) -> None:
        self.opened[stage] = moment
        self.ends[stage] = max(self.ends[stage], moment)
        if not self.left[stage]:
            self._close(stage)
            return
        for place in self.network.inside[stage]:
            if not self.blockers[place]:
                self._offer(place)

    def _close(self, stage: int) -> None:
        closing = [stage]
        while closing:  # stages without steps close at once, so that a row of them needs no recursion
            ended = closing.pop()
            for follower in self.network.followed_by[ended]:
                self.before[follower] -= 1
                if self.before[follower]:
                    continue
                moment = max(self.ends[other] for other in self.network.follows[follower])
                if self.left[follower]:
                    self._open(follower, moment)
                else:
                    self.opened[follower] = moment
                    self.ends[follower] = max(self.ends[follower], moment)
                    closing.append(follower)


def _head(free: list[float]) -> float:
    return free[0]


def play(network: Network, durations: Sequence[float]) -> list[float]:
    """Return when each stage ends; infinity for one that can never end, because its steps wait for each other."""
    run = _Run(network, durations)
    run.go()
    stuck = _stuck(run)
    return [inf if stage in stuck else end for stage, end in enumerate(run.ends)]


def _stuck(run: _Run) -> set[int]:
    return {stage for stage, opened in enumerate(run.opened) if opened is None or run.left[stage]}


class _Path:
    """The plan with an agent for every step: what each step has to wait for, and until when."""

    def __init__(self, network: Network, expected: Sequence[float]) -> None:
        self.network, self.expected = network, expected
        self.came_from: list[int | None] = [None] * len(network.steps)
        self.ends = [0.0] * len(network.steps)
        self.blockers = [len(step.needs) for step in network.steps]
        self.left = [len(inside) for inside in network.inside]
        self.before = [len(stages) for stages in network.follows]
        self.opened: dict[int, int | None] = {}  # by which step
        self.last: dict[int, int | None] = {}  # the step that ends the stage, or the one that opened it when it has none
        self.work: list[int] = []

    def go(self) -> None:
        self._open([stage for stage, waits in enumerate(self.before) if not waits])
        while self.work:
            self._end(self.work.pop())

    def _open(self, stages: list[int]) -> None:
        while stages:
            stage = stages.pop()
            self.opened[stage] = self._latest(self.last[other] for other in self.network.follows[stage])
            self.work.extend(place for place in self.network.inside[stage] if not self.blockers[place])
            if not self.left[stage]:
                stages.extend(self._close(stage))

    def _close(self, stage: int) -> list[int]:
        """End the stage and return the stages that nothing holds any more."""
        self.last[stage] = self._latest(self.network.inside[stage]) if self.network.inside[stage] else self.opened[stage]
        for follower in self.network.followed_by[stage]:
            self.before[follower] -= 1
        return [follower for follower in self.network.followed_by[stage] if not self.before[follower]]

    def _end(self, place: int) -> None:
        step = self.network.steps[place]
        source = self._latest([*step.needs, self.opened[step.stage]])
        begun = self.ends[source] if source is not None else 0.0
        self.came_from[place] = source if begun >= step.earliest else None
        self.ends[place] = max(begun, step.earliest) + self.expected[place]
        for dependent in self.network.dependents[place]:
            self.blockers[dependent] -= 1
            if not self.blockers[dependent] and self.network.steps[dependent].stage in self.opened:
                self.work.append(dependent)
        self.left[step.stage] -= 1
        if not self.left[step.stage]:
            self._open(self._close(step.stage))

    def _latest(self, places: Iterable[int | None]) -> int | None:
        return max((place for place in places if place is not None), key=self.ends.__getitem__, default=None)

    def back(self) -> list[int]:
        path: list[int] = []
        step = self._latest(range(len(self.ends)))
        while step is not None:
            path.append(step)
            step = self.came_from[step]
        return path[::-1]


def critical_path(network: Network, expected: Sequence[float]) -> list[int]:
    """Return the steps, first to last, that decide when the plan ends if there is an agent for every step."""
    path = _Path(network, expected)
    path.go()
    return path.back()


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie, between its two neighbours."""
    place = share * (len(sorted_values) - 1)
    low = int(place)
    high = min(low + 1, len(sorted_values) - 1)
    if sorted_values[high] == inf:
        return sorted_values[high] if place > low else sorted_values[low]
    return sorted_values[low] + (sorted_values[high] - sorted_values[low]) * (place - low)


def conditional(pool: Sequence[float], elapsed: float) -> list[float]:
    """Return what can be left of a duration out of `pool`, once `elapsed` has passed of it."""
    return [value - elapsed for value in pool if value > elapsed] or [elapsed / 2]
