"""Questions about phases."""

from coordination.lifecycle import PhaseState
from coordination.models import Phase, Project

READY_FIRST = {PhaseState.ACTIVE: 0, PhaseState.PLANNED: 1, PhaseState.PAUSED: 2, PhaseState.COMPLETED: 3}


def default_phase(project: Project) -> Phase | None:
    """Return where a task goes that names no phase: the open-ended phase, else the first active one, else the first not completed."""
    phases = sorted(project.phases.all(), key=lambda phase: (not phase.open_ended, READY_FIRST[PhaseState(phase.state)], phase.position))
    return phases[0] if phases else None
