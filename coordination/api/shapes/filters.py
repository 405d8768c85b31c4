"""What lists can be asked for. Each parameter is listed here; no other is looked at (G4)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from coordination.api.shapes.base import near
from coordination.lifecycle import Band, State, Tier
from coordination.queries.filters import Filter, of, parse, term
from coordination.queries.filters.text import LONGEST

GRAMMAR = (
    "The filter of the board and the command line: `state:queued,failed agent:@none label:api -phase:2 updated:<2d some words`."
    " A space is and, a comma is or, a minus turns a term round; docs/filter.md lists the qualifiers. Words alone are looked for in"
    " title and objective, #12 is a task's number."
)

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
    q: Annotated[str, Field(max_length=LONGEST, description=GRAMMAR)] = ""
    created_since: Since | None = None
    updated_since: Since | None = None
    order: Literal["id", "-id", "queue", "priority", "-state_since"] = "id"

    def filter(self) -> Filter:
        """Return the parameters and `q` as one filter. A parameter is a term that has a name of its own."""
        plain = of(
            project=self.project,
            phase=self.phase,
            state=[*self.status, *self.state],
            agent=self.agent,
            assigned=self.assigned_to,
            kind=self.kind,
            priority=self.band,
            tier=self.tier,
            parent=self.parent,
            created=self.created_since and f">={self.created_since.isoformat()}",
            updated=self.updated_since and f">={self.updated_since.isoformat()}",
        )
        lists = [term("label", each) for each in self.label] + [term("needs", each) for each in self.capability]
        return Filter((*plain.terms, *lists, *parse(self.q).terms))
