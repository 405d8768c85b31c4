"""The graph of a project: its tasks as nodes in the frames of their phases, what waits for what, and what that holds up."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from coordination.lifecycle import FINISHED, SATISFIED_BY, DependencyKind, PhaseState, State
from coordination.models import Phase, Project
from coordination.queries.critical_path import longest_chain
from coordination.queries.durations import ENOUGH, experience
from coordination.queries.graph_layers import Edge, Group, components
from coordination.queries.graph_layout import Drawing, Frame, lay_out
from coordination.queries.graph_rows import Rows, Wanted, neighbourhood, read_rows
from coordination.queries.plan import TONE_OF, Progress


@dataclass(frozen=True)
class TaskNode:
    """One task. `held_by` are the stuck tasks that it cannot run without; `progress` is in percent."""

    pk: int
    title: str
    state: str
    phase_id: int
    attempts: int
    max_attempts: int
    agent: str
    progress: int | None
    is_critical: bool
    held_by: tuple[int, ...]
    matches: bool
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class PhaseNode:
    """A phase: drawn as one node when it is collapsed, else as a frame around its tasks."""

    phase: Phase
    progress: Progress
    is_collapsed: bool
    is_forced: bool  # too large to be drawn open
    is_critical: bool
    frame: Frame


@dataclass(frozen=True)
class GraphEdge:
    """`target` waits for `source`; numbers below 0 are collapsed phases. `count` dependencies are drawn as one."""

    source: int
    target: int
    kind: str
    is_satisfied: bool
    is_critical: bool
    is_held: bool
    count: int
    path: str = ""


@dataclass(frozen=True)
class PhaseWay:
    """The order of two phases, drawn from one to the next."""

    before: int
    after: int
    path: str
    is_critical: bool


@dataclass(frozen=True)
class Graph:
    nodes: list[TaskNode]
    phases: list[PhaseNode]
    edges: list[GraphEdge]
    ways: list[PhaseWay]
    width: int
    height: int
    critical: list[int]
    total: int  # tasks of the project
    matching: int | None  # of those shown; None without a filter
    needs: Mapping[int, list[tuple[int, str]]] = field(default_factory=dict)  # what each shown task waits for, and how
    feeds: Mapping[int, list[int]] = field(default_factory=dict)

    @property
    def on_path(self) -> int:
        """How many of the tasks that are drawn are on the critical path."""
        return sum(node.is_critical for node in self.nodes)

    @property
    def phase_waits(self) -> dict[int, list[str]]:
        """The names of the phases that each phase follows and that are not completed."""
        open_ones = {each.phase.pk: each.phase.name for each in self.phases if each.phase.state != PhaseState.COMPLETED}
        waits: dict[int, list[str]] = {}
        for way in self.ways:
            if way.before in open_ones:
                waits.setdefault(way.after, []).append(open_ones[way.before])
        return waits

    @property
    def folded(self) -> int:
        """How many tasks stand for themselves in no node, but in that of their collapsed phase."""
        return sum(each.progress.size for each in self.collapsed)

    @property
    def collapsed(self) -> list[PhaseNode]:
        return [each for each in self.phases if each.is_collapsed]

    @property
    def forced(self) -> list[PhaseNode]:
        return [each for each in self.phases if each.is_forced]


def graph(project: Project, wanted: Wanted, *, matching: Collection[int] | None = None) -> Graph:
    """Return the graph, laid out. `matching` are the tasks that a filter found: the others are drawn faintly."""
    read = read_rows(project, wanted)
    critical = _critical(project, read)
    held = _held(read)
    shown = set(read.tasks)
    if wanted.around is not None:
        shown &= neighbourhood(wanted.around, [edge[:2] for edge in read.edges], wanted.side, wanted.depth)
    is_part = wanted.around is not None
    if wanted.only_matching and matching is not None:
        shown, is_part = shown & set(matching), True
    visible = [pk for pk in read.tasks if pk in shown and read.tasks[pk]["phase_id"] not in read.closed]
    groups = _groups(read, visible, is_part=is_part)
    edges = _edges(read, shown, set(visible), critical, held)
    drawing = lay_out(groups, tuple(sorted((edge.source, edge.target) for edge in edges)), tuple(sorted(read.links)))
    path = set(critical)
    nodes = [_node(read.tasks[pk], drawing, path, held, matching) for pk in visible]
    needs, feeds = _ties(read, shown)
    return Graph(
        nodes=sorted(nodes, key=lambda node: (node.x, node.y)),
        phases=_phases(read, groups, drawing, critical),
        edges=[_with_path(edge, drawing) for edge in edges],
        ways=_ways(read, drawing, critical),
        width=drawing.width,
        height=drawing.height,
        critical=critical,
        total=sum(sum(counts.values()) for counts in read.counts.values()),
        matching=None if matching is None else sum(node.matches for node in nodes),
        needs=needs,
        feeds=feeds,
    )


def _critical(project: Project, read: Rows) -> list[int]:
    """Return the chain that takes longest by what attempts took here; a phase that has begun waits for no other any more."""
    ended = sum(task["state"] == State.DONE and task["attempts_made"] > 0 for task in read.tasks.values())
    known = experience(project) if ended >= ENOUGH else None
    lengths = {
        pk: known.pool(task["phase_id"], task["kind"], task["tier"]).expected if known and known.is_enough else 1.0
        for pk, task in read.tasks.items()
        if task["state"] not in (State.DONE, State.CANCELLED)
    }
    begun = {phase.pk for phase in read.phases if phase.started_at}
    links = [(before, after) for before, after in read.links if after not in begun]
    phase_of = {pk: read.tasks[pk]["phase_id"] for pk in lengths}
    return longest_chain(lengths, [edge[:2] for edge in read.edges], phase_of, links)


def _held(read: Rows) -> dict[int, tuple[int, ...]]:
    """Return the tasks that cannot run before a person acts, each with the stuck tasks that it comes from."""
    down: dict[int, list[int]] = defaultdict(list)
    for source, target, kind in read.edges:
        if _is_open(read, target) and not _is_satisfied(read, source, kind):
            down[source].append(target)
    roots: dict[int, set[int]] = defaultdict(set)
    for pk in down:
        if State(read.tasks[pk]["state"]) in FINISHED | {State.BLOCKED, State.REVIEW}:
            for reached in _reach(pk, down):
                roots[reached].add(pk)
    return {pk: tuple(sorted(found)) for pk, found in roots.items()}


def _reach(start: int, down: Mapping[int, list[int]]) -> set[int]:
    found: set[int] = set()
    front = [start]
    while front:
        front = [other for each in front for other in down.get(each, ()) if other not in found]
        found.update(front)
    return found


def _is_open(read: Rows, pk: int) -> bool:
    return pk in read.tasks and State(read.tasks[pk]["state"]) not in FINISHED


def _is_satisfied(read: Rows, source: int, kind: str) -> bool:
    return source in read.tasks and State(read.tasks[source]["state"]) in SATISFIED_BY[DependencyKind(kind)]


def _groups(read: Rows, visible: Iterable[int], *, is_part: bool) -> tuple[Group, ...]:
    members: dict[int, list[int]] = defaultdict(list)
    for pk in visible:
        members[read.tasks[pk]["phase_id"]].append(pk)
    groups = []
    for phase in read.phases:
        if members[phase.pk]:
            groups.append(Group(phase.pk, tuple(members[phase.pk])))
        elif not is_part:
            groups.append(Group(phase.pk, (-phase.pk,), framed=False))
    return tuple(groups)


def _edges(
    read: Rows, shown: Collection[int], visible: Collection[int], critical: list[int], held: Mapping[int, object]
) -> list[GraphEdge]:
    steps = set(pairwise(critical))
    drawn: dict[Edge, list[GraphEdge]] = defaultdict(list)
    for source, target, kind in read.edges:
        if source not in shown or target not in shown:
            continue
        is_held = target in held and not _is_satisfied(read, source, kind) and (source in held or _is_stuck(read, source))
        left, right = (pk if pk in visible else -read.tasks[pk]["phase_id"] for pk in (source, target))
        if left != right:
            edge = GraphEdge(left, right, kind, _is_satisfied(read, source, kind), (source, target) in steps, is_held, 1)
            drawn[left, right].append(edge)
    for before, after in read.far:
        if before != after and before in read.closed and after in read.closed:
            drawn[-before, -after].append(GraphEdge(-before, -after, DependencyKind.SUCCESS, False, False, False, 1))
    merged = [_merged(edges) for _, edges in sorted(drawn.items())]
    return _without_circles(merged) if read.closed else merged


def _is_stuck(read: Rows, pk: int) -> bool:
    return State(read.tasks[pk]["state"]) in FINISHED | {State.BLOCKED, State.REVIEW}


def _merged(edges: list[GraphEdge]) -> GraphEdge:
    first = edges[0]
    return GraphEdge(
        first.source,
        first.target,
        first.kind if len({edge.kind for edge in edges}) == 1 else DependencyKind.SUCCESS,
        all(edge.is_satisfied for edge in edges),
        any(edge.is_critical for edge in edges),
        any(edge.is_held for edge in edges),
        len(edges),
    )


def _without_circles(edges: list[GraphEdge]) -> list[GraphEdge]:
    """Leave out edges of a collapsed phase that would run backwards: some of its tasks come before a task, others after it."""
    numbers = {node: number for number, node in enumerate(sorted({end for edge in edges for end in (edge.source, edge.target)}))}
    after: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        after[numbers[edge.source]].append(numbers[edge.target])
    component = components(len(numbers), after)
    return [
        edge for edge in edges if min(edge.source, edge.target) > 0 or component[numbers[edge.source]] != component[numbers[edge.target]]
    ]


def _node(
    task: Mapping[str, Any],
    drawing: Drawing,
    critical: Collection[int],
    held: Mapping[int, tuple[int, ...]],
    matching: Collection[int] | None,
) -> TaskNode:
    pk = task["pk"]
    return TaskNode(
        pk,
        task["title"],
        task["state"],
        task["phase_id"],
        task["attempts_made"],
        task["max_attempts"],
        task["lease__agent__display_name"] or task["lease__agent__name"] or "",
        task["lease__attempt__progress"],
        pk in critical,
        held.get(pk, ()),
        matching is None or pk in matching,
        *drawing.places[pk],
    )


def _phases(read: Rows, groups: Iterable[Group], drawing: Drawing, critical: Collection[int]) -> list[PhaseNode]:
    on_path = {read.tasks[pk]["phase_id"] for pk in critical}
    framed = {group.key: group.framed for group in groups}
    return [
        PhaseNode(
            phase,
            Progress(_tones(read.counts[phase.pk])),
            not framed[phase.pk],
            phase.pk in read.forced,
            phase.pk in on_path,
            drawing.frames[phase.pk],
        )
        for phase in read.phases
        if phase.pk in framed
    ]


def _tones(counts: Mapping[str, int]) -> Counter[str]:
    tones: Counter[str] = Counter()
    for state, count in counts.items():
        tones[TONE_OF[State(state)]] += count
    return tones


def _ways(read: Rows, drawing: Drawing, critical: list[int]) -> list[PhaseWay]:
    order = [read.tasks[pk]["phase_id"] for pk in critical]
    steps = {step for step in pairwise(order) if step[0] != step[1]}
    return [PhaseWay(before, after, path, (before, after) in steps) for (before, after), path in drawing.links.items()]


def _with_path(edge: GraphEdge, drawing: Drawing) -> GraphEdge:
    return replace(edge, path=drawing.paths[edge.source, edge.target])


def _ties(read: Rows, shown: Collection[int]) -> tuple[dict[int, list[tuple[int, str]]], dict[int, list[int]]]:
    needs: dict[int, list[tuple[int, str]]] = defaultdict(list)
    feeds: dict[int, list[int]] = defaultdict(list)
    for source, target, kind in read.edges:
        if target in shown:
            needs[target].append((source, kind))
        if source in shown:
            feeds[source].append(target)
    return needs, feeds
