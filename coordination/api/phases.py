"""/phases and /projects/{slug}/phases"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from ninja import Router

from coordination.api.answers import expected_version, nothing, page, polled
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Nothing
from coordination.api.shapes.phases import (
    ForecastTold,
    NewPhase,
    PhaseChanges,
    PhasePage,
    PhasePosition,
    PhaseStatus,
    PhaseTold,
    Split,
    forecast_told,
    phase_told,
)
from coordination.api.shapes.projects import Pause
from coordination.models import Phase, PhaseLink
from coordination.operations import draining, phase_order, phases
from coordination.operations.idempotency import Answer
from coordination.queries.access import Permission, find_phase, find_project, find_task
from coordination.queries.forecast import forecast
from coordination.queries.stats import progress_of

router = Router(tags=["phases"])


def _told(found: Sequence[Phase]) -> list[dict[str, Any]]:
    progress = progress_of(list(found))
    after: dict[int, list[int]] = {}
    for phase, before in PhaseLink.objects.filter(phase__in=found).order_by("after").values_list("phase_id", "after_id"):
        after.setdefault(phase, []).append(before)
    return [phase_told(phase, after.get(phase.pk, []), progress[phase.pk]) for phase in found]


def _one(phase: Phase) -> dict[str, Any]:
    return _told([phase])[0]


@router.get("/projects/{slug}/phases", response=PhasePage, operation_id="listPhases")
def list_phases(request: Request, slug: str) -> HttpResponse:
    """List the project's phases in their order, with their progress."""
    found = list(find_project(request.auth, slug).phases.select_related("project").order_by("position", "pk"))
    return page(request, _told(found), None)


@router.get("/projects/{slug}/forecast", response=ForecastTold, operation_id="getForecast")
def get_forecast(request: Request, slug: str) -> HttpResponse:
    """Read when the project and its phases will be finished, from how long its attempts really took."""
    project = find_project(request.auth, slug)
    found = list(project.phases.all())
    return polled(request, forecast_told(forecast(project, phases=found), found))


@router.post("/projects/{slug}/phases", response={201: PhaseTold}, operation_id="createPhase")
def create_phase(request: Request, slug: str, body: NewPhase) -> HttpResponse:
    """Add a phase. It follows the last one unless `after` says what it follows."""
    project = find_project(request.auth, slug, Permission.PLAN)

    def run() -> Answer:
        after = None if body.after is None else [find_phase(request.auth, pk, Permission.PLAN) for pk in body.after]
        phase = phases.create_phase(
            project,
            name=body.name,
            actor=request.auth.actor,
            after=after,
            gate=body.gate,
            description=body.description,
            open_ended=body.open_ended,
        )
        return Answer(201, _one(phase))

    return once_only(request, run)


@router.get("/phases/{int:phase_id}", response=PhaseTold, operation_id="getPhase")
def get_phase(request: Request, phase_id: int) -> HttpResponse:
    """Read a phase with its progress."""
    phase = find_phase(request.auth, phase_id)
    return polled(request, _one(phase), version=phase.version)


@router.patch("/phases/{int:phase_id}", response=PhaseTold, operation_id="editPhase")
def edit_phase(request: Request, phase_id: int, body: PhaseChanges) -> HttpResponse:
    """Change the fields that you send."""
    phase = find_phase(request.auth, phase_id, Permission.PLAN)
    changes = body.model_dump(exclude_unset=True)
    edited = phases.edit_phase(phase, changes, actor=request.auth.actor, expected_version=expected_version(request))
    return polled(request, _one(edited), version=edited.version)


@router.delete("/phases/{int:phase_id}", response={204: None}, operation_id="deletePhase")
def delete_phase(request: Request, phase_id: int) -> HttpResponse:
    """Delete a phase that has no tasks; cancelled ones count, move them to another phase first."""
    phases.delete_phase(find_phase(request.auth, phase_id, Permission.PLAN), actor=request.auth.actor)
    return nothing()


def _verb(request: Request, phase_id: int, verb: Callable[..., Phase]) -> HttpResponse:
    phase = find_phase(request.auth, phase_id, Permission.PLAN)
    return once_only(request, lambda: Answer(200, _one(verb(phase, actor=request.auth.actor))))


