"""What lists can be asked for. Each parameter is listed here; no other is looked at (G4)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from coordination.api.shapes.base import near
from coordination.lifecycle import Band, State, Tier
from coordination.queries.tasks import TaskFilter

Cursor = Annotated[str, Field(max_length=400)]
Limit = Annotated[int, Field(ge=1, le=200)]
Since = Annotated[AwareDatetime, AfterValidator(near)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Pages(BaseModel):
    limit: Limit = 50
    cursor: Cursor | None = None


class TaskQuery(Pages):
    project: str | None = None
    phase: Number | None = None
    status: list[State] = []
    state: list[State] = []
    agent: Annotated[str | None, Field(description="Whoever holds the task, or worked on it last.")] = None
    assigned_to: str | None = None
    kind: str | None = None
    band: Band | None = None
    tier: Tier | None = None
    label: list[str] = []
    capability: list[str] = []
    parent: Number | None = None
    q: Annotated[str | None, Field(max_length=500, description="Words in title or objective, or a number.")] = None
    created_since: Since | None = None
    updated_since: Since | None = None
    order: Literal["id", "-id", "queue", "priority", "-state_since"] = "id"

    def filter(self) -> TaskFilter:
        return TaskFilter(
            project=self.project,
            phase=self.phase,
            states=[*self.status, *self.state],
            agent=self.agent,
            assigned_to=self.assigned_to,
            kind=self.kind,
            band=self.band,
            tier=self.tier,
            labels=self.label,
            capabilities=self.capability,
            parent=self.parent,
            text=self.q,
            created_since=self.created_since,
            updated_since=self.updated_since,
        )
