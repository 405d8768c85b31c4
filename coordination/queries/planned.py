"""A project as the plan it could have been imported from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from coordination.file_rules import INSTRUCTIONS
from coordination.lifecycle import State
from coordination.models import Dependency, Phase, PhaseLink, Project, Task, TaskFile
from coordination.plan_directory import Plan, PlannedPhase, PlannedTask
from coordination.plan_values import Waits
from coordination.plan_writing import write_plan

SETTINGS = (
    *("lease_ttl", "max_attempts", "review_policy", "on_change", "rerun"),
    *("max_running", "agents_may_add", "budget_usd", "wip_limits"),
)


@dataclass(frozen=True)
class Planned:
    """The plan of a project, and the rows behind its keys."""

    plan: Plan
    phases: Mapping[str, Phase] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Return a mark of the whole plan: two plans that would be written the same have the same one."""
        told = sha256()
        for path, content in sorted(write_plan(self.plan).items()):
            told.update(f"{path}\0{len(content)}\0".encode() + content)
        return told.hexdigest()


def key_of(thing: Task | Phase) -> str:
    """Return the key that names a task or a phase in its project's plan: the one it was made with, or one made of its number."""
    return thing.key or f"{'task' if isinstance(thing, Task) else 'phase'}-{thing.pk}"


def planned(project: Project) -> Planned:
    """Return a project as a plan: every phase, and every task that was not cancelled."""
    phases = _in_order(project)
    keys = {phase.pk: key_of(phase) for phase in phases}
    tasks = list(Task.objects.filter(project=project).exclude(state=State.CANCELLED).select_related("assigned_to").order_by("pk"))
    waits, files = _waits(tasks), _files(project)
    after = _links(phases)
    told = []
    for number, phase in enumerate(phases):
        before = phases[number - 1] if number else None
        usual = [before.pk] if before and not before.open_ended else []
        linked = sorted(after.get(phase.pk, []))
        told.append(
            PlannedPhase(
                file="",
                key=keys[phase.pk],
                name=phase.name,
                description=_body(phase.description),
                gate=phase.gate,
                open_ended=phase.open_ended,
                after=None if linked == usual else tuple(keys[pk] for pk in linked),
                tasks=tuple(_task(task, project, waits, files) for task in tasks if task.phase_id == phase.pk),
            )
        )
    plan = Plan(project.slug, project.name, _body(project.description), tuple(told), _settings(project))
    return Planned(plan, {keys[phase.pk]: phase for phase in phases}, {key_of(task): task for task in tasks})


def _settings(project: Project) -> dict[str, Any]:
    """Return the settings that differ from those of a new project."""
    usual = Project()
    return {name: value for name in SETTINGS if (value := getattr(project, name)) != getattr(usual, name) and value is not None}


def _task(task: Task, project: Project, waits: Mapping[int, list[Waits]], files: Mapping[int, dict[str, bytes]]) -> PlannedTask:
    inside = files.get(task.pk, {})
    return PlannedTask(
        file="",
        key=key_of(task),
        title=task.title,
        instructions=inside.get(INSTRUCTIONS, b"").decode("utf-8", "replace"),
        waits=tuple(sorted(waits.get(task.pk, []), key=lambda wait: (wait.kind, wait.on))),
        files={path: content for path, content in inside.items() if path != INSTRUCTIONS},
        objective=task.objective.strip(),
        kind=task.kind,
        priority=task.priority,
        tier=task.tier,
        capabilities=tuple(task.capabilities),
        labels=tuple(task.labels),
        criteria=tuple(task.criteria),
        review=None if task.review_policy == project.review_policy else task.review_policy,
        on_change=task.on_change,
        max_attempts=None if task.max_attempts == project.max_attempts else task.max_attempts,
        timeout=task.timeout,
        not_before=task.not_before,
        lease_mode=task.lease_mode,
        assigned_to=task.assigned_to.name if task.assigned_to else "",
        fallback_after=task.fallback_after,
    )


def _waits(tasks: Iterable[Task]) -> dict[int, list[Waits]]:
    keys = {task.pk: key_of(task) for task in tasks}
    found: dict[int, list[Waits]] = {}
    for task_id, on_id, kind in Dependency.objects.filter(task__in=keys).values_list("task_id", "on_id", "kind"):
        if on_id in keys:
            found.setdefault(task_id, []).append(Waits(keys[on_id], kind))
    return found


def _files(project: Project) -> dict[int, dict[str, bytes]]:
    found: dict[int, dict[str, bytes]] = {}
    for file in TaskFile.objects.filter(task__project=project).order_by("path").iterator(chunk_size=500):
        found.setdefault(file.task_id, {})[file.path] = bytes(file.content)
    return found


def _links(phases: Iterable[Phase]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for phase_id, after_id in PhaseLink.objects.filter(phase__in=[phase.pk for phase in phases]).values_list("phase_id", "after_id"):
        found.setdefault(phase_id, []).append(after_id)
    return found


def _in_order(project: Project) -> list[Phase]:
    """Return the phases as they are shown, each after those that it follows."""
    waiting = list(Phase.objects.filter(project=project).order_by("position", "pk"))
    after = _links(waiting)
    ordered: list[Phase] = []
    while waiting:
        placed = {phase.pk for phase in ordered}
        chosen = next((phase for phase in waiting if placed >= set(after.get(phase.pk, []))), waiting[0])
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered


def _body(text: str) -> str:
    return text.strip() and text.strip() + "\n"
