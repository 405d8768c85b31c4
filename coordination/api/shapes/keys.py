"""Keys, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from coordination.api.shapes.base import Asked, Moment, Told, asks
from coordination.api.shapes.tasks import AgentName
from coordination.models import ApiKey


class KeyAsked(Asked):
    model_config = asks({"name": "jared on the laptop", "scope": "agent", "projects": ["shop"]})

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scope: Literal["agent", "coordinator", "reader"]
    agent: AgentName | None = None
    projects: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=1000)] | None = Field(
        default=None, description="The projects that the key opens. Left out: all of them."
    )
    expires_at: Moment | None = None


class KeyTold(Told):
    id: int
    public_id: str
    name: str
    scope: str
    agent: str | None
    user: str | None
    projects: list[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyTold(KeyTold):
    """`key` is shown in this answer and never again; a repeat with the same Idempotency-Key has null."""

    key: str | None


class KeyPage(Told):
    items: list[KeyTold]
    next_cursor: str | None


def key_told(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "public_id": key.public_id,
        "name": key.name,
        "scope": key.scope,
        "agent": key.agent.name if key.agent else None,
        "user": key.user.get_username() if key.user else None,
        "projects": [project.slug for project in key.projects.all()] if key.is_limited else None,
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
