"""The chain of unfinished work that decides when the whole can end."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

Edge = tuple[int, int]  # from the one that comes first to the one that waits for it
Stop = Hashable  # a task by its number, or the beginning or the end of a phase


def longest_chain(lengths: Mapping[int, float], edges: Iterable[Edge], phase_of: Mapping[int, int], links: Iterable[Edge]) -> list[int]:
    """Return the tasks of the longest chain, first to last.

    `lengths` gives the length of every open task and so names those that count. A chain follows dependencies and the order of
    phases, as `links` from a phase to the one after it. Where the two contradict each other, dependencies alone count.
    """
    edges = [edge for edge in edges if edge[0] in lengths and edge[1] in lengths]
    try:
        return _longest(lengths, _with_phases(lengths, edges, phase_of, links))
    except CycleError:
        return _longest(lengths, _before(lengths, edges))


def _before(tasks: Iterable[int], edges: Iterable[Edge]) -> dict[Stop, list[Stop]]:
    before: dict[Stop, list[Stop]] = {task: [] for task in tasks}
    for source, target in edges:
        before[target].append(source)
    return before


def _with_phases(
    lengths: Mapping[int, float], edges: Iterable[Edge], phase_of: Mapping[int, int], links: Iterable[Edge]
) -> dict[Stop, list[Stop]]:
    """Return what comes before each stop, with the beginning and the end of each phase as stops of no length."""
    before: dict[Stop, list[Stop]] = defaultdict(list, _before(lengths, edges))
    for task in lengths:
        before[task].append(("begin", phase_of[task]))
        before["end", phase_of[task]].append(task)
    phases = set(phase_of.values())
    for first, then in links:
        phases |= {first, then}
        before["begin", then].append(("end", first))
    for phase in phases:
        before["end", phase].append(("begin", phase))
    return before


def _longest(lengths: Mapping[int, float], before: Mapping[Stop, list[Stop]]) -> list[int]:
    reach: dict[Stop, float] = {}
    came_from: dict[Stop, Stop | None] = {}
    for stop in TopologicalSorter(before).static_order():
        best = max(before.get(stop, ()), key=lambda other: (reach[other], _rank(other)), default=None)
        came_from[stop] = best
        reach[stop] = (reach[best] if best is not None else 0.0) + (lengths.get(stop, 0.0) if isinstance(stop, int) else 0.0)
    stop = max(reach, key=lambda other: (reach[other], _rank(other)), default=None)
    chain: list[int] = []
    while stop is not None:
        if isinstance(stop, int):
            chain.append(stop)
        stop = came_from[stop]
    return chain[::-1]


def _rank(stop: Stop) -> tuple[int, int]:
    """Settle draws the same way every time: tasks before phases, and the older before the younger."""
    return (1, -stop) if isinstance(stop, int) else (0, 0)
