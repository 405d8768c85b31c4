"""Events, as they are asked for and told of."""

from datetime import datetime
from typing import Any

from coordination.api.shapes.base import Told
from coordination.models import Event


class EventTold(Told):
    id: int
    at: datetime
    kind: str
    project: str | None
    phase: int | None
    task: int | None
    agent: int | None
    attempt: int | None
    actor: dict[str, Any]
    data: dict[str, Any]


class EventPage(Told):
    items: list[EventTold]
    next_cursor: str | None
    last: int


def event_told(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": event.at,
        "kind": event.kind,
        "project": event.project.slug if event.project else None,
        "phase": event.phase_id,
        "task": event.task_id,
        "agent": event.agent_id,
        "attempt": event.attempt_id,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "data": event.data,
    }
