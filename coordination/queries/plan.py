"""The plan: phases in order with their gates, progress and first tasks; and what waits for a person."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Phase, PhaseLink, Project, Question, Task

FIRST_TASKS = 12
LARGEST_LISTED = 500  # tasks of a phase; a larger one is for the board, and numbering its tasks would cost more than the rest of the page

TONE_OF = {
    State.WAITING: "waiting",
    State.QUEUED: "queued",
    State.CLAIMED: "running",
    State.RUNNING: "running",
    State.BLOCKED: "needs",
    State.REVIEW: "needs",
    State.DONE: "done",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class Progress:
    """How far a phase or project is. Cancelled tasks count neither as work nor as done."""

    by_tone: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(count for tone, count in self.by_tone.items() if tone != "cancelled")

    @property
    def size(self) -> int:
        """All tasks, the cancelled ones too."""
        return sum(self.by_tone.values())

    @property
    def done(self) -> int:
        return self.by_tone.get("done", 0)

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    @property
    def drawn(self) -> dict[str, int]:
        return {tone: count for tone, count in self.by_tone.items() if tone != "cancelled"}


@dataclass(frozen=True)
class PlannedPhase:
    phase: Phase
    progress: Progress
    follows: list[Phase]
    waits_for_approval: bool
    tasks: list[Task] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.progress.size - len(self.tasks)


@dataclass(frozen=True)
class ProjectOverview:
    project: Project
    phases: list[PlannedPhase]
    progress: Progress
    needs: int


def plan(project: Project) -> list[PlannedPhase]:
    """Return the phases of a project in order, each with its first tasks."""
    planned = _planned([project])[project.pk]
    by_id = {each.phase.pk: each for each in planned}
    for task in _first_tasks([each.phase for each in planned if each.progress.size <= LARGEST_LISTED]):
        by_id[task.phase_id].tasks.append(task)
    return planned


def overviews(projects: Iterable[Project]) -> list[ProjectOverview]:
    """Return every project with its phases, their progress and how much waits for a person."""
    projects = list(projects)
    planned = _planned(projects)
    return [_overview(project, planned[project.pk]) for project in projects]


def gates_waiting(overview: Iterable[ProjectOverview]) -> list[Phase]:
    return [planned.phase for each in overview for planned in each.phases if planned.waits_for_approval]


def tasks_in_need(projects: Iterable[Project], limit: int = 30) -> list[Task]:
    """Return the tasks that wait for a person, longest first; a blocked one carries its open question as `open_question`."""
    waiting = Task.objects.filter(project__in=list(projects), state__in=[State.BLOCKED, State.REVIEW])
    tasks = list(waiting.select_related("project", "phase").order_by("state_since", "id")[:limit])
    questions = Question.objects.filter(task__in=tasks, answered_at=None).order_by("id")
    texts = {question.task_id: question.text for question in questions}
    for task in tasks:
        task.open_question = texts.get(task.pk, "")  # type: ignore[attr-defined]  # a fact for the page, not a column
    return tasks


def _overview(project: Project, phases: list[PlannedPhase]) -> ProjectOverview:
    counts: Counter[str] = Counter()
    for planned in phases:
        counts.update(planned.progress.by_tone)
    gates = sum(planned.waits_for_approval for planned in phases)
    return ProjectOverview(project, phases, Progress(counts), counts["needs"] + gates)


def _planned(projects: list[Project]) -> dict[int, list[PlannedPhase]]:
    phases = list(Phase.objects.filter(project__in=projects).order_by("project_id", "position", "id"))
    by_id = {phase.pk: phase for phase in phases}
    follows: dict[int, list[Phase]] = defaultdict(list)
    for link in PhaseLink.objects.filter(phase__project__in=projects).order_by("id"):
        follows[link.phase_id].append(by_id[link.after_id])
    counts = _counts(phases)
    planned: dict[int, list[PlannedPhase]] = {project.pk: [] for project in projects}
    for phase in phases:
        after = follows[phase.pk]
        entry = PlannedPhase(phase, Progress(counts[phase.pk]), after, _waits_for_approval(phase, after))
        planned[phase.project_id].append(entry)
    return planned


def _counts(phases: list[Phase]) -> dict[int, Counter[str]]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = Task.objects.filter(phase__in=phases).values_list("phase_id", "state").annotate(Count("pk")).order_by()
    for phase_id, state, count in rows:
        counts[phase_id][TONE_OF[State(state)]] += count
    return counts


def _waits_for_approval(phase: Phase, after: list[Phase]) -> bool:
    held = phase.state == PhaseState.PLANNED and phase.gate == Gate.APPROVAL and phase.gate_approved_at is None
    return held and all(other.state == PhaseState.COMPLETED for other in after)


def _first_tasks(phases: list[Phase]) -> QuerySet[Task]:
    numbered = Task.objects.filter(phase__in=phases).annotate(row=Window(RowNumber(), partition_by=F("phase"), order_by=F("id").asc()))
    return (
        numbered.filter(row__lte=FIRST_TASKS)
        .select_related("assigned_to", "lease__agent")
        .defer("objective", "criteria", "result")
        .order_by("id")
    )
