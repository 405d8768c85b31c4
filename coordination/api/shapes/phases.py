"""Phases, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from coordination.api.shapes.base import Asked, GateWord, Id, Line, Name, Text, Told, asks
from coordination.lifecycle import Gate
from coordination.models import Phase
from coordination.queries.forecast import Forecast


class NewPhase(Asked):
    model_config = asks({"name": "Build", "gate": "approval"})

    name: Name
    description: Text = ""
    gate: GateWord = Gate.AUTO
    open_ended: bool = False
    after: Annotated[list[Id], Field(max_length=100)] | None = Field(
        default=None, description="The phases it waits for. Left out: the last one. An empty list: none."
    )


class PhaseChanges(Asked):
    """Only the fields that are sent are changed."""

    model_config = asks({"name": "Build and test"})

    name: Name = ""
    description: Text = ""
    gate: GateWord = Gate.AUTO
    open_ended: bool = False


class PhasePosition(Asked):
    """The place in the order of display, 1 for the first; what waits for what is `after`."""

    model_config = asks({"position": 2})

    position: Annotated[int, Field(ge=1, le=10_000)]


class Split(Asked):
    """The tasks that move into a new phase; none of them has begun."""

    model_config = asks({"name": "Build the rest", "tasks": [1], "gate": "auto"})

    name: Name
    tasks: Annotated[list[Id], Field(min_length=1, max_length=10_000)]
    description: Text = ""
    gate: GateWord = Gate.AUTO


class PhaseStatus(Asked):
    model_config = asks({"status_line": "Two of five services moved.", "blockers": ["No access to the old host"]})

    status_line: Line | None = None
    blockers: Annotated[list[Line], Field(max_length=100)] | None = None


class Progress(Told):
    total: int
    done: int
    failed: int
    cancelled: int
    open: int
    percent: int


class PhaseTold(Told):
    id: int
    project: str
    name: str
    description: str
    position: int
    state: str
    gate: str
    gate_open: bool
    gate_approved_at: datetime | None
    gate_approved_by: str
    open_ended: bool
    draining: bool
    status_line: str
    blockers: list[str]
    after: list[int]
    progress: Progress
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    version: int


class PhaseForecastTold(Told):
    id: int
    name: str
    p50: datetime | None
    p90: datetime | None
    left: int
    conditional: bool


class ForecastTold(Told):
    """The moments by which half and nine tenths of the runs had ended, and what that rests on."""

    p50: datetime | None
    p90: datetime | None
    left: int
    agents: int
    basis: str
    conditions: list[str]
    critical: list[int]
    phases: list[PhaseForecastTold]


class PhasePage(Told):
    items: list[PhaseTold]
    next_cursor: str | None


def phase_told(phase: Phase, after: list[int], progress: dict[str, int]) -> dict[str, Any]:
    return {
        "id": phase.pk,
        "project": phase.project.slug,
        "name": phase.name,
        "description": phase.description,
        "position": phase.position,
        "state": phase.state,
        "gate": phase.gate,
        "gate_open": phase.is_gate_open,
        "gate_approved_at": phase.gate_approved_at,
        "gate_approved_by": phase.gate_approved_by,
        "open_ended": phase.open_ended,
        "draining": phase.draining,
        "status_line": phase.status_line,
        "blockers": phase.blockers,
        "after": after,
        "progress": progress,
        "created_at": phase.created_at,
        "started_at": phase.started_at,
        "completed_at": phase.completed_at,
        "version": phase.version,
    }


def forecast_told(forecast: Forecast, phases: list[Phase]) -> dict[str, Any]:
    return {
        "p50": forecast.p50,
        "p90": forecast.p90,
        "left": forecast.left,
        "agents": forecast.slots,
        "basis": forecast.basis,
        "conditions": forecast.conditions,
        "critical": forecast.critical,
        "phases": [
            {"id": phase.pk, "name": phase.name, "p50": each.p50, "p90": each.p90, "left": each.left, "conditional": each.is_conditional}
            for phase in phases
            if (each := forecast.phases.get(phase.pk))
        ],
    }
