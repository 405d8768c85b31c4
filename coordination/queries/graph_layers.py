"""Which column a task of the graph stands in: phases form stages from left to right, and inside a stage the longest path decides.

Pure functions over numbers: nothing here knows a database or a page.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

N = TypeVar("N", bound=Hashable)
Edge = tuple[int, int]  # from the one that comes first to the one that waits for it

SQUARE = 0.34  # height over width of a node with its gaps, so that a grid of loose nodes comes out about as wide as high
FEW = 10  # nodes with edges to other stages only: so many stand in one column, where their edges are short; more form a grid


@dataclass(frozen=True)
class Group:
    """A phase with its nodes in the order in which they are told apart. `framed`: drawn with a frame and a heading around it."""

    key: int
    nodes: tuple[int, ...]
    framed: bool = True


@dataclass(frozen=True)
class Layering:
    """`layer` of each node; `stages` as lists of places in the sequence of groups; `first` layer of each stage, and one more.

    `loose` nodes have no edge inside their stage: they fill a grid below the others.
    """

    layer: Mapping[int, int]
    stages: Sequence[Sequence[int]]
    first: Sequence[int]
    loose: frozenset[int]


def layering(groups: Sequence[Group], edges: Iterable[Edge], links: Iterable[Edge]) -> Layering:
    """Give every node a layer so that each edge leads to a greater one. The edges form no circle; the groups may."""
    edges = list(edges)
    place = {node: number for number, group in enumerate(groups) for node in group.nodes}
    stages = _stages(groups, edges, links, place)
    stage_of = {number: stage for stage, members in enumerate(stages) for number in members}
    inside: dict[int, list[Edge]] = defaultdict(list)
    for source, target in edges:
        if stage_of[place[source]] == stage_of[place[target]]:
            inside[stage_of[place[source]]].append((source, target))
    layer: dict[int, int] = {}
    loose: set[int] = set()
    first = [0]
    outside = _tied_outside(edges, stage_of, place)
    for stage, members in enumerate(stages):
        width = _layer_stage([groups[number] for number in members], inside[stage], first[-1], outside, layer, loose)
        first.append(first[-1] + width)
    return Layering(layer, stages, first, frozenset(loose))


def depths(nodes: Iterable[N], edges: Iterable[tuple[N, N]]) -> dict[N, int]:
    """Return the length of the longest path that ends in each node; nodes of a circle get 0."""
    after: dict[N, list[N]] = defaultdict(list)
    open_before: dict[N, int] = dict.fromkeys(nodes, 0)
    for source, target in edges:
        after[source].append(target)
        open_before[target] += 1
    depth = dict.fromkeys(open_before, 0)
    ready = [node for node, count in open_before.items() if not count]
    for node in ready:  # grows while it is walked
        for target in after[node]:
            depth[target] = max(depth[target], depth[node] + 1)
            open_before[target] -= 1
            if not open_before[target]:
                ready.append(target)
    return depth


def components(count: int, after: Mapping[int, Iterable[int]]) -> list[int]:
    """Return the number of the strongly connected component of each of `count` nodes (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    found = [-1] * count
    stack: list[int] = []
    made = 0
    for root in range(count):
        walk = [(root, iter(after.get(root, ())))] if root not in index else []
        while walk:
            node, rest = walk[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            step = next((other for other in rest if other not in index or found[other] < 0), None)
            if step is None:
                walk.pop()
                if walk:
                    parent = walk[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    while found[node] < 0:
                        found[stack.pop()] = made
                    made += 1
            elif step in index:
                low[node] = min(low[node], index[step])
            else:
                walk.append((step, iter(after.get(step, ()))))
    return found


def _stages(groups: Sequence[Group], edges: Iterable[Edge], links: Iterable[Edge], place: Mapping[int, int]) -> list[list[int]]:
    """Put each group right of all that it follows; groups that wait for each other both ways share a stage."""
    of_key = {group.key: number for number, group in enumerate(groups)}
    between = {(of_key[before], of_key[after]) for before, after in links if before in of_key and after in of_key}
    between |= {(place[source], place[target]) for source, target in edges}
    after: dict[int, list[int]] = defaultdict(list)
    for source, target in sorted(between):
        if source != target:
            after[source].append(target)
    component = components(len(groups), after)
    crossing = {(component[source], component[target]) for source, target in between if component[source] != component[target]}
    depth = depths(set(component), crossing)
    stages: list[list[int]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for number in range(len(groups)):
        stages[depth[component[number]]].append(number)
    return stages


def _tied_outside(edges: Iterable[Edge], stage_of: Mapping[int, int], place: Mapping[int, int]) -> dict[int, set[str]]:
    """Return on which sides a node has edges to other stages."""
    sides: dict[int, set[str]] = defaultdict(set)
    for source, target in edges:
        if stage_of[place[source]] != stage_of[place[target]]:
            sides[source].add("right")
            sides[target].add("left")
    return sides


def _layer_stage(
    groups: Sequence[Group], edges: Sequence[Edge], first: int, outside: Mapping[int, set[str]], layer: dict[int, int], loose: set[int]
) -> int:
    """Give the nodes of one stage their layers, from `first` on, and return how many it takes."""
    tied = {node for edge in edges for node in edge}
    depth = depths([node for group in groups for node in group.nodes if node in tied], edges)
    _pull_right(depth, edges)
    free = {group.key: [node for node in group.nodes if node not in tied] for group in groups}
    width = max([1, *(level + 1 for level in depth.values()), *(_grid_width(len(nodes)) for nodes in free.values())])
    layer.update({node: first + level for node, level in depth.items()})
    for nodes in free.values():
        bound = [node for node in nodes if outside.get(node)]
        bound = bound if len(bound) <= FEW else []
        for node in bound:
            layer[node] = first + (0 if "left" in outside[node] else width - 1)
        rest = [node for node in nodes if node not in set(bound)]
        columns = max(_grid_width(len(rest)), min(width, (len(rest) + 1) // 2))
        layer.update({node: first + number % columns for number, node in enumerate(rest)})
        loose.update(rest)
    return width


def _grid_width(count: int) -> int:
    return max(1, round(sqrt(count * SQUARE)))


def _pull_right(depth: dict[int, int], edges: Sequence[Edge]) -> None:
    """Move what waits for nothing next to the first that waits for it: short edges cross less."""
    waits = {target for _, target in edges}
    nearest: dict[int, int] = {}
    for source, target in edges:
        if source not in waits:
            nearest[source] = min(nearest.get(source, depth[target]), depth[target])
    for source, level in nearest.items():
        depth[source] = level - 1
