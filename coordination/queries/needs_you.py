"""What waits for a person: questions, reviews, gates, failures, tasks of agents, silent agents, and work that nobody can run."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Agent, Lane, LaneAgent, Phase, PhaseLink, Project, Question, Task
from coordination.models.clock import now
from coordination.queries.access import Caller, Permission, visible_agents

WAITS_FOR_A_PERSON = (State.BLOCKED, State.REVIEW, State.FAILED)
STILL_NEWS = timedelta(days=7)  # an agent that has been silent for longer is no news; the list of agents has it
MOST_SHOWN = 20  # of each kind


@dataclass(frozen=True)
class Stranded:
    """Queued tasks of one phase that no registered agent could ever run, and what most of them need."""

    phase: Phase
    tasks: int
    needs: list[Lane]


@dataclass(frozen=True)
class Inbox:
    """Everything that waits for this person. `total` counts all of it, the lists hold the first of each kind, longest first."""

    total: int
    questions: list[Question] = field(default_factory=list)
    reviews: list[Task] = field(default_factory=list)
    gates: list[Phase] = field(default_factory=list)
    failed: list[Task] = field(default_factory=list)
    proposed: list[Task] = field(default_factory=list)
    silent: list[Agent] = field(default_factory=list)
    stranded: list[Stranded] = field(default_factory=list)

    @property
    def more(self) -> int:
        lists: Sequence[Sequence[object]] = (self.questions, self.reviews, self.gates, self.failed, self.proposed, self.silent)
        return max(0, self.total - sum(map(len, lists)) - len(self.stranded))


def needs_you_count(caller: Caller) -> int:
    """Return how much waits for this person, in one statement; 0 for whoever plans nothing."""
    if (wanted := _planned_by(caller)) is None:
        return 0
    each = [_tasks(wanted), _gates(wanted), _silent(caller, wanted), _stranded_phases(wanted)]
    first, *others = (found.order_by().values("pk") for found in each)
    return first.union(*others, all=True).count()


def needs_by_project(caller: Caller) -> Counter[int]:
    """Return for each project how much of it waits for this person; agents belong to none."""
    counted: Counter[int] = Counter()
    if (wanted := _planned_by(caller)) is None:
        return counted
    each = [_tasks(wanted), _gates(wanted), _stranded_phases(wanted)]
    first, *others = (found.order_by().values_list("pk", "project_id") for found in each)
    counted.update(project_id for _, project_id in first.union(*others, all=True))
    return counted


def needs_you(caller: Caller) -> Inbox:
    """Return what waits for this person, with what is needed to answer it in place."""
    wanted = _planned_by(caller)
    total = needs_you_count(caller)
    if wanted is None or not total:
        return Inbox(0)
    asked = _first(_tasks(wanted).filter(state__in=[State.BLOCKED, State.REVIEW]), 2 * MOST_SHOWN)
    return Inbox(
        total,
        questions=_questions([task for task in asked if task.state == State.BLOCKED]),
        reviews=[task for task in asked if task.state == State.REVIEW],
        gates=list(_gates(wanted).select_related("project")[:MOST_SHOWN]),
        failed=_first(_tasks(wanted).filter(state=State.FAILED), MOST_SHOWN),
        proposed=_first(_tasks(wanted).filter(awaits_person=True), MOST_SHOWN),
        silent=list(_silent(caller, wanted).order_by("silent_since")[:MOST_SHOWN]),
        stranded=_stranded(wanted),
    )


def _first(tasks: QuerySet[Task], limit: int) -> list[Task]:
    return list(tasks.select_related("project", "phase").defer("criteria").order_by("state_since", "id")[:limit])


def _planned_by(caller: Caller) -> QuerySet[Project] | None:
    """Return the projects that the caller plans, or None when there is nothing that this caller could decide."""
    if caller.may_everywhere(Permission.PLAN):
        return Project.objects.all()
    planned = [pk for pk, permission in caller.permissions.items() if permission >= Permission.PLAN]
    return Project.objects.filter(pk__in=planned) if planned else None


def _tasks(projects: QuerySet[Project]) -> QuerySet[Task]:
    proposed = Q(awaits_person=True, state=State.WAITING)
    return Task.objects.filter(Q(state__in=WAITS_FOR_A_PERSON) | proposed, project__in=projects.values("pk"))


def _gates(projects: QuerySet[Project]) -> QuerySet[Phase]:
    before = PhaseLink.objects.filter(phase=OuterRef("pk")).exclude(after__state=PhaseState.COMPLETED)
    closed = Phase.objects.filter(project__in=projects.values("pk"), state=PhaseState.PLANNED, gate=Gate.APPROVAL, gate_approved_at=None)
    return closed.filter(~Exists(before))


def _silent(caller: Caller, projects: QuerySet[Project]) -> QuerySet[Agent]:
    """Return the agents that were lost lately: all for who plans everywhere, else those that can work for the caller's projects."""
    lost = visible_agents(caller).filter(retired_at=None, silent_since__gt=now() - STILL_NEWS)
    if caller.may_everywhere(Permission.PLAN):
        return lost
    return lost.filter(Exists(LaneAgent.objects.filter(agent=OuterRef("pk"), lane__project__in=projects.values("pk"))))


def _unserved(projects: QuerySet[Project]) -> QuerySet[Lane]:
    serving = LaneAgent.objects.filter(lane=OuterRef("pk"), agent__retired_at=None)
    return Lane.objects.filter(~Exists(serving), project__in=projects.values("pk"))


def _stranded_phases(projects: QuerySet[Project]) -> QuerySet[Phase]:
    left = Task.objects.filter(phase=OuterRef("pk"), state=State.QUEUED, lane__in=_unserved(projects).values("pk"))
    return Phase.objects.filter(Exists(left), project__in=projects.values("pk"), state=PhaseState.ACTIVE)


def _stranded(projects: QuerySet[Project]) -> list[Stranded]:
    lanes = {lane.pk: lane for lane in _unserved(projects).select_related("assigned_to")}
    queued = Task.objects.filter(state=State.QUEUED, lane__in=lanes, phase__state=PhaseState.ACTIVE)
    counts: dict[int, Counter[int]] = defaultdict(Counter)
    for phase_id, lane_id, count in queued.order_by().values_list("phase_id", "lane_id").annotate(Count("pk")):
        counts[phase_id][lane_id] = count
    phases = Phase.objects.filter(pk__in=counts).select_related("project").order_by("project_id", "position")[:MOST_SHOWN]
    return [Stranded(phase, counts[phase.pk].total(), [lanes[pk] for pk, _ in counts[phase.pk].most_common(3)]) for phase in phases]


def _questions(tasks: list[Task]) -> list[Question]:
    """Return the open question of each of the tasks, longest waiting first."""
    if not tasks:
        return []
    by_id = {task.pk: task for task in tasks}
    latest = {}
    for question in Question.objects.filter(task__in=by_id, answered_at=None).order_by("pk"):
        question.task = by_id[question.task_id]
        latest[question.task_id] = question
    return [latest[pk] for pk in by_id if pk in latest][:MOST_SHOWN]
