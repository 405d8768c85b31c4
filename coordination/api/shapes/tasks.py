"""Tasks, as they are asked for."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import Field

from coordination.api.shapes.base import (
    Asked,
    DependencyWord,
    Id,
    LeaseWord,
    Moment,
    Name,
    OnChangeWord,
    Priority,
    ReviewWord,
    Seconds,
    Text,
    TierWord,
    Word,
    asks,
)
from coordination.errors import Invalid
from coordination.lifecycle import DEFAULT_PRIORITY, DependencyKind, LeaseMode, ReviewPolicy, Tier

Words = Annotated[list[Word], Field(max_length=50)]
Path = Annotated[str, Field(min_length=1, max_length=1024)]
AgentName = Annotated[str, Field(min_length=1, max_length=100)]


class Base64(Asked):
    """The content of a file that is not text."""

    base64: str

    def content(self) -> bytes:
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("This is not base64.", field="base64") from None


def content_of(file: str | Base64) -> bytes:
    return file.encode() if isinstance(file, str) else file.content()


class NeedAsked(Asked):
    on: Id | Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="A task's number, or the `ref` of a task of this request."
    )
    kind: DependencyWord = DependencyKind.SUCCESS


class TaskAsked(Asked):
    title: Annotated[str, Field(min_length=1, max_length=500)]
    ref: Annotated[str, Field(max_length=200)] = Field(
        default="", description="A name by which other tasks of this request can need this one."
    )
    phase: Id | Name | None = Field(default=None, description="A phase's number or name; left out, the project's first open phase.")
    needs: Annotated[list[NeedAsked], Field(max_length=10_000)] = []
    kind: Annotated[str, Field(max_length=60)] = ""
    labels: Words = []
    priority: Priority = DEFAULT_PRIORITY
    tier: TierWord = Tier.STANDARD
    capabilities: Words = []
    assigned_to: AgentName | None = None
    fallback_after: Seconds | None = None
    review_policy: ReviewWord | None = None
    on_change: OnChangeWord = ""
    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    timeout: Seconds | None = None
    not_before: Moment | None = None
    lease_mode: LeaseWord = LeaseMode.HEARTBEAT
    parent: Id | None = None
    objective: Text = ""
    criteria: Annotated[list[Annotated[str, Field(min_length=1, max_length=2000)]], Field(max_length=200)] = []
    instructions: Text = ""
    files: Annotated[dict[Path, str | Base64], Field(max_length=200)] = {}


class TasksAsked(Asked):
    """One task or many, all or nothing."""

    model_config = asks(
        {
            "tasks": [
                {"ref": "schema", "title": "Write the schema", "instructions": "# Write the schema\n...", "capabilities": ["sql"]},
                {"title": "Load the data", "needs": [{"on": "schema"}], "priority": 20, "files": {"context/data.csv": "id,name\n1,Ada\n"}},
            ]
        }
    )

    tasks: Annotated[list[TaskAsked], Field(min_length=1, max_length=10_000)]


class TaskChanges(Asked):
    """Only the fields that are sent are changed."""

    model_config = asks({"priority": 10, "labels": ["urgent"]})

    title: Annotated[str, Field(min_length=1, max_length=500)] = ""
    phase: Id | Name = 1
    kind: Annotated[str, Field(max_length=60)] = ""
    labels: Words = []
    priority: Priority = DEFAULT_PRIORITY
    tier: TierWord = Tier.STANDARD
    capabilities: Words = []
    assigned_to: AgentName | None = None
    fallback_after: Seconds | None = None
    review_policy: ReviewWord = ReviewPolicy.NONE
    on_change: OnChangeWord = ""
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 3
    timeout: Seconds | None = None
    not_before: Moment | None = None
    lease_mode: LeaseWord = LeaseMode.HEARTBEAT
    parent: Id | None = None
    objective: Text = ""
    criteria: Annotated[list[Annotated[str, Field(min_length=1, max_length=2000)]], Field(max_length=200)] = []

    def sent(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class Assignment(Asked):
    model_config = asks({"agent": "jared", "fallback_after": 600})

    agent: AgentName | None
    fallback_after: Seconds | None = None


class ReasonAsked(Asked):
    model_config = asks({"reason": "Not needed any more."})

    reason: Annotated[str, Field(max_length=500)] = ""


class RequeueAsked(Asked):
    model_config = asks({"told": "as_it_was", "attempt": 2})

    told: Annotated[
        Literal["", "as_it_is", "as_it_was"],
        Field(description="Which brief the next attempt gets: today's, or an earlier attempt's. Left out: as the project's setting says."),
    ] = ""
    attempt: Annotated[Id | None, Field(description="The number of the attempt whose brief is handed out again.")] = None


class UndoAsked(Asked):
    model_config = asks({"event": 4711})

    event: Annotated[Id | None, Field(description="The event of the decision; if another followed, nothing is undone.")] = None


class AnswerAsked(Asked):
    model_config = asks({"text": "Use the staging host."})

    text: Annotated[Text, Field(min_length=1)]


class ApprovalAsked(Asked):
    model_config = asks({"comments": "Well done."})

    comments: Text = ""


class ChangesAsked(Asked):
    model_config = asks({"comments": "The second table has no index."})

    comments: Annotated[Text, Field(min_length=1)]


class BulkAsked(Asked):
    """One action on many tasks, each on its own: one that fails does not undo the others."""

    model_config = asks({"action": "reprioritise", "tasks": [1, 2, 3], "priority": 5})

    action: Literal["cancel", "requeue", "reprioritise", "assign", "edit", "take_back"]
    tasks: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, Field(max_length=500)] = ""
    priority: Priority | None = None
    agent: AgentName | None = None
    changes: TaskChanges | None = None


class NeedChange(Asked):
    model_config = asks({"kind": "finished"})

    kind: DependencyWord


class NeedKind(Asked):
    model_config = asks({"kind": "success"})

    kind: DependencyWord = DependencyKind.SUCCESS
