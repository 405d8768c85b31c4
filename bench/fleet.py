"""Processes that repeat one cycle of work at the same time, on command, and count."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from types import TracebackType
from typing import Any

Cycle = Callable[[], bool]  # does one cycle of work; False when there was none to do
SETTLE = 0.1  # seconds between the order and the common start


@dataclass(frozen=True)
class Slice:
    """What one process did in one slice of time: seconds of wall time and of its own CPU time, and of each cycle."""

    cycles: int
    idle: int
    seconds: float
    cpu: float
    latencies: list[float]


@dataclass(frozen=True)
class Round:
    """What all processes did in the same slice of time."""

    slices: list[Slice]

    @property
    def cycles(self) -> int:
        return sum(each.cycles for each in self.slices)

    @property
    def rate(self) -> float:
        """Cycles a second of all processes together."""
        return sum(each.cycles / each.seconds for each in self.slices)

    @property
    def idle(self) -> int:
        return sum(each.idle for each in self.slices)

    @property
    def cpu_a_cycle(self) -> float:
        return sum(each.cpu for each in self.slices) / max(1, self.cycles)

    @property
    def latencies(self) -> list[float]:
        return sorted(value for each in self.slices for value in each.latencies)


class Fleet:
    """Processes that stay up between slices, so that two fleets can take turns on one machine."""

    def __init__(self, make: Callable[..., Cycle], arguments: Sequence[tuple[Any, ...]]) -> None:
        # Spawned, not forked: a client must not carry the memory and the open connections of this process.
        spawn = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for each in arguments:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, make, each), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    def run(self, seconds: float) -> Round:
        """Let every process work for `seconds`, all from the same moment on."""
        return self._order(seconds, 0)

    def drain(self, at_most_seconds: float) -> Round:
        """Let every process work until there is no work."""
        return self._order(at_most_seconds, 1)

    def _order(self, seconds: float, stop_after_idle: int) -> Round:
        begin = time.monotonic() + SETTLE
        for pipe in self._pipes:
            pipe.send((begin, begin + seconds, stop_after_idle))
        found = [pipe.recv() for pipe in self._pipes]
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return Round(found)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=5)
            if process.is_alive():
                process.terminate()


def _serve(pipe: Connection, make: Callable[..., Cycle], arguments: tuple[Any, ...]) -> None:
    cycle = make(*arguments)
    pipe.send("ready")
    while True:
        try:
            begin, end, stop_after_idle = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_slice(cycle, begin, end, stop_after_idle))
        except Exception as error:
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _slice(cycle: Cycle, begin: float, end: float, stop_after_idle: int) -> Slice:
    time.sleep(max(0.0, begin - time.monotonic()))
    clock, latencies, idle, spent = time.perf_counter, [], 0, _cpu()
    at = began = clock()
    while at - began < end - begin:
        did = cycle()
        after = clock()
        if did:
            latencies.append(after - at)
        else:
            idle += 1
            if stop_after_idle and idle >= stop_after_idle:
                break
        at = after
    return Slice(len(latencies), idle, clock() - began, _cpu() - spent, latencies)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


def alternate(fleets: Sequence[Fleet], *, rounds: int, seconds: float) -> list[list[Round]]:
    """Run the fleets in turns, so that what the machine does meanwhile strikes all of them alike."""
    found: list[list[Round]] = [[] for _ in fleets]
    for number in range(rounds):
        for place, fleet in enumerate(fleets):
            found[place].append(fleet.run(seconds if number else seconds / 2))
    return [each[1:] for each in found]  # the first, shorter turn warms caches and connections


def typical(rounds: Sequence[Round]) -> float:
    """Return the median rate of the rounds."""
    return median(each.rate for each in rounds)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
