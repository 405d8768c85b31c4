"""Recording what happened. Called inside the transaction of the change it tells of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coordination.actor import Actor
from coordination.models import Event, Phase, Project, Task
from coordination.models.clock import now


def record(
    kind: str,
    *,
    actor: Actor,
    project: Project | int | None = None,
    task: Task | int | None = None,
    phase: Phase | int | None = None,
    agent_id: int | None = None,
    attempt_id: int | None = None,
    at: datetime | None = None,
    once: str | None = None,
    **data: Any,
) -> Event:
    """Write one event. `data` holds what changed, as old and new where both matter."""
    if isinstance(task, Task):
        project = project or task.project_id
        phase = phase or task.phase_id
    elif isinstance(phase, Phase):
        project = project or phase.project_id
    return Event.objects.create(
        at=at or now(),
        kind=kind,
        project_id=_id(project),
        phase_id=_id(phase),
        task_id=_id(task),
        agent_id=agent_id,
        attempt_id=attempt_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        data=data,
        once=once,
    )


def _id(thing: Project | Phase | Task | int | None) -> int | None:
    return thing if isinstance(thing, int) or thing is None else thing.pk


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [old, new]}` for what differs, in values that JSON can hold."""
    return {name: [_plain(before[name]), _plain(value)] for name, value in after.items() if before[name] != value}


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool | list | dict) or value is None:
        return value
    return str(value)
