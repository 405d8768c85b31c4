"""Swimlanes of a board: its tasks grouped by phase, or by the agent who has them, had them last or is to get them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet

from coordination.errors import NotFound
from coordination.lifecycle import State
from coordination.models import Agent, LaneAgent, Lease, Phase, Project, Task


class Kind(StrEnum):
    PHASE = "phase"
    AGENT = "agent"


@dataclass(frozen=True)
class Swimlane:
    """`id` is the phase's or the agent's; 0 is the lane of the tasks that no agent has."""

    kind: Kind
    id: int
    title: str
    phase: Phase | None = None
    agent: Agent | None = None
    running: tuple[str, ...] = ()  # who works on the tasks of a phase now

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.id}"

    @property
    def counted_as(self) -> int | str:
        """What its tasks are counted under: the phase's id, or the agent's name, "" for nobody's."""
        return self.agent.name if self.agent else self.id if self.kind is Kind.PHASE else ""


NOT_BEGUN = [State.WAITING, State.QUEUED]
NOBODY = "No agent"


def narrowed(tasks: QuerySet[Task], lane: Swimlane) -> QuerySet[Task]:
    """Return those of the tasks that stand in the lane: an agent's are meant for it until they begin, then whose it claimed last."""
    if lane.kind is Kind.PHASE:
        return tasks.filter(phase=lane.id)
    return tasks.filter(Q(state__in=NOT_BEGUN, assigned_to=lane.id or None) | Q(~Q(state__in=NOT_BEGUN), last_agent=lane.counted_as))


def lanes_of(
    project: Project, kind: Kind, phases: Sequence[Phase], counts: Mapping[int | str, Counter[str]], *, every: bool
) -> list[Swimlane]:
    """Return the lanes of a project in order. `every` keeps those without tasks, where a task can be moved to."""
    if kind is Kind.PHASE:
        running = _running(project)
        return [
            Swimlane(kind, phase.pk, phase.name, phase, None, running.get(phase.pk, ())) for phase in phases if every or phase.pk in counts
        ]
    has_tasks = Q(name__in=list(counts))
    may = has_tasks | Q(pk__in=LaneAgent.objects.filter(lane__project=project).values("agent"), retired_at=None)
    agents = Agent.objects.filter(may if every else has_tasks).order_by("name")
    lanes = [Swimlane(kind, agent.pk, agent.title, None, agent) for agent in agents]
    return [Swimlane(kind, 0, NOBODY), *lanes] if every or "" in counts else lanes


def _running(project: Project) -> dict[int, tuple[str, ...]]:
    """Return who works in each phase."""
    found: dict[int, tuple[str, ...]] = {}
    for lease in Lease.objects.filter(task__project=project).select_related("agent", "task").order_by("agent__name"):
        found[lease.task.phase_id] = tuple(dict.fromkeys((*found.get(lease.task.phase_id, ()), lease.agent.title)))
    return found


def lanes_to_move_to(project: Project, kind: Kind) -> list[Swimlane]:
    """Return every lane of a kind, for a task that is to change its lane."""
    phases = list(project.phases.all()) if kind is Kind.PHASE else []
    return lanes_of(project, kind, phases, {}, every=True)


def agents_to_assign_to() -> list[Agent]:
    return list(Agent.objects.filter(retired_at=None).order_by("name"))


def find_lane(project: Project, key: str) -> Swimlane:
    """Return the lane that a page names by its key."""
    name, _, number = key.partition("-")
    lane_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 18 else -1
    if name == Kind.PHASE and (phase := project.phases.filter(pk=lane_id).first()):
        return Swimlane(Kind.PHASE, phase.pk, phase.name, phase)
    if name == Kind.AGENT and lane_id == 0:
        return Swimlane(Kind.AGENT, 0, NOBODY)
    if name == Kind.AGENT and (agent := Agent.objects.filter(pk=lane_id).first()):
        return Swimlane(Kind.AGENT, agent.pk, agent.title, None, agent)
    raise NotFound("There is no such lane on this board any more; reload the page.")


def lane_of(task: Task, kind: Kind) -> str:
    """Return the key of the lane that the task stands in."""
    if kind is Kind.PHASE:
        return f"{kind}-{task.phase_id}"
    begun = Agent.objects.filter(name=task.last_agent).values_list("pk", flat=True)
    return f"{kind}-{(task.assigned_to_id if task.state in NOT_BEGUN else begun.first()) or 0}"
