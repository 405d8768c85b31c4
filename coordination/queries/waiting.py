"""What a waiting task waits for, as its card or row says it: of several reasons the one that comes first. `explain` says all."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Case, CharField, OuterRef, Subquery, When
from django.utils import timezone

from coordination.lifecycle import PhaseState, State
from coordination.models import PhaseLink, Project, Task

OPEN_BEFORE = PhaseLink.objects.filter(phase=OuterRef("phase")).exclude(after__state=PhaseState.COMPLETED)
# For a query of tasks whose `wait_of` is asked: the first phase that theirs follows and that is not completed.
FOLLOWED = Case(
    When(
        state=State.WAITING,
        blockers=0,
        phase__state=PhaseState.PLANNED,
        then=Subquery(OPEN_BEFORE.order_by("after__position", "after_id").values("after__name")[:1]),
    ),
    output_field=CharField(),
)


class Why(StrEnum):
    TASKS = "tasks"
    PERSON = "person"
    PHASE_PAUSED = "phase_paused"
    PHASE = "phase"
    GATE = "gate"
    PROJECT_PAUSED = "project_paused"
    START = "start"
    RETRY = "retry"


@dataclass(frozen=True)
class Wait:
    """`count` is of the tasks waited for; `phase` is the one waited for, whose gate is, or that is paused; `until` is a moment to come."""

    why: Why
    count: int = 0
    phase: str = ""
    until: datetime | None = None


def wait_of(task: Task, project: Project) -> Wait | None:
    """Return what holds a waiting task of the project; the task is of a query with its phase and `followed=FOLLOWED`."""
    if task.state != State.WAITING:
        return None
    if task.blockers:
        return Wait(Why.TASKS, count=task.blockers)
    if task.awaits_person:
        return Wait(Why.PERSON)
    return _of_phase(task) or (Wait(Why.PROJECT_PAUSED) if project.is_paused else _of_time(task))


def _of_phase(task: Task) -> Wait | None:
    phase, followed = task.phase, getattr(task, "followed", None)
    if phase.state == PhaseState.PAUSED:
        return Wait(Why.PHASE_PAUSED, phase=phase.name)
    if phase.state != PhaseState.PLANNED:
        return None
    if followed:
        return Wait(Why.PHASE, phase=followed)
    return None if phase.is_gate_open else Wait(Why.GATE, phase=phase.name)


def _of_time(task: Task) -> Wait | None:
    moment = timezone.now()
    due = [(until, why) for until, why in ((task.not_before, Why.START), (task.retry_at, Why.RETRY)) if until and until > moment]
    return Wait(max(due)[1], until=max(due)[0]) if due else None
