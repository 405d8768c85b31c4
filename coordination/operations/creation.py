"""Creating tasks: one or many at once, with dependencies among them, all or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from coordination.actor import Actor
from coordination.errors import CycleRefused, Invalid
from coordination.file_rules import INSTRUCTIONS
from coordination.lifecycle import DEFAULT_PRIORITY, DependencyKind, LeaseMode, State, Tier
from coordination.models import Agent, Dependency, Event, Phase, Project, Task, TaskFile
from coordination.models.clock import now
from coordination.models.sql import any_of, count_anew, run
from coordination.operations.atomic import atomically
from coordination.operations.editing import check, lock_project
from coordination.operations.files import first_version
from coordination.operations.lanes import lane_for
from coordination.operations.phases import find_path, reopen_if_completed
from coordination.operations.readiness import settle
from coordination.queries.phases import default_phase

MAX_BATCH = 10_000
MANY = 500  # new tasks; a planner that takes them for none joins each with all others


@dataclass(frozen=True)
class Need:
    """What a new task waits for: the number of a task, or the `ref` of another new one of the same request."""

    on: int | str
    kind: str = DependencyKind.SUCCESS


@dataclass(frozen=True)
class NewTask:
    """A task to be made. None means: as the project's settings say."""

    title: str
    phase: Phase | None = None
    ref: str = ""
    key: str = ""
    needs: Sequence[Need] = ()
    kind: str = ""
    labels: Sequence[str] = ()
    priority: int = DEFAULT_PRIORITY
    tier: str = Tier.STANDARD
    capabilities: Sequence[str] = ()
    assigned_to: Agent | None = None
    fallback_after: int | None = None
    review_policy: str | None = None
    on_change: str = ""
    max_attempts: int | None = None
    timeout: int | None = None
    not_before: datetime | None = None
    lease_mode: str = LeaseMode.HEARTBEAT
    parent: Task | None = None
    awaits_person: bool = False
    objective: str = ""
    criteria: Sequence[str] = ()
    instructions: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


def create_task(project: Project, new: NewTask, *, actor: Actor) -> Task:
    return create_tasks(project, [new], actor=actor)[0]


@atomically
def create_tasks(project: Project, news: Sequence[NewTask], *, actor: Actor) -> list[Task]:
    """Make all of the tasks with their dependencies, files and first versions, or none of them."""
    if not news:
        raise Invalid("Send at least one task.", field="tasks")
    if len(news) > MAX_BATCH:
        raise Invalid(f"At most {MAX_BATCH} tasks fit in one request; send the rest in another.", field="tasks")
    lock_project(project.pk)
    _refuse_circles(news)
    tasks = _insert(project, news, actor)
    blockers = _insert_dependencies(project, news, tasks)
    for task, new in zip(tasks, news, strict=True):
        if files := dict(new.files) | ({INSTRUCTIONS: new.instructions.encode()} if new.instructions else {}):
            first_version(task, files, actor=actor)
    for task in tasks:
        task.blockers = blockers.get(task.pk, 0)
    Task.objects.bulk_update([task for task in tasks if task.blockers], ["blockers"], batch_size=500)
    for phase_id in {task.phase_id for task in tasks}:
        reopen_if_completed(phase_id, actor=actor)
    queued = set(settle((task.pk for task in tasks), actor=actor))
    if len(tasks) >= MANY:
        transaction.on_commit(partial(count_anew, Task, Dependency, TaskFile), robust=True)
    return [Task.objects.get(pk=task.pk) if len(tasks) == 1 else _as_settled(task, queued) for task in tasks]


def _as_settled(task: Task, queued: set[int]) -> Task:
    task.state = State.QUEUED if task.pk in queued else State.WAITING
    return task


def _insert(project: Project, news: Sequence[NewTask], actor: Actor) -> list[Task]:
    moment = now()
    lanes: dict[tuple[str, tuple[str, ...], int | None], int] = {}
    usual = default_phase(project) if any(new.phase is None for new in news) else None
    rows = [_row(project, new, new.phase or usual, actor, moment, lanes) for new in news]
    tasks = Task.objects.bulk_create(rows, batch_size=500)
    Event.objects.bulk_create(
        [
            Event(
                at=moment,
                kind="task.created",
                project=project,
                phase_id=task.phase_id,
                task_id=task.pk,
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                data={"title": task.title, "priority": task.priority},
            )
            for task in tasks
        ],
        batch_size=500,
    )
    return tasks