@router.post("/phases/{int:phase_id}/approve", response=PhaseTold, operation_id="approvePhase")
def approve_phase(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Open the phase's gate: it starts now, or as soon as the phases before it are completed."""
    return _verb(request, phase_id, phases.approve_gate)


@router.post("/phases/{int:phase_id}/close-gate", response=PhaseTold, operation_id="closePhaseGate")
def close_phase_gate(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Close the phase's gate again, as long as the phase has not started."""
    return _verb(request, phase_id, phases.close_gate)


@router.post("/phases/{int:phase_id}/pause", response=PhaseTold, operation_id="pausePhase")
def pause_phase(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Hold the phase's queued tasks. Running ones go on."""
    return _verb(request, phase_id, phases.pause_phase)


@router.post("/phases/{int:phase_id}/drain", response=PhaseTold, operation_id="drainPhase")
def drain_phase(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Start nothing new in the phase and let running attempts end; the event `phase.drained` tells when the last one has."""
    return _verb(request, phase_id, draining.drain_phase)


@router.post("/phases/{int:phase_id}/stop", response=PhaseTold, operation_id="stopPhase")
def stop_phase(request: Request, phase_id: int, body: Pause | None = None) -> HttpResponse:
    """Pause the phase and take back what its agents hold; those tasks begin anew when it is resumed."""
    return _verb(request, phase_id, partial(draining.stop_phase, reason=body.reason if body else ""))


@router.post("/phases/{int:phase_id}/split", response={201: PhaseTold}, operation_id="splitPhase")
def split_phase(request: Request, phase_id: int, body: Split) -> HttpResponse:
    """Move tasks that have not begun into a new phase that follows this one; what followed this one follows the new one."""
    phase = find_phase(request.auth, phase_id, Permission.PLAN)
    tasks = [find_task(request.auth, pk, Permission.PLAN, slug=phase.project.slug) for pk in body.tasks]
    settings = {"name": body.name, "gate": body.gate, "description": body.description}
    return once_only(request, lambda: Answer(201, _one(phase_order.split_phase(phase, tasks, actor=request.auth.actor, **settings))))


@router.post("/phases/{int:phase_id}/resume", response=PhaseTold, operation_id="resumePhase")
def resume_phase(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Let the phase go on."""
    return _verb(request, phase_id, phases.resume_phase)


@router.post("/phases/{int:phase_id}/complete", response=PhaseTold, operation_id="completePhase")
def complete_phase(request: Request, phase_id: int, body: Nothing | None = None) -> HttpResponse:
    """Complete a phase by hand: an empty one, or an open-ended one."""
    return _verb(request, phase_id, phases.complete_phase)


@router.post("/phases/{int:phase_id}/move", response=PhaseTold, operation_id="movePhase")
def move_phase(request: Request, phase_id: int, body: PhasePosition) -> HttpResponse:
    """Put the phase at another place in the order of display."""
    phase = find_phase(request.auth, phase_id, Permission.PLAN)

    def run() -> Answer:
        phases.move_phase(phase, body.position, actor=request.auth.actor)
        return Answer(200, _one(find_phase(request.auth, phase_id)))

    return once_only(request, run)


@router.post("/phases/{int:phase_id}/status", response=PhaseTold, operation_id="setPhaseStatus")
def set_phase_status(request: Request, phase_id: int, body: PhaseStatus) -> HttpResponse:
    """Write the line and the blockers that people read above the phase. Agents may."""
    phase = find_phase(request.auth, phase_id, Permission.WORK)

    def run() -> Answer:
        told = phases.set_status(phase, actor=request.auth.actor, status_line=body.status_line, blockers=body.blockers)
        return Answer(200, _one(told))

    return once_only(request, run)


@router.put("/phases/{int:phase_id}/after/{int:other_id}", response=PhaseTold, operation_id="linkPhases")
def link_phases(request: Request, phase_id: int, other_id: int) -> HttpResponse:
    """Make the phase wait until the other one is completed."""
    phase, other = find_phase(request.auth, phase_id, Permission.PLAN), find_phase(request.auth, other_id, Permission.PLAN)
    phases.link_phases(phase, other, actor=request.auth.actor)
    return polled(request, _one(phase), version=phase.version)


@router.delete("/phases/{int:phase_id}/after/{int:other_id}", response={204: None}, operation_id="unlinkPhases")
def unlink_phases(request: Request, phase_id: int, other_id: int) -> HttpResponse:
    """Let the phase start without waiting for the other one."""
    phase, other = find_phase(request.auth, phase_id, Permission.PLAN), find_phase(request.auth, other_id, Permission.PLAN)
    phases.unlink_phases(phase, other, actor=request.auth.actor)
    return nothing()
