"""Projects, as they are asked for and told of."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict

from coordination.api.shapes.base import Asked, ColumnWord, Line, Name, ReviewWord, Text, Told, asks
from coordination.lifecycle import LEASE_TTL, MOST_IN_COLUMN, SHORTEST_LEASE_TTL, OnChange, Rerun, ReviewPolicy
from coordination.models import Project


def number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("write a number")
    return Decimal(str(value))


Dollars = Annotated[Decimal, Strict(False), BeforeValidator(number), Field(ge=0, le=9_999_999, max_digits=12, decimal_places=4)]


class ProjectSettings(Asked):
    description: Text = ""
    lease_ttl: Annotated[int, Field(ge=SHORTEST_LEASE_TTL, le=86_400)] = LEASE_TTL
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 3
    review_policy: ReviewWord = ReviewPolicy.NONE
    on_change: Annotated[OnChange, Strict(False)] = OnChange.REREAD
    rerun: Annotated[Rerun, Strict(False)] = Rerun.AS_IT_IS
    max_running: Annotated[int, Field(ge=0, le=100_000)] | None = None
    budget_usd: Dollars | None = None
    agents_may_add: bool = True
    wip_limits: dict[ColumnWord, Annotated[int, Field(ge=1, le=MOST_IN_COLUMN)]] = {}


class NewProject(ProjectSettings):
    model_config = asks({"slug": "shop", "name": "Shop relaunch", "description": "Move the shop to the new stack."})

    slug: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-zA-Z0-9_-]+$")]
    name: Name


class ProjectChanges(ProjectSettings):
    """Only the fields that are sent are changed."""

    model_config = asks({"max_running": 4, "wip_limits": {"progress": 5}})

    name: Name = ""


class Pause(Asked):
    model_config = asks({"reason": "Waiting for the new server."})

    reason: Annotated[Line, Field(max_length=200)] = ""


class ProjectTold(Told):
    id: int
    slug: str
    name: str
    description: str
    lease_ttl: int
    max_attempts: int
    review_policy: str
    on_change: str
    rerun: str
    max_running: int | None
    budget_usd: float | None
    spent_usd: float
    agents_may_add: bool
    wip_limits: dict[str, int]
    paused: bool
    paused_at: datetime | None
    draining: bool
    pause_reason: str
    created_at: datetime
    version: int


class ProjectPage(Told):
    items: list[ProjectTold]
    next_cursor: str | None


def project_told(project: Project) -> dict[str, Any]:
    return {
        "id": project.pk,
        "slug": project.slug,
        "name": project.name,
        "description": project.description,
        "lease_ttl": project.lease_ttl,
        "max_attempts": project.max_attempts,
        "review_policy": project.review_policy,
        "on_change": project.on_change,
        "rerun": project.rerun,
        "max_running": project.max_running,
        "budget_usd": None if project.budget_usd is None else float(project.budget_usd),
        "spent_usd": float(project.spent_usd),
        "agents_may_add": project.agents_may_add,
        "wip_limits": project.wip_limits,
        "paused": project.is_paused,
        "paused_at": project.paused_at,
        "draining": project.draining,
        "pause_reason": project.pause_reason,
        "created_at": project.created_at,
        "version": project.version,
    }
