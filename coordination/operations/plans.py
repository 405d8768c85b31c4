"""Importing a plan: phases, tasks and their files from one directory, in one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.models import Agent, Phase, Project, Task
from coordination.operations.atomic import atomically
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project
from coordination.plan_directory import Plan, PlannedTask, read_plan, refuse_if_any
from coordination.plan_values import Mistakes, did_you_mean


@dataclass(frozen=True)
class ImportedPlan:
    """What an import made; `tasks` are by their key in the plan."""

    project: Project
    is_new_project: bool
    phases: list[Phase]
    tasks: dict[str, Task]


def import_plan(slug: str, files: Mapping[str, bytes], *, actor: Actor) -> ImportedPlan:
    """Make everything that the plan in `files` (path to content) holds, or nothing.

    A project that exists gets the plan's phases after its own and keeps its settings. Without a `slug` the plan's own is
    taken. Raises Invalid, whose data holds every mistake with its file and field.
    """
    return _make(slug, read_plan(files), actor)


@atomically
def _make(slug: str, plan: Plan, actor: Actor) -> ImportedPlan:
    project, is_new = _project_for(slug or plan.slug, plan, actor)
    phases = _make_phases(project, plan, actor)
    agents = agents_named(plan)
    taken = set(Task.objects.filter(project=project).exclude(key="").values_list("key", flat=True))
    news = [new_task(task, phases[phase.key], agents, taken) for phase in plan.phases for task in phase.tasks]
    made = create_tasks(project, news, actor=actor) if news else []
    return ImportedPlan(project, is_new, list(phases.values()), {new.ref: task for new, task in zip(news, made, strict=True)})


def _project_for(slug: str, plan: Plan, actor: Actor) -> tuple[Project, bool]:
    if not slug:
        raise Invalid("Say which project the plan is for: name one, or write `slug:` in plan.md.", field="slug")
    if project := Project.objects.filter(slug=slug).first():
        return project, False
    return create_project(slug=slug, name=plan.name or slug, description=plan.description, actor=actor, **plan.settings), True


def _make_phases(project: Project, plan: Plan, actor: Actor) -> dict[str, Phase]:
    made: dict[str, Phase] = {}
    for planned in plan.phases:
        made[planned.key] = create_phase(
            project,
            name=planned.name,
            description=planned.description,
            gate=planned.gate,
            open_ended=planned.open_ended,
            key="" if Phase.objects.filter(project=project, key=planned.key).exists() else planned.key,
            after=None if planned.after is None else [made[key] for key in planned.after],
            actor=actor,
        )
    return made


def agents_named(plan: Plan) -> dict[str, Agent]:
    """Return the agents that tasks are assigned to, or refuse every name that nobody registered."""
    named = {task.assigned_to for task in plan.tasks if task.assigned_to}
    if not named:
        return {}
    known = {agent.name: agent for agent in Agent.objects.filter(name__in=named)}
    mistakes = Mistakes()
    everybody = list(Agent.objects.values_list("name", flat=True)[:1000]) if named - set(known) else []
    for task in plan.tasks:
        if task.assigned_to and task.assigned_to not in known:
            mistakes.add(
                task.file, "assigned_to", f"No agent named {task.assigned_to!r} is registered{did_you_mean(task.assigned_to, everybody)}."
            )
    refuse_if_any(mistakes)
    return known


def new_task(planned: PlannedTask, phase: Phase, agents: Mapping[str, Agent], taken: Collection[str] = ()) -> NewTask:
    """Return the task to be made. Its key stays with it, unless another plan has given that key to a task of the project."""
    return NewTask(
        key="" if planned.key in taken else planned.key,
        title=planned.title,
        phase=phase,
        ref=planned.key,
        needs=[Need(wait.on, wait.kind) for wait in planned.waits],
        kind=planned.kind,
        labels=planned.labels,
        priority=planned.priority,
        tier=planned.tier,
        capabilities=planned.capabilities,
        assigned_to=agents.get(planned.assigned_to),
        fallback_after=planned.fallback_after,
        review_policy=planned.review,
        on_change=planned.on_change,
        max_attempts=planned.max_attempts,
        timeout=planned.timeout,
        not_before=planned.not_before,
        lease_mode=planned.lease_mode,
        objective=planned.objective,
        criteria=planned.criteria,
        instructions=planned.instructions,
        files=planned.files,
    )
