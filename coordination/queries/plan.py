"""The plan: phases in order with their gates, progress and first tasks; and what waits for a person."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Case, Count, F, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Phase, PhaseLink, Project, Task
from coordination.queries.forecast import Forecast, PhaseForecast, forecast
from coordination.queries.shares import percent

FIRST_TASKS = 12
PAGE = 50
NEAREST = 8  # phases of a project among others
FINISHED_LAST = Case(When(state__in=[State.DONE, State.CANCELLED], then=1), default=0)
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
    proposed: int = 0  # of agents, and not let run yet

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
        return percent(self.done, self.total)

    @property
    def drawn(self) -> dict[str, int]:
        return {tone: count for tone, count in self.by_tone.items() if tone != "cancelled"}


@dataclass(frozen=True)
class Effect:
    """What a change of the plan touches: attempts that run, tasks that could be claimed now, those that wait, and those of later phases."""

    running: int
    queued: int
    waiting: int
    later: int

    @property
    def held(self) -> int:
        """The tasks that would not begin before it goes on."""
        return self.waiting + self.later


@dataclass(frozen=True)
class PlannedPhase:
    """A phase and a page of its tasks, unfinished ones first."""

    phase: Phase
    progress: Progress
    follows: list[Phase]
    waits_for_approval: bool
    tasks: list[Task] = field(default_factory=list)
    forecast: PhaseForecast | None = None
    page: int = 0  # of its tasks; 0: only the first are shown
    effect: Effect = Effect(0, 0, 0, 0)

    @property
    def more(self) -> int:
        return self.progress.size - len(self.tasks)

    @property
    def pages(self) -> int:
        return -(-self.progress.size // PAGE)

    @property
    def unfinished(self) -> int:
        return self.progress.total - self.progress.done

    @property
    def is_draining(self) -> bool:
        return self.phase.state == PhaseState.PAUSED and self.effect.running > 0


@dataclass(frozen=True)
class ProjectPlan:
    phases: list[PlannedPhase]
    progress: Progress
    forecast: Forecast
    effect: Effect

    @property
    def critical(self) -> set[int]:
        return set(self.forecast.critical)

    @property
    def titles(self) -> dict[int, str]:
        """The titles of the tasks that are listed."""
        return {task.pk: task.title for each in self.phases for task in each.tasks}


@dataclass(frozen=True)
class ProjectOverview:
    project: Project
    phases: list[PlannedPhase]
    progress: Progress
    needs: int

    @property
    def failed(self) -> int:
        return self.progress.by_tone.get("failed", 0)

    @property
    def nearest(self) -> list[PlannedPhase]:
        """The phases to show where there is room for few: those where work goes on, and the completed one before them."""
        states = [each.phase.state for each in self.phases]
        first_open = next((place for place, state in enumerate(states) if state != PhaseState.COMPLETED), len(states))
        start = max(0, min(first_open - 1, len(states) - NEAREST))
        return self.phases[start : start + NEAREST]

    @property
    def others(self) -> int:
        """How many phases are not among the nearest."""
        return max(0, len(self.phases) - NEAREST)


def plan(project: Project, *, opened: int | None = None, page: int = 1) -> ProjectPlan:
    """Return the phases of a project in order with their first tasks, their forecasts and what a pause of each would touch.

    Of the phase `opened` it returns a whole page of tasks.
    """
    planned = _planned([project])[project.pk]
    follows = {each.phase.pk: [before.pk for before in each.follows] for each in planned}
    told = forecast(project, phases=[each.phase for each in planned], follows=follows)
    tasks = _listed(planned, opened, page)
    followers = _followers(follows)
    open_tasks = {each.phase.pk: each.unfinished for each in planned}
    progress = _together(planned)
    phases = [
        replace(
            each,
            tasks=tasks[each.phase.pk],
            forecast=told.phases.get(each.phase.pk),
            page=page if each.phase.pk == opened else 0,
            effect=_effect(each.progress, sum(open_tasks[pk] for pk in followers[each.phase.pk])),
        )
        for each in planned
    ]
    return ProjectPlan(phases, progress, told, _effect(progress))


def planned_phase(phase: Phase) -> PlannedPhase:
    """Return one phase as the plan has it, with what a pause would touch and without tasks or forecast."""
    planned = _planned([phase.project])[phase.project_id]
    follows = {each.phase.pk: [before.pk for before in each.follows] for each in planned}
    later = _followers(follows)[phase.pk]
    mine = next(each for each in planned if each.phase.pk == phase.pk)
    return replace(mine, effect=_effect(mine.progress, sum(other.unfinished for other in planned if other.phase.pk in later)))


def project_effect(project: Project) -> Effect:
    """Return what a pause of the whole project would touch."""
    progress = _together(_planned([project])[project.pk])
    return _effect(progress)


def may_split(phase: Phase) -> list[Task]:
    """Return the tasks of the phase that have not begun, the first 500."""
    return list(phase.tasks.filter(state__in=[State.WAITING, State.QUEUED]).only("id", "title", "state").order_by("id")[:LARGEST_LISTED])


def _effect(progress: Progress, later: int = 0) -> Effect:
    running, queued, waiting = (progress.by_tone.get(tone, 0) for tone in ("running", "queued", "waiting"))
    return Effect(running, queued, waiting, later)


def _together(planned: Sequence[PlannedPhase]) -> Progress:
    counts: Counter[str] = Counter()
    for each in planned:
        counts.update(each.progress.by_tone)
    return Progress(counts, sum(each.progress.proposed for each in planned))


def _followers(follows: Mapping[int, Sequence[int]]) -> dict[int, set[int]]:
    """Return for each phase all that follow it, directly or through others."""
    directly: dict[int, list[int]] = defaultdict(list)
    for phase, before in follows.items():
        for other in before:
            directly[other].append(phase)
    found: dict[int, set[int]] = {}
    for start in follows:
        reached: set[int] = set()
        waiting = [start]
        while waiting:
            fresh = [phase for phase in directly[waiting.pop()] if phase not in reached]
            reached.update(fresh)
            waiting.extend(fresh)
        found[start] = reached
    return found


def overviews(projects: Iterable[Project]) -> list[ProjectOverview]:
    """Return every project with its phases, their progress and how much waits for a person."""
    projects = list(projects)
    planned = _planned(projects)
    return [_overview(project, planned[project.pk]) for project in projects]


def _overview(project: Project, phases: list[PlannedPhase]) -> ProjectOverview:
    progress = _together(phases)
    gates = sum(planned.waits_for_approval for planned in phases)
    waiting = progress.by_tone.get("needs", 0) + progress.by_tone.get("failed", 0) + progress.proposed
    return ProjectOverview(project, phases, progress, waiting + gates)


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
        entry = PlannedPhase(phase, counts[phase.pk], after, _waits_for_approval(phase, after))
        planned[phase.project_id].append(entry)
    return planned


def _counts(phases: list[Phase]) -> dict[int, Progress]:
    counts: dict[int, Counter[str]] = {phase.pk: Counter() for phase in phases}
    proposed: Counter[int] = Counter()
    asked = Count("pk", filter=Q(awaits_person=True, state=State.WAITING))
    rows = Task.objects.filter(phase__in=phases).values_list("phase_id", "state").annotate(count=Count("pk"), proposed=asked).order_by()
    for phase_id, state, count, awaiting in rows:
        counts[phase_id][TONE_OF[State(state)]] += count
        proposed[phase_id] += awaiting
    return {pk: Progress(of_phase, proposed[pk]) for pk, of_phase in counts.items()}


def _waits_for_approval(phase: Phase, after: list[Phase]) -> bool:
    held = phase.state == PhaseState.PLANNED and phase.gate == Gate.APPROVAL and phase.gate_approved_at is None
    return held and all(other.state == PhaseState.COMPLETED for other in after)


def _listed(planned: Sequence[PlannedPhase], opened: int | None, page: int) -> dict[int, list[Task]]:
    """Return the first tasks of each phase, and a page of those of the opened one, in one statement."""
    small = [each.phase.pk for each in planned if _shows_tasks(each) and each.phase.pk != opened]
    within = [each.phase.pk for each in planned if each.phase.pk == opened or each.phase.pk in set(small)]
    place = Window(RowNumber(), partition_by=F("phase"), order_by=[FINISHED_LAST, F("id")])
    numbered = Task.objects.filter(phase__in=within).annotate(place=place)
    on_page = Q(phase=opened, place__gt=PAGE * (page - 1), place__lte=PAGE * page)
    tasks: dict[int, list[Task]] = defaultdict(list)
    for task in _with_holder(numbered.filter(Q(phase__in=small, place__lte=FIRST_TASKS) | on_page).order_by("place")):
        tasks[task.phase_id].append(task)
    return tasks


def _shows_tasks(each: PlannedPhase) -> bool:
    """Say whether the first tasks are listed unasked: a completed phase is over, and a very large one would cost the whole page."""
    return each.phase.state != PhaseState.COMPLETED and each.progress.size <= LARGEST_LISTED


def _with_holder(tasks: QuerySet[Task]) -> QuerySet[Task]:
    return tasks.select_related("assigned_to", "lease__agent").defer("objective", "criteria", "result")
