"""Importing a plan again: what it would create, change and leave alone, and doing just that in one transaction.

Keys tell what is the same: a phase or task keeps its key from the plan that made it, and has one made of its number otherwise.
Nothing is ever deleted by a plan: what it does not name is left alone, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from coordination.actor import Actor
from coordination.errors import StaleVersion
from coordination.file_rules import INSTRUCTIONS
from coordination.models import Agent, Phase, Project, Task
from coordination.operations.atomic import atomically
from coordination.operations.creation import Need, create_tasks
from coordination.operations.dependencies import add_dependency, remove_dependency
from coordination.operations.editing import lock_project
from coordination.operations.files import save_files
from coordination.operations.phases import create_phase, edit_phase, link_phases, unlink_phases
from coordination.operations.plans import agents_named, new_task
from coordination.operations.projects import edit_project
from coordination.operations.tasks import edit_task
from coordination.plan_directory import Plan, PlannedPhase, PlannedTask, read_plan
from coordination.queries.access import Caller, require_may_set
from coordination.queries.planned import Planned, planned

OF_TASK = (
    *("title", "objective", "kind", "priority", "tier", "capabilities", "labels", "criteria", "review", "on_change", "max_attempts"),
    *("timeout", "not_before", "lease_mode", "assigned_to", "fallback_after"),
)
OF_PHASE = ("name", "description", "gate", "open_ended")
UNORDERED = {"capabilities", "labels"}


@dataclass(frozen=True)
class PlanChange:
    """One thing that a plan makes or changes. `fields` is `{name: [old, new]}`, empty for what is new; `noun` says what it is.

    `texts` has the files of a task that differ, as `{path: (old, new)}`; None stands for no file.
    """

    noun: str
    key: str
    name: str
    is_new: bool = False
    fields: Mapping[str, list[Any]] = field(default_factory=dict)
    texts: Mapping[str, tuple[bytes | None, bytes | None]] = field(default_factory=dict)

    @property
    def plain_fields(self) -> dict[str, list[Any]]:
        """The fields that are told as values; files are told as texts."""
        return {name: both for name, both in self.fields.items() if name != "files"}

    @property
    def readable(self) -> dict[str, tuple[str, str]]:
        """The files that are text on both sides, "" for none."""
        decoded = {path: (_decoded(old), _decoded(new)) for path, (old, new) in self.texts.items()}
        return {path: (old, new) for path, (old, new) in decoded.items() if old is not None and new is not None}

    @property
    def unreadable(self) -> list[str]:
        return sorted(self.texts.keys() - self.readable.keys())

    @property
    def sentence(self) -> str:
        if self.is_new:
            return f"new {self.noun} {self.key}: {self.name}"
        return f"{self.noun} {self.key}: {', '.join(self.fields)} changed"


@dataclass(frozen=True)
class PlanDiff:
    """What a plan would do, or did. `same` counts what it leaves alone, `absent` names what it does not speak of."""

    changes: list[PlanChange]
    same: int
    absent: list[str]

    @property
    def settings(self) -> Mapping[str, list[Any]]:
        """The settings of the project that change, as `{name: [old, new]}`."""
        return next((change.fields for change in self.changes if change.noun == "project"), {})

    @property
    def created(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def altered(self) -> int:
        return len(self.changes) - self.created

    @property
    def sentences(self) -> list[str]:
        total = f"{self.created} created, {self.altered} changed, {self.same} as before, {len(self.absent)} not in the plan and left alone"
        return [*(change.sentence for change in self.changes), total]


def _decoded(content: bytes | None) -> str | None:
    """Return a file as text, None if it is none."""
    try:
        return (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None


def preview_plan(project: Project, files: Mapping[str, bytes], *, caller: Caller) -> PlanDiff:
    """Return what importing these files into the project would do; changes nothing.

    Raises Invalid with every mistake, ScopeMissing for settings of the project that the caller may not change.
    """
    plan = read_plan(files)
    agents_named(plan)
    diff = _diff(planned(project), plan)
    require_may_set(caller, project, diff.settings)
    return diff


@atomically
def update_plan(project: Project, files: Mapping[str, bytes], *, caller: Caller, seen: str = "") -> PlanDiff:
    """Make the project what the plan says: all of it, or nothing. Raises Invalid, CycleRefused, ScopeMissing, StaleVersion.

    `seen` is the fingerprint of the project's plan when somebody looked at the preview: a plan that moved since is refused.
    """
    plan = read_plan(files)
    agents = agents_named(plan)
    project = lock_project(project.pk)
    before = planned(project)
    if seen and seen != before.fingerprint:
        raise StaleVersion("The project changed since this preview was made. Nothing was done; look at the preview as it is now.")
    diff = _diff(before, plan)
    require_may_set(caller, project, diff.settings)
    actor = caller.actor
    if diff.settings:
        project = edit_project(project, {name: new for name, (_, new) in diff.settings.items()}, actor=actor)
    phases = _phases(project, before, plan, diff, actor)
    _tasks(project, before, plan, diff, phases, agents, actor)
    return diff


def _diff(before: Planned, plan: Plan) -> PlanDiff:
    changes = [change] if (change := _project(before.plan, plan)) else []
    known_phases = {phase.key: phase for phase in before.plan.phases}
    known_tasks = {task.key: (task, phase.key) for phase in before.plan.phases for task in phase.tasks}
    follows = (_after(before.plan), _after(plan))
    same = 0
    for phase in plan.phases:
        found = _phase_change(known_phases.get(phase.key), phase, [each.get(phase.key, []) for each in follows])
        inside = [_task_change(known_tasks.get(task.key), task, phase.key) for task in phase.tasks]
        made = [change for change in (found, *inside) if change]
        changes += made
        same += 1 + len(inside) - len(made)
    spoken = {phase.key for phase in plan.phases} | {task.key for task in plan.tasks}
    return PlanDiff(changes, same, [key for key in (*known_phases, *known_tasks) if key not in spoken])


def _project(old: Plan, new: Plan) -> PlanChange | None:
    """Compare what the plan says of the project; what it does not say stays."""
    told: dict[str, Any] = {"name": new.name, "description": new.description}
    said = {"name": old.name, "description": old.description}
    fields = {name: [said[name], value] for name, value in told.items() if value and value != said[name]}
    usual = Project()
    stands = {name: old.settings.get(name, getattr(usual, name)) for name in new.settings}
    fields |= {name: [stands[name], value] for name, value in new.settings.items() if not _is_same(stands[name], value)}
    return PlanChange("project", old.slug, new.name or old.name, fields=fields) if fields else None


def _is_same(old: Any, new: Any) -> bool:
    """Compare two values of a setting; an amount is the same however many zeros it ends in."""
    amounts = [Decimal(str(each)) for each in (old, new) if isinstance(each, Decimal | float)]
    return amounts[0] == amounts[1] if len(amounts) == 2 else old == new or str(old) == str(new)


def _after(plan: Plan) -> dict[str, list[str]]:
    """Return which phases each phase follows, also where the plan leaves it to the order."""
    follows: dict[str, list[str]] = {}
    previous: PlannedPhase | None = None
    for phase in plan.phases:
        usual = [previous.key] if previous and not previous.open_ended else []
        follows[phase.key] = sorted(usual if phase.after is None else phase.after)
        previous = phase
    return follows


def _phase_change(old: PlannedPhase | None, new: PlannedPhase, after: Sequence[Sequence[str]]) -> PlanChange | None:
    if old is None:
        return PlanChange("phase", new.key, new.name, is_new=True)
    fields = {name: [getattr(old, name), getattr(new, name)] for name in OF_PHASE if getattr(old, name) != getattr(new, name)}
    # A part of a plan may leave out the phase before: where both leave it to the order, nothing was said.
    if after[0] != after[1] and (old.after, new.after) != (None, None):
        fields["after"] = [list(each) for each in after]
    return PlanChange("phase", new.key, new.name, fields=fields) if fields else None


def _task_change(known: tuple[PlannedTask, str] | None, new: PlannedTask, phase: str) -> PlanChange | None:
    if known is None:
        return PlanChange(
            "task", new.key, new.title, is_new=True, texts={path: (None, content) for path, content in _all_files(new).items()}
        )
    old, old_phase = known
    fields = {name: [_plain(old, name), _plain(new, name)] for name in OF_TASK if _plain(old, name) != _plain(new, name)}
    if old_phase != phase:
        fields["phase"] = [old_phase, phase]
    if set(old.waits) != set(new.waits):
        fields["needs"] = [[f"{wait.on} ({wait.kind})" for wait in task.waits] for task in (old, new)]
    paths, before, after = _differing(old, new), _all_files(old), _all_files(new)
    if paths:
        fields["files"] = [[], paths]
    texts = {path: (before.get(path), after.get(path)) for path in paths}
    return PlanChange("task", new.key, new.title, fields=fields, texts=texts) if fields else None


def _plain(task: PlannedTask, name: str) -> Any:
    value = getattr(task, name)
    return sorted(value) if name in UNORDERED else list(value) if isinstance(value, tuple) else value


def _differing(old: PlannedTask, new: PlannedTask) -> list[str]:
    before, after = _all_files(old), _all_files(new)
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _all_files(task: PlannedTask) -> dict[str, bytes]:
    return dict(task.files) | ({INSTRUCTIONS: task.instructions.encode()} if task.instructions else {})


def _phases(project: Project, before: Planned, plan: Plan, diff: PlanDiff, actor: Actor) -> dict[str, Phase]:
    phases = dict(before.phases)
    changed = {change.key: change for change in diff.changes if change.noun == "phase"}
    previous: Phase | None = None
    for told in plan.phases:
        change = changed.get(told.key)
        usual = [previous] if previous and not previous.open_ended else []
        after = usual if told.after is None else [phases[key] for key in told.after]
        if change and change.is_new:
            details = {"name": told.name, "description": told.description, "gate": told.gate, "open_ended": told.open_ended}
            phases[told.key] = create_phase(project, after=after, key=told.key, actor=actor, **details)  # type: ignore[arg-type]  # each of its own type
        elif change:
            _change_phase(phases[told.key], change, after, actor)
        previous = phases[told.key]
    return phases


def _change_phase(phase: Phase, change: PlanChange, after: Sequence[Phase], actor: Actor) -> None:
    wanted = {name: new for name, (_, new) in change.fields.items() if name in OF_PHASE}
    if wanted:
        edit_phase(phase, wanted, actor=actor)
    if "after" in change.fields:
        linked = {link.after_id: link.after for link in phase.links.select_related("after")}
        for pk, other in linked.items():
            if pk not in {each.pk for each in after}:
                unlink_phases(phase, other, actor=actor)
        for other in after:
            if other.pk not in linked:
                link_phases(phase, other, actor=actor)


def _tasks(
    project: Project, before: Planned, plan: Plan, diff: PlanDiff, phases: Mapping[str, Phase], agents: Mapping[str, Agent], actor: Actor
) -> None:
    changes = {change.key: change for change in diff.changes if change.noun == "task"}
    tasks = dict(before.tasks)
    placed = [(task, phases[phase.key]) for phase in plan.phases for task in phase.tasks]
    news = [
        replace(
            new_task(task, phase, agents),
            needs=[Need(tasks[wait.on].pk if wait.on in tasks else wait.on, wait.kind) for wait in task.waits],
        )
        for task, phase in placed
        if task.key in changes and changes[task.key].is_new
    ]
    if news:
        tasks |= {new.ref: made for new, made in zip(news, create_tasks(project, news, actor=actor), strict=True)}
    for task, phase in placed:
        change = changes.get(task.key)
        if change and not change.is_new:
            _change_task(project, tasks, task, phase, change, agents, actor)


def _change_task(
    project: Project,
    tasks: Mapping[str, Task],
    told: PlannedTask,
    phase: Phase,
    change: PlanChange,
    agents: Mapping[str, Agent],
    actor: Actor,
) -> None:
    task = tasks[told.key]
    wanted = {name: new for name, (_, new) in change.fields.items() if name in OF_TASK}
    if "review" in wanted:
        wanted["review_policy"] = wanted.pop("review") or project.review_policy
    if "max_attempts" in wanted:
        wanted["max_attempts"] = wanted["max_attempts"] or project.max_attempts
    if "assigned_to" in wanted:
        wanted["assigned_to"] = agents.get(told.assigned_to)
    if "phase" in change.fields:
        wanted["phase"] = phase
    if wanted:
        task = edit_task(task, wanted, actor=actor)
    if "needs" in change.fields:
        _change_needs(task, tasks, told, actor)
    if "files" in change.fields:
        files = _all_files(told)
        save_files(
            task, {path: files.get(path) for path in change.fields["files"][1]}, base=task.head, actor=actor, message="Change the plan"
        )


def _change_needs(task: Task, tasks: Mapping[str, Task], told: PlannedTask, actor: Actor) -> None:
    wanted = {tasks[wait.on].pk: wait for wait in told.waits}
    # A task that is not in the plan any more, a cancelled one for instance, is still waited for.
    known = {each.pk for each in tasks.values()}
    standing = {edge.on_id: edge for edge in task.dependencies.select_related("on") if edge.on_id in known}
    for pk, edge in standing.items():
        if pk not in wanted or wanted[pk].kind != edge.kind:
            remove_dependency(task, edge.on, actor=actor)
    for pk, wait in wanted.items():
        if pk not in standing or standing[pk].kind != wait.kind:
            add_dependency(task, tasks[wait.on], actor=actor, kind=wait.kind)