def _row(
    project: Project,
    new: NewTask,
    phase: Phase | None,
    actor: Actor,
    moment: datetime,
    lanes: dict[tuple[str, tuple[str, ...], int | None], int],
) -> Task:
    if phase is None:
        raise Invalid(f"Project {project.slug} has no phase yet; add one first.", field="phase")
    if phase.project_id != project.pk or (new.parent and new.parent.project_id != project.pk):
        raise Invalid("Phase and parent must be of the task's own project.", field="phase")
    capabilities = clean_words(new.capabilities, "capabilities")
    combination = (new.tier, tuple(capabilities), new.assigned_to.pk if new.assigned_to else None)
    if combination not in lanes:
        if new.tier not in list(Tier):
            raise Invalid(f"{new.tier!r} is no tier; choose {', '.join(Tier)}.", field="tier")
        lanes[combination] = lane_for(project.pk, *combination).pk
    task = Task(
        project=project,
        phase=phase,
        lane_id=lanes[combination],
        parent=new.parent,
        key=new.key,
        title=new.title.strip(),
        objective=new.objective,
        criteria=list(new.criteria),
        kind=new.kind,
        labels=clean_words(new.labels, "labels"),
        priority=new.priority,
        tier=new.tier,
        capabilities=capabilities,
        assigned_to=new.assigned_to,
        fallback_after=new.fallback_after,
        review_policy=new.review_policy or project.review_policy,
        on_change=new.on_change,
        max_attempts=new.max_attempts or project.max_attempts,
        timeout=new.timeout,
        lease_mode=new.lease_mode,
        not_before=new.not_before,
        awaits_person=new.awaits_person,
        state=State.WAITING,
        state_since=moment,
        waiting_at=moment,
        created_at=moment,
        created_by=str(actor),
    )
    check(task)
    return task


def clean_words(words: Iterable[str], name: str) -> list[str]:
    """Return labels or capabilities sorted and once each; refuse empty and over-long ones."""
    cleaned = sorted({word.strip() for word in words})
    if any(not word or len(word) > 60 for word in cleaned) or len(cleaned) > 50:
        raise Invalid(f"{name}: at most 50, each of 1 to 60 characters.", field=name)
    return cleaned


def _refuse_circles(news: Sequence[NewTask]) -> None:
    refs = [new.ref for new in news if new.ref]
    if twice := next((ref for ref in refs if refs.count(ref) > 1), None) if len(set(refs)) != len(refs) else None:
        raise Invalid(f"Two tasks have the ref {twice!r}; a ref names one.", field="ref")
    place = {ref: number for number, ref in enumerate(new.ref or f"\0{index}" for index, new in enumerate(news))}
    edges = {
        number: [place[need.on] for need in new.needs if isinstance(need.on, str) and need.on in place] for number, new in enumerate(news)
    }
    settled: set[int] = set()
    for start in edges:
        if circle := _circle_from(start, edges, settled):
            names = [news[number].ref for number in circle]
            raise CycleRefused(f"That would make a circle: {' → '.join(names)}.", path=names)


def _circle_from(start: int, edges: Mapping[int, Sequence[int]], settled: set[int]) -> list[int]:
    """Return a circle reachable from start, or an empty list, walking without recursion: chains can be 10,000 long."""
    walk, on_path = [(start, iter(edges[start]))], {start}
    while walk:
        here, rest = walk[-1]
        there = next((number for number in rest if number not in settled), None)
        if there is None:
            settled.add(here)
            on_path.discard(here)
            walk.pop()
        elif there in on_path:
            return [here, *(find_path(edges, there, here) or [there])]
        else:
            walk.append((there, iter(edges[there])))
            on_path.add(there)
    return []


def _insert_dependencies(project: Project, news: Sequence[NewTask], tasks: Sequence[Task]) -> dict[int, int]:
    """Insert the edges and return how many unsatisfied ones each task has."""
    by_ref = {new.ref: task for new, task in zip(news, tasks, strict=True) if new.ref}
    outside = {need.on for new in news for need in new.needs if isinstance(need.on, int)}
    # Held until we commit, so that none of them finishes between our look at it and our edge.
    existing = {
        row.pk: row for row in Task.objects.select_for_update(no_key=True).filter(Q(pk__in=outside), project=project).order_by("pk")
    }
    edges: dict[tuple[int, int], Dependency] = {}
    for new, task in zip(news, tasks, strict=True):
        for need in new.needs:
            on = existing.get(need.on) if isinstance(need.on, int) else by_ref.get(need.on)
            if on is None:
                raise Invalid(
                    f"Task {new.ref or new.title!r} needs {need.on!r}, which is no task of this project or request.", field="needs"
                )
            if need.kind not in list(DependencyKind):
                raise Invalid(f"{need.kind!r} is no kind of dependency; choose {', '.join(DependencyKind)}.", field="needs")
            edges[task.pk, on.pk] = Dependency(project=project, task=task, on=on, kind=need.kind)
    Dependency.objects.bulk_create(edges.values(), batch_size=1000)
    among, param = any_of({on for _, on in edges})
    run(f"UPDATE coordination_task SET has_dependents = true WHERE id {among} AND NOT has_dependents", [param])
    blockers: dict[int, int] = {}
    for (task_id, _), edge in edges.items():
        blockers[task_id] = blockers.get(task_id, 0) + (not edge.is_satisfied_by(edge.on.state))
    return blockers
