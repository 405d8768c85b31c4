"""Swimlanes of a board: its tasks grouped by phase, or by the agent who has them, had them last or is to get them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, When

from coordination.errors import NotFound
from coordination.lifecycle import State
from coordination.models import Agent, Attempt, LaneAgent, Lease, Phase, Project, Task


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


NOT_BEGUN = [State.WAITING, State.QUEUED]
NEWEST = Attempt.objects.filter(task=OuterRef("pk"), number=OuterRef("attempts_made"))
# Whose a task is: before it begins the one it is assigned to, then the one who claimed it last.
OF_TASK = Case(
    When(state__in=NOT_BEGUN, then=F("assigned_to")), default=Subquery(NEWEST.values("agent")[:1]), output_field=BigIntegerField()
)
NOBODY = "No agent"


def narrowed(tasks: QuerySet[Task], lane: Swimlane) -> QuerySet[Task]:
    """Return those of the tasks that stand in the lane."""
    if lane.kind is Kind.PHASE:
        return tasks.filter(phase=lane.id)
    return tasks.annotate(lane_agent=OF_TASK).filter(lane_agent=lane.id or None) if lane.id else _nobodys(tasks)


def _nobodys(tasks: QuerySet[Task]) -> QuerySet[Task]:
    begun = ~Q(state__in=NOT_BEGUN)
    return tasks.filter(Q(state__in=NOT_BEGUN, assigned_to=None) | Q(begun, attempts_made=0))


def lanes_of(project: Project, kind: Kind, phases: Sequence[Phase], counts: Mapping[int, Counter[str]], *, every: bool) -> list[Swimlane]:
    """Return the lanes of a project in order. `every` keeps those without tasks, where a task can be moved to."""
    if kind is Kind.PHASE:
        running = _running(project)
        return [
            Swimlane(kind, phase.pk, phase.name, phase, None, running.get(phase.pk, ())) for phase in phases if every or phase.pk in counts
        ]
    may = Q(pk__in=list(counts)) | Q(pk__in=LaneAgent.objects.filter(lane__project=project).values("agent"), retired_at=None)
    agents = Agent.objects.filter(may if every else Q(pk__in=list(counts))).order_by("name")
    lanes = [Swimlane(kind, agent.pk, agent.title, None, agent) for agent in agents]
    return [Swimlane(kind, 0, NOBODY), *lanes] if every or 0 in counts else lanes


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
    agent_id = Task.objects.filter(pk=task.pk).annotate(lane_agent=OF_TASK).values_list("lane_agent", flat=True).first()
    return f"{kind}-{agent_id or 0}"
