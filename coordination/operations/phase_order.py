"""The order of phases: put one in, move one, split one, so that what follows what stays right."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import Invalid, WrongState
from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Dependency, Event, Phase, PhaseLink, Task
from coordination.models.clock import now
from coordination.models.project import Project
from coordination.operations.atomic import atomically
from coordination.operations.editing import lock_project
from coordination.operations.events import record
from coordination.operations.phases import advance_soon, create_phase, link_phases, lock_phase, move_phase, start_if_due, unlink_phases
from coordination.operations.readiness import settle

MAY_MOVE = {State.WAITING, State.QUEUED}


@atomically
def insert_phase(
    project: Project,
    *,
    name: str,
    actor: Actor,
    behind: Phase | None,
    gate: str = Gate.AUTO,
    description: str = "",
    open_ended: bool = False,
) -> Phase:
    """Add a phase between `behind` and what follows it; with None before every phase that has not begun and follows none."""
    lock_project(project.pk)
    if behind is None:
        followers = [phase for phase in _in_order(project.pk) if not _has_begun(phase) and not phase.links.exists()]
        before: list[Phase] = []
    else:
        links = PhaseLink.objects.filter(after=behind).select_related("phase").order_by("pk")
        followers = [link.phase for link in links if not _has_begun(link.phase)]
        before = [] if behind.open_ended else [behind]
    phase = create_phase(project, name=name, actor=actor, after=before, gate=gate, description=description, open_ended=open_ended)
    if not open_ended:
        _follow_instead(followers, phase, behind, actor)
    move_phase(phase, behind.position + 1 if behind else 1, actor=actor)
    phase.refresh_from_db()
    return phase


@atomically
def reorder_phase(phase: Phase, position: int, *, actor: Actor) -> bool:
    """Move the phase in the order of display, and in the order of work where the plan is a plain row of phases.

    In a plain row each phase that has not begun follows exactly the one before it. It stays one, so that the phases begin in the
    order in which they stand. Any other plan, and a phase that is put among those that have begun, keeps its links. Return
    whether the order of work changed.
    """
    lock_project(phase.project_id)
    was_row = _is_row(_in_order(phase.project_id), _links(phase.project_id))
    move_phase(phase, position, actor=actor)
    phases, links = _in_order(phase.project_id), _links(phase.project_id)
    place = next(place for place, each in enumerate(phases) if each.pk == phase.pk)
    if not was_row or any(_has_begun(each) for each in phases[place:]) or _is_row(phases, links):
        return False
    _relink(phases, links, actor)
    return True


def _relink(phases: Sequence[Phase], links: Mapping[int, set[int]], actor: Actor) -> None:
    """Make a plain row of the phases. Nothing begins before all of the new links stand."""
    by_id, wanted = {phase.pk: phase for phase in phases}, _row(phases)
    waiting = [phase for phase in phases if not _has_begun(phase)]
    for phase in waiting:
        for old in sorted(links.get(phase.pk, set()) - {wanted.get(phase.pk)}):
            PhaseLink.objects.filter(phase=phase, after=old).delete()
            record("phase.unlinked", actor=actor, phase=phase, after=old)
    for phase in waiting:
        if (before := wanted.get(phase.pk)) and before not in links.get(phase.pk, set()):
            link_phases(phase, by_id[before], actor=actor)
    for phase in waiting:
        start_if_due(phase.pk)


@atomically
def split_phase(phase: Phase, tasks: Sequence[Task], *, name: str, actor: Actor, gate: str = Gate.AUTO, description: str = "") -> Phase:
    """Move tasks that have not begun into a new phase that follows this one; what followed this one follows the new one.

    Refused when a task that stays would wait for one that moves: it could then never run, nor could the phase end.
    """
    lock_project(phase.project_id)
    phase = lock_phase(phase.pk)
    chosen = list(Task.objects.select_for_update(no_key=True).filter(pk__in=[task.pk for task in tasks], phase=phase).order_by("pk"))
    _refuse_split(phase, chosen, len({task.pk for task in tasks}))
    new = insert_phase(phase.project, name=name, actor=actor, behind=phase, gate=gate, description=description)
    _move(chosen, phase, new, actor)
    record("phase.split", actor=actor, phase=phase, into=new.pk, name=new.name, tasks=[task.pk for task in chosen])
    settle([task.pk for task in chosen])
    advance_soon(phase.pk)
    new.refresh_from_db()
    return new


def _refuse_split(phase: Phase, chosen: Sequence[Task], wanted: int) -> None:
    if not chosen or len(chosen) != wanted:
        raise Invalid(f"Choose tasks of {phase.name} to move into the new phase.", field="tasks")
    if phase.state == PhaseState.COMPLETED:
        raise WrongState(f"Phase {phase.name!r} is completed; its tasks stay where they were done.", state=phase.state)
    if phase.open_ended:
        raise WrongState(f"Phase {phase.name!r} is open-ended: a phase that follows it would never begin.", state=phase.state)
    if begun := next((task for task in chosen if task.state not in MAY_MOVE), None):
        raise WrongState(f"#{begun.pk} is {begun.state}; only tasks that have not begun can move.", task=begun.pk, state=begun.state)
    moving = {task.pk for task in chosen}
    staying = set(Task.objects.filter(phase=phase).exclude(pk__in=moving).values_list("pk", flat=True))
    if not staying:
        raise Invalid(f"At least one task must stay in {phase.name}; to rename the phase, edit it.", field="tasks")
    if found := _waits_for(staying, moving, phase.project_id):
        stays, moves = found
        raise Invalid(
            f"#{stays} would stay in {phase.name} and wait for #{moves}, which would move behind it: neither could ever run. "
            f"Choose #{stays} too, or leave #{moves} where it is.",
            field="tasks",
        )


def _waits_for(staying: Collection[int], moving: Collection[int], project_id: int) -> tuple[int, int] | None:
    """Return a task that stays and one that moves for which it waits, directly or through others, or None."""
    edges: dict[int, list[int]] = defaultdict(list)
    unfinished = Dependency.objects.filter(project=project_id).exclude(on__state__in=[State.DONE, State.CANCELLED])
    for task, on in unfinished.order_by("on_id").values_list("task_id", "on_id"):
        edges[task].append(on)
    for task in sorted(staying):
        seen, waiting = {task}, [task]
        while waiting:
            for on in edges.get(waiting.pop(), ()):
                if on in moving:
                    return task, on
                if on not in seen:
                    seen.add(on)
                    waiting.append(on)
    return None


def _move(tasks: Sequence[Task], old: Phase, new: Phase, actor: Actor) -> None:
    """Change the phase of many tasks at once, with the event that an edit of each would have written."""
    moment = now()
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(phase=new, version=F("version") + 1)
    Event.objects.bulk_create(
        [
            Event(
                at=moment,
                kind="task.edited",
                project_id=new.project_id,
                phase_id=new.pk,
                task_id=task.pk,
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                data={"changes": {"phase": [old.name, new.name]}},
            )
            for task in tasks
        ],
        batch_size=500,
    )


def _follow_instead(followers: Sequence[Phase], phase: Phase, instead_of: Phase | None, actor: Actor) -> None:
    for follower in followers:
        link_phases(follower, phase, actor=actor)
        if instead_of:
            unlink_phases(follower, instead_of, actor=actor)


def _has_begun(phase: Phase) -> bool:
    return phase.started_at is not None or phase.state == PhaseState.COMPLETED


def _in_order(project_id: int) -> list[Phase]:
    return list(Phase.objects.filter(project=project_id).order_by("position", "pk"))


def _links(project_id: int) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for phase_id, after_id in PhaseLink.objects.filter(phase__project=project_id).values_list("phase_id", "after_id"):
        found[phase_id].add(after_id)
    return found


def _row(phases: Sequence[Phase]) -> dict[int, int]:
    """Return what each phase that has not begun would follow in a plain row; an inbox that never ends is followed by none."""
    wanted: dict[int, int] = {}
    last: Phase | None = None
    for phase in phases:
        if last and not _has_begun(phase):
            wanted[phase.pk] = last.pk
        last = last if phase.open_ended else phase
    return wanted


def _is_row(phases: Sequence[Phase], links: Mapping[int, set[int]]) -> bool:
    wanted = _row(phases)
    waiting = [phase for phase in phases if not _has_begun(phase)]
    return all(links.get(phase.pk, set()) == ({wanted[phase.pk]} if phase.pk in wanted else set()) for phase in waiting)
