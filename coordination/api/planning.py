"""From what a request says about a task to what the operations take: names become rows that the caller may see."""

from collections.abc import Mapping
from typing import Any

from coordination.api.shapes.tasks import TaskAsked, TaskChanges, content_of
from coordination.errors import Invalid, NotFound
from coordination.models import Agent, Phase, Project, Task
from coordination.operations.creation import Need, NewTask
from coordination.queries.access import Caller, find_agent, find_task


def new_task(asked: TaskAsked, project: Project, caller: Caller) -> NewTask:
    return NewTask(
        title=asked.title,
        phase=_phase(asked.phase, project),
        ref=asked.ref,
        needs=[Need(need.on, need.kind) for need in asked.needs],
        kind=asked.kind,
        labels=asked.labels,
        priority=asked.priority,
        tier=asked.tier,
        capabilities=asked.capabilities,
        assigned_to=agent_named(asked.assigned_to, caller, "assigned_to"),
        fallback_after=asked.fallback_after,
        review_policy=asked.review_policy,
        on_change=asked.on_change,
        max_attempts=asked.max_attempts,
        timeout=asked.timeout,
        not_before=asked.not_before,
        lease_mode=asked.lease_mode,
        parent=_parent(asked.parent, project, caller),
        objective=asked.objective,
        criteria=asked.criteria,
        instructions=asked.instructions,
        files={path: content_of(file) for path, file in asked.files.items()},
    )


def changes_of(asked: TaskChanges, project: Project, caller: Caller) -> dict[str, Any]:
    """Return the changes with rows where the request names them."""
    changes = asked.sent()
    rows: Mapping[str, Any] = {
        "phase": lambda value: _phase(value, project),
        "assigned_to": lambda value: agent_named(value, caller, "assigned_to"),
        "parent": lambda value: _parent(value, project, caller),
    }
    return {name: rows[name](value) if name in rows else value for name, value in changes.items()}


def agent_named(name: str | None, caller: Caller, field: str) -> Agent | None:
    if name is None:
        return None
    try:
        return find_agent(caller, name)
    except NotFound as missing:
        raise Invalid(missing.sentence, field=field) from None


def _phase(wanted: int | str | None, project: Project) -> Phase | None:
    if wanted is None:
        return None
    by = {"pk": wanted} if isinstance(wanted, int) else {"name": wanted.strip()}
    phase = Phase.objects.filter(project=project, **by).first()
    if phase is None:
        raise Invalid(f"Project {project.slug} has no phase {wanted!r}.", field="phase")
    return phase


def _parent(wanted: int | None, project: Project, caller: Caller) -> Task | None:
    if wanted is None:
        return None
    try:
        parent = find_task(caller, wanted)
    except NotFound:
        parent = None
    if parent is None or parent.project_id != project.pk:
        raise Invalid(f"Project {project.slug} has no task #{wanted}.", field="parent")
    return parent
