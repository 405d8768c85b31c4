"""Where the graph of a project is drawn: places of nodes, frames of phases, smooth paths of edges. Pure, and the same for the same input.

Layers come from graph_layers. Here each layer is ordered so that few edges cross, nodes move to the height of what they are tied to
as far as their neighbours let them, and edges longer than one layer get lanes of their own, so that none runs under a node.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from coordination.queries.graph_layers import Edge, Group, Layering, layering

NODE_WIDTH, NODE_HEIGHT = 164, 74  # rather high than wide: plans grow to the right, and windows are wider than high
ROW = 86  # a node and the gap below it
LANE = 14  # what an edge takes that passes a layer
GAP, WIDEST_GAP = 26, 96  # between two layers; more edges get more room
HEADER = 40
PAD = 12  # between a frame and its nodes
BAND_GAP = 26  # between two phases above each other
MARGIN = 16
OVER = 22  # room above the frames for links that pass a whole stage
SWEEPS = 12
CELLS_TO_SWEEP = 40_000  # nodes and lanes times sweeps: a large graph gets fewer sweeps, at least three


@dataclass(frozen=True)
class Frame:
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Drawing:
    """`places` are the left upper corners of nodes. `paths` and `links` are path data of edges and of the order of phases."""

    width: int
    height: int
    places: Mapping[int, tuple[int, int]]
    frames: Mapping[int, Frame]
    paths: Mapping[Edge, str]
    links: Mapping[Edge, str]


@dataclass
class Sketch:
    """The layered graph at work: cells are nodes, and the lanes that stand for an edge in the layers that it passes."""

    layer: list[int]
    band: list[int]  # within the stage: 2 x the place of the group, and 1 more for loose nodes
    size: list[int]
    before: list[list[int]]
    after: list[list[int]]
    nodes: int
    order: list[list[int]] = field(default_factory=list)
    middle: list[float] = field(default_factory=list)

    def add(self, layer: int, band: int, size: int) -> int:
        for column, value in ((self.layer, layer), (self.band, band), (self.size, size)):
            column.append(value)
        self.before.append([])
        self.after.append([])
        return len(self.layer) - 1

    def tie(self, left: int, right: int) -> None:
        self.after[left].append(right)
        self.before[right].append(left)


@lru_cache(maxsize=32)  # a live page asks again at every event, and states move without moving a node
def lay_out(groups: tuple[Group, ...], edges: tuple[Edge, ...], links: tuple[Edge, ...] = ()) -> Drawing:
    """Draw groups of nodes. `edges` join nodes and form no circle, `links` join groups by their keys."""
    if not groups:
        return Drawing(0, 0, {}, {}, {}, {})
    found = layering(groups, edges, links)
    names = [node for group in groups for node in group.nodes]
    cell = {node: number for number, node in enumerate(names)}
    sketch = _sketch(groups, found, names)
    routes = _routes(sketch, edges, cell, found)
    _order(sketch, len(found.first) and found.first[-1])
    tops, bottoms, height = _bands(sketch, groups, found, links)
    _straighten(sketch, tops, bottoms, found)
    columns = _columns(sketch, found)
    return _drawn(sketch, groups, found, columns, routes, tops, bottoms, height, links)


def _sketch(groups: Sequence[Group], found: Layering, names: Sequence[int]) -> Sketch:
    band = {number: place for members in found.stages for place, number in enumerate(members)}
    of_node = {node: 2 * band[number] + (node in found.loose) for number, group in enumerate(groups) for node in group.nodes}
    sketch = Sketch([], [], [], [], [], len(names))
    for node in names:
        sketch.add(found.layer[node], of_node[node], ROW)
    return sketch


def _routes(sketch: Sketch, edges: Iterable[Edge], cell: Mapping[int, int], found: Layering) -> dict[Edge, list[int]]:
    """Lay one trunk of lanes per source, as far as its farthest target, and return the cells that each edge passes."""
    targets: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        targets[cell[edge[0]]].append(edge)
    stage = [number for number, first in enumerate(found.first[:-1]) for _ in range(found.first[number + 1] - first)]
    routes: dict[Edge, list[int]] = {}
    for source, ways in targets.items():
        farthest = max((cell[edge[1]] for edge in ways), key=lambda target: sketch.layer[target])
        trunk = [source]
        for layer in range(sketch.layer[source] + 1, sketch.layer[farthest]):
            lane = sketch.add(layer, _band_of_lane(sketch, source, farthest, layer, stage, found), LANE)
            sketch.tie(trunk[-1], lane)
            trunk.append(lane)
        for edge in ways:
            target = cell[edge[1]]
            route = trunk[: sketch.layer[target] - sketch.layer[source]]
            sketch.tie(route[-1], target)
            routes[edge] = [*route, target]
    return routes


def _band_of_lane(sketch: Sketch, source: int, target: int, layer: int, stage: Sequence[int], found: Layering) -> int:
    """A lane runs among the nodes that it comes from or leads to; elsewhere, about as far down as it came."""
    for end in (source, target):
        if stage[layer] == stage[sketch.layer[end]]:
            return sketch.band[end] // 2 * 2
    return 2 * min(sketch.band[source] // 2, len(found.stages[stage[layer]]) - 1)


def _order(sketch: Sketch, layers: int) -> None:
    """Order each layer by the mean place of its neighbours, to and fro, and keep the order with the fewest crossings."""
    sketch.order = [[] for _ in range(layers)]
    for cell, layer in enumerate(sketch.layer):
        sketch.order[layer].append(cell)
    place = [0.0] * len(sketch.layer)
    for column in sketch.order:
        _place(sketch, column, place, sketch.before)
    best, fewest = [list(column) for column in sketch.order], _crossings(sketch, place)
    for _ in range(_sweeps(sketch)):
        if not fewest:
            break
        for column in reversed(sketch.order[:-1]):
            _place(sketch, column, place, sketch.after)
        for column in sketch.order[1:]:
            _place(sketch, column, place, sketch.before)
        crossings = _crossings(sketch, place)
        if crossings < fewest:
            best, fewest = [list(column) for column in sketch.order], crossings
    sketch.order = best


def _sweeps(sketch: Sketch) -> int:
    return max(3, min(SWEEPS, CELLS_TO_SWEEP // max(1, len(sketch.layer))))


def _place(sketch: Sketch, column: list[int], place: list[float], ties: Sequence[Sequence[int]]) -> None:
    """Sort one layer by where its ties stand; what has none keeps its place."""
    band = sketch.band
    wanted = {cell: sum([place[other] for other in ties[cell]]) / len(ties[cell]) if ties[cell] else place[cell] for cell in column}
    column.sort(key=lambda cell: (band[cell], wanted[cell]))
    scale = 1 / max(1, len(column))
    for number, cell in enumerate(column):
        place[cell] = number * scale


def _crossings(sketch: Sketch, place: Sequence[float]) -> int:
    total = 0
    for column in sketch.order:
        passed: list[float] = []
        for cell in column:
            ends = [place[other] for other in sketch.after[cell]]
            total += sum([len(passed) - bisect_right(passed, end) for end in ends])
            for end in ends:
                insort(passed, end)
    return total


Bands = dict[tuple[int, int], int]  # by stage and band


def _bands(sketch: Sketch, groups: Sequence[Group], found: Layering, links: Iterable[Edge]) -> tuple[Bands, Bands, int]:
    """Return between which heights each band of each stage stands, and the height of all: as low as its fullest layer lets it."""
    need: Bands = defaultdict(int)
    stage_of_layer = [number for number, first in enumerate(found.first[:-1]) for _ in range(found.first[number + 1] - first)]
    for layer, column in enumerate(sketch.order):
        full: dict[int, int] = defaultdict(int)
        for cell in column:
            full[sketch.band[cell]] += sketch.size[cell]
        for band, size in full.items():
            need[stage_of_layer[layer], band] = max(need[stage_of_layer[layer], band], size)
    tops, bottoms = {}, {}
    start = MARGIN + (OVER if _pass_a_stage(groups, found, links) else 0)
    lowest = 0
    for stage, members in enumerate(found.stages):
        y = start
        for place, number in enumerate(members):
            y += HEADER + PAD if groups[number].framed else 0
            for band in (2 * place, 2 * place + 1):
                tops[stage, band] = y
                y += need[stage, band]
                bottoms[stage, band] = y
            y += BAND_GAP
        lowest = max(lowest, y - BAND_GAP + PAD)
    return tops, bottoms, lowest + MARGIN


def _pass_a_stage(groups: Sequence[Group], found: Layering, links: Iterable[Edge]) -> bool:
    stage = {groups[number].key: place for place, members in enumerate(found.stages) for number in members}
    return any(abs(stage[before] - stage[after]) > 1 for before, after in links if before in stage and after in stage)


def _straighten(sketch: Sketch, tops: Bands, bottoms: Bands, found: Layering) -> None:
    """Move every cell towards the middle of its ties, inside its band and without changing the order."""
    sketch.middle = [0.0] * len(sketch.layer)
    runs = list(_runs(sketch, tops, bottoms, found))
    for cells, top, _ in runs:
        y: float = top
        for cell in cells:
            sketch.middle[cell] = y + sketch.size[cell] / 2
            y += sketch.size[cell]
    both = [[*left, *right] for left, right in zip(sketch.before, sketch.after, strict=True)]
    movable = [run for run in runs if sketch.band[run[0][0]] % 2 == 0]
    for number in range(max(3, _sweeps(sketch) // 2)):
        for ties, walk in ((sketch.before, movable), (sketch.after, movable[::-1])) if number < 2 else ((both, movable),):
            for cells, top, bottom in walk:
                _settle(sketch, cells, ties, top, bottom)


def _runs(sketch: Sketch, tops: Bands, bottoms: Bands, found: Layering) -> Iterable[tuple[list[int], int, int]]:
    """Yield the cells of each band of each layer, from top to bottom, with the heights they stay between."""
    for stage, first in enumerate(found.first[:-1]):
        for layer in range(first, found.first[stage + 1]):
            inside: dict[int, list[int]] = defaultdict(list)
            for cell in sketch.order[layer]:
                inside[sketch.band[cell]].append(cell)
            for band, cells in inside.items():
                yield cells, tops[stage, band], bottoms[stage, band]


def _settle(sketch: Sketch, cells: Sequence[int], ties: Sequence[Sequence[int]], top: float, bottom: float) -> None:
    """Place a run of cells as near as can be to where they want to be (isotonic regression: neighbours that push share a block)."""
    middle, size = sketch.middle, sketch.size
    blocks: list[list[float]] = []  # sum of wishes, weight, number of cells
    offset = 0.0
    for cell in cells:
        near = ties[cell]
        wish = sum([middle[other] for other in near]) / len(near) if near else middle[cell]
        weight = (4.0 if cell >= sketch.nodes else 1.0) if near else 0.1  # lanes straight before nodes in the middle
        block = [(wish - offset - size[cell] / 2) * weight, weight, 1]
        offset += size[cell]
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            pushed = blocks.pop()
            block = [pushed[0] + block[0], pushed[1] + block[1], pushed[2] + block[2]]
        blocks.append(block)
    place, used = 0, 0.0
    for total, weight, count in blocks:
        base = min(max(total / weight, top), bottom - offset)
        for cell in cells[place : place + int(count)]:
            middle[cell] = base + used + size[cell] / 2
            used += size[cell]
        place += int(count)


def _columns(sketch: Sketch, found: Layering) -> list[int]:
    """Return the left side of each layer. A gap that many edges cross is wider, and frames need room between stages."""
    ends = {first - 1 for first in found.first[1:]}
    x, columns = MARGIN + PAD, []
    for layer, column in enumerate(sketch.order):
        columns.append(x)
        crossing = sum([len(sketch.after[cell]) for cell in column])
        x += NODE_WIDTH + min(WIDEST_GAP, GAP + crossing) + (2 * PAD if layer in ends else 0)
    return columns


def _drawn(
    sketch: Sketch,
    groups: Sequence[Group],
    found: Layering,
    columns: Sequence[int],
    routes: Mapping[Edge, Sequence[int]],
    tops: Bands,
    bottoms: Bands,
    height: int,
    links: Iterable[Edge],
) -> Drawing:
    middle = [round(value) for value in sketch.middle]
    names = [node for group in groups for node in group.nodes]
    half = NODE_HEIGHT // 2
    places = {node: (columns[sketch.layer[cell]], middle[cell] - half) for cell, node in enumerate(names)}
    frames = _frames(groups, found, columns, places, tops, bottoms)
    paths = {edge: _path(route, sketch, columns, middle) for edge, route in routes.items()}
    width = max((frame.x + frame.width for frame in frames.values()), default=0)
    return Drawing(width + MARGIN, height, places, frames, paths, _links(links, frames, found, groups))


def _path(route: Sequence[int], sketch: Sketch, columns: Sequence[int], middle: Sequence[int]) -> str:
    """Return a path from the right side of the first cell to the left side of the last: straight over a layer, curved between two."""
    y = middle[route[0]]
    x = columns[sketch.layer[route[0]]] + NODE_WIDTH
    parts = [f"M{x} {y}"]
    for cell in route[1:]:
        left, level = columns[sketch.layer[cell]], middle[cell]
        bend = (x + left) // 2
        parts.append(f"H{left}" if level == y else f"C{bend} {y} {bend} {level} {left} {level}")
        x, y = left, level
        if cell >= sketch.nodes:
            x += NODE_WIDTH
            parts.append(f"H{x}")
    return "".join(parts)


def _frames(
    groups: Sequence[Group],
    found: Layering,
    columns: Sequence[int],
    places: Mapping[int, tuple[int, int]],
    tops: Bands,
    bottoms: Bands,
) -> dict[int, Frame]:
    frames = {}
    for stage, members in enumerate(found.stages):
        for band, number in enumerate(members):
            group = groups[number]
            if not group.framed:
                x, y = places[group.nodes[0]]
                frames[group.key] = Frame(x, y, NODE_WIDTH, NODE_HEIGHT)
                continue
            left = min((places[node][0] for node in group.nodes), default=columns[found.first[stage]]) - PAD
            right = max((places[node][0] for node in group.nodes), default=columns[found.first[stage]]) + NODE_WIDTH + PAD
            top = tops[stage, 2 * band] - HEADER - PAD
            frames[group.key] = Frame(left, top, right - left, bottoms[stage, 2 * band + 1] - (ROW - NODE_HEIGHT) // 2 + PAD - top)
    return frames


def _links(links: Iterable[Edge], frames: Mapping[int, Frame], found: Layering, groups: Sequence[Group]) -> dict[Edge, str]:
    """Return the paths between frames at the height of their headings; one that passes a stage goes over it."""
    stage = {groups[number].key: place for place, members in enumerate(found.stages) for number in members}
    paths = {}
    for before, after in links:
        if before not in frames or after not in frames or stage[before] >= stage[after]:
            continue
        x, y = frames[before].x + frames[before].width, frames[before].y + HEADER // 2
        left, level = frames[after].x, frames[after].y + HEADER // 2
        if y == level and stage[after] - stage[before] == 1:
            paths[before, after] = f"M{x} {y}H{left}"
        elif stage[after] - stage[before] == 1:
            paths[before, after] = f"M{x} {y}H{max(x, left - 40)}C{left - 20} {y} {left - 20} {level} {left} {level}"
        else:
            over = MARGIN // 2 + 4
            rise, fall = f"C{x + 24} {y} {x + 6} {over} {x + 30} {over}", f"C{left - 6} {over} {left - 24} {level} {left} {level}"
            paths[before, after] = f"M{x} {y}{rise}H{left - 30}{fall}"
    return paths
