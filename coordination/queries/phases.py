"""Questions about phases."""

from dataclasses import dataclass

from django.db.models import Case, CharField, OuterRef, Subquery, When

from coordination.lifecycle import PhaseState, State
from coordination.models import Phase, PhaseLink, Project, Task

READY_FIRST = {PhaseState.ACTIVE: 0, PhaseState.PLANNED: 1, PhaseState.PAUSED: 2, PhaseState.COMPLETED: 3}
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


@dataclass(frozen=True)
class PhaseWait:
    """`phase` is the one that is waited for (`after`), whose gate is (`gate`), or that is `paused`."""

    why: str
    phase: str


def wait_of(task: Task) -> PhaseWait | None:
    """Return how its phase holds a task that waits for no other task; the task is of a query with its phase and `followed=FOLLOWED`."""
    phase, followed = task.phase, getattr(task, "followed", None)
    if task.state != State.WAITING or task.blockers:
        return None
    if phase.state == PhaseState.PAUSED:
        return PhaseWait("paused", phase.name)
    if phase.state != PhaseState.PLANNED:
        return None
    if followed:
        return PhaseWait("after", followed)
    return None if phase.is_gate_open else PhaseWait("gate", phase.name)


def default_phase(project: Project) -> Phase | None:
    """Return where a task goes that names no phase: the open-ended phase, else the first active one, else the first not completed."""
    phases = sorted(project.phases.all(), key=lambda phase: (not phase.open_ended, READY_FIRST[PhaseState(phase.state)], phase.position))
    return phases[0] if phases else None
