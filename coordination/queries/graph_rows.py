"""What the graph of a project is made of, as rows: phases with their counts, tasks, dependencies, the order of phases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Count, QuerySet

from coordination.models import Dependency, Phase, PhaseLink, Project, Task
from coordination.queries.graph_layers import Edge

MOST_NODES = 1_500  # that are drawn at once; the largest phases are collapsed beyond that
LARGEST_READ = 5_000  # tasks of a project; of a larger one only the phases that are drawn are read
DEEPEST = 99
FACTS = (
    "pk",
    "title",
    "state",
    "kind",
    "tier",
    "phase_id",
    "attempts_made",
    "max_attempts",
    "lease__agent__name",
    "lease__agent__display_name",
    "lease__attempt__progress",
)


class Side(StrEnum):
    """Which neighbours of a task are wanted: what it waits for, what waits for it, or both."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True)
class Wanted:
    """What of the graph is asked for: phases drawn as one node, the neighbourhood of one task, only what a filter finds."""

    collapsed: frozenset[int] = frozenset()
    around: int | None = None
    side: Side = Side.BOTH
    depth: int = DEEPEST
    only_matching: bool = False


@dataclass(frozen=True)
class Rows:
    """What one drawing of the graph begins with."""

    phases: list[Phase]
    counts: Mapping[int, Counter[str]]
    closed: frozenset[int]
    forced: frozenset[int]
    tasks: dict[int, dict[str, Any]]
    edges: list[tuple[int, int, str]]  # source, target, kind: between tasks that were read
    far: set[Edge]  # between phases of tasks that were not all read
    links: list[Edge]


def neighbourhood(task: int, edges: Iterable[Edge], side: Side, depth: int) -> set[int]:
    """Return a task and those upstream, downstream or on both sides of it, as far as `depth` dependencies away."""
    up, down = defaultdict(list), defaultdict(list)
    for source, target in edges:
        up[target].append(source)
        down[source].append(target)
    found = {task}
    for ways in [up] if side is Side.UP else [down] if side is Side.DOWN else [up, down]:
        seen = front = {task}
        for _ in range(depth):
            front = {other for each in front for other in ways.get(each, ())} - seen
            if not front:
                break
            seen = seen | front
        found |= seen
    return found


def read_rows(project: Project, wanted: Wanted) -> Rows:
    phases = list(project.phases.all())
    counts: dict[int, Counter[str]] = {phase.pk: Counter() for phase in phases}
    for phase_id, state, count in project.tasks.values_list("phase_id", "state").annotate(Count("pk")).order_by():
        counts[phase_id][state] = count
    sizes = {pk: sum(each.values()) for pk, each in counts.items()}
    is_part = wanted.around is not None
    closed = frozenset() if is_part else frozenset(phase.pk for phase in phases if phase.pk in wanted.collapsed)
    forced = frozenset() if is_part else _too_many({pk: size for pk, size in sizes.items() if pk not in closed})
    closed |= forced
    tasks, edges, far = _rows(project, wanted, sizes, closed)
    links = PhaseLink.objects.filter(phase__project=project).values_list("after_id", "phase_id")
    found = {row["pk"]: row for row in tasks.order_by("pk").values(*FACTS)}
    known = [(source, target, kind) for source, target, kind in edges if source in found and target in found]
    return Rows(phases, counts, closed, forced, found, known, far, list(links))


def _rows(
    project: Project, wanted: Wanted, sizes: Mapping[int, int], closed: frozenset[int]
) -> tuple[QuerySet[Task], list[tuple[int, int, str]], set[Edge]]:
    """Return the tasks and dependencies to read: of a very large project only those that are drawn."""
    ends = list(Dependency.objects.filter(project=project).values_list("on_id", "task_id", "kind").order_by("id"))
    if sum(sizes.values()) <= LARGEST_READ:
        return project.tasks.all(), ends, set()
    if wanted.around is not None:
        near = neighbourhood(wanted.around, [edge[:2] for edge in ends], wanted.side, wanted.depth)
        return project.tasks.filter(pk__in=sorted(near)[:MOST_NODES]), ends, set()
    # Put together here: a database that does not know yet how large a new plan is may compare every task with every other.
    phase_of = dict(project.tasks.values_list("pk", "phase_id"))
    between = [(phase_of[on], phase_of[task]) for on, task, _ in ends]
    far = {phases for phases in between if not closed.isdisjoint(phases)}
    drawn = [edge for edge, phases in zip(ends, between, strict=True) if closed.isdisjoint(phases)]
    return project.tasks.filter(phase__in=set(sizes) - closed), drawn, far


def _too_many(sizes: Mapping[int, int]) -> frozenset[int]:
    """Return the largest phases, as many as must be collapsed for the rest to be drawn."""
    left = sum(sizes.values())
    collapsed = []
    for pk, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if left <= MOST_NODES:
            break
        collapsed.append(pk)
        left -= size
    return frozenset(collapsed)
