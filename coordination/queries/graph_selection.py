"""The task or dependency that a person picked in the graph: what its panel shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from coordination.lifecycle import MAY_STILL_WAIT, State
from coordination.models import Dependency, Project, Task
from coordination.queries.graph import Graph

SHOWN_TIES = 50
OFFERED = 200  # tasks offered to wait for


@dataclass(frozen=True)
class PickedTask:
    """`offered` are tasks that it could wait for: none that waits for it, so that no circle is offered."""

    task: Task
    needs: list[Dependency]
    feeds: list[Dependency]
    held_by: tuple[int, ...]
    place_on_path: int  # 0: not on the critical path
    path_length: int
    may_wait: bool
    offered: list[tuple[int, str]]


def pick_task(project: Project, graph: Graph, task_id: int) -> PickedTask | None:
    """Return what the panel of a task shows, or None if the project has no such task."""
    task = project.tasks.select_related("phase", "assigned_to", "lease__agent").filter(pk=task_id).first()
    if task is None:
        return None
    needs = list(task.dependencies.select_related("on").order_by("on_id"))
    node = next((node for node in graph.nodes if node.pk == task_id), None)
    return PickedTask(
        task,
        needs,
        list(task.dependents.select_related("task").order_by("task_id")[:SHOWN_TIES]),
        node.held_by if node else (),
        graph.critical.index(task_id) + 1 if task_id in graph.critical else 0,
        len(graph.critical),
        State(task.state) in MAY_STILL_WAIT,
        _offered(graph, task_id, {edge.on_id for edge in needs}),
    )


def pick_edge(project: Project, source: int, target: int) -> Dependency | None:
    """Return the dependency of `target` on `source`, or None if there is none."""
    return Dependency.objects.filter(project=project, on=source, task=target).select_related("on", "task").first()


def _offered(graph: Graph, task_id: int, taken: set[int]) -> list[tuple[int, str]]:
    barred = taken | _downstream(graph.feeds, task_id)
    return [(node.pk, node.title) for node in graph.nodes if node.pk not in barred][:OFFERED]


def _downstream(feeds: Mapping[int, list[int]], task_id: int) -> set[int]:
    found = {task_id}
    front = [task_id]
    while front:
        front = [other for each in front for other in feeds.get(each, ()) if other not in found]
        found.update(front)
    return found
