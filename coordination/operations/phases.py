"""Phases: their order, their gates, and when one is complete and the next begins (P12)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from coordination.actor import SYSTEM, Actor
from coordination.errors import Conflict, CycleRefused, Invalid, NotFound, WrongState
from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Phase, PhaseLink, Project, Task
from coordination.models.clock import now
from coordination.models.sql import planned
from coordination.operations.atomic import atomically
from coordination.operations.editing import apply_changes, changed_here, check, lock_project
from coordination.operations.events import record
from coordination.operations.readiness import settle_phase
from coordination.queries.sentences import counted

EDITABLE = {"name", "description", "gate", "open_ended"}
UNFINISHED = [state for state in State if state not in (State.DONE, State.CANCELLED)]
# Asked after every completion: is there a task that is neither done nor cancelled? Said as the ranges around these two words,
# from the last to the first, so that the index answers with the first entry that it holds. Asked for states, a planner may read
# the whole table, and asked upwards, the index begins with what a long time ago was claimed.
ANY_UNFINISHED = """
    SELECT 1 WHERE coalesce(
        (SELECT true FROM coordination_task WHERE phase_id = %(phase)s AND state > 'done' ORDER BY state DESC LIMIT 1),
        (SELECT true FROM coordination_task
            WHERE phase_id = %(phase)s AND state > 'cancelled' AND state < 'done' ORDER BY state DESC LIMIT 1),
        (SELECT true FROM coordination_task WHERE phase_id = %(phase)s AND state < 'cancelled' ORDER BY state DESC LIMIT 1))"""


@atomically
def create_phase(
    project: Project,
    *,
    name: str,
    actor: Actor,
    after: Sequence[Phase] | None = None,
    gate: str = Gate.AUTO,
    description: str = "",
    open_ended: bool = False,
    key: str = "",
) -> Phase:
    """Add a phase. With `after` None it follows the last one; an empty sequence makes it follow none."""
    lock_project(project.pk)
    last = Phase.objects.filter(project=project).order_by("-position", "-pk").first()
    _refuse_taken_name(project.pk, name)
    phase = Phase(
        project=project,
        key=key,
        name=name.strip(),
        description=description,
        position=last.position + 1 if last else 1,
        gate=gate,
        open_ended=open_ended,
        created_at=now(),
    )
    check(phase)
    phase.save()
    follows = ([last] if last and not last.open_ended else []) if after is None else list(after)
    for before in follows:
        _link(phase, before)
    record("phase.created", actor=actor, phase=phase, name=phase.name, gate=phase.gate, after=[before.pk for before in follows])
    start_if_due(phase.pk)
    phase.refresh_from_db()
    return phase


@atomically
def edit_phase(
    phase: Phase, changes: Mapping[str, Any], *, actor: Actor, expected_version: int | None = None, seen: Mapping[str, str] | None = None
) -> Phase:
    """Change what may be changed. `seen` are the fields as the form showed them: what it left alone writes over nothing."""
    lock_project(phase.project_id)
    phase = lock_phase(phase.pk)
    changes = changed_here(phase, changes, seen or {})
    if "name" in changes and changes["name"] != phase.name:
        _refuse_taken_name(phase.project_id, changes["name"])
    if differences := apply_changes(phase, changes, EDITABLE, expected_version):
        record("phase.edited", actor=actor, phase=phase, changes=differences)
        start_if_due(phase.pk)
    phase.refresh_from_db()
    return phase


@atomically
def move_phase(phase: Phase, position: int, *, actor: Actor) -> None:
    """Put the phase at `position`, 1 for the first. This is the order of display; `link_phases` says what waits for what.

    A phase that stands there already is left alone, and there is nothing to tell.
    """
    lock_project(phase.project_id)
    before = list(Phase.objects.filter(project=phase.project_id).order_by("position", "pk"))
    others = [each for each in before if each.pk != phase.pk]
    others.insert(max(0, min(position - 1, len(others))), phase)
    if [each.pk for each in others] == [each.pk for each in before]:
        return
    for place, each in enumerate(others, start=1):
        each.position = place
    Phase.objects.bulk_update(others, ["position"])
    record("phase.moved", actor=actor, phase=phase, position=phase.position)


@atomically
def link_phases(phase: Phase, after: Phase, *, actor: Actor) -> None:
    """Make `phase` wait until `after` is completed."""
    lock_project(phase.project_id)
    if _link(phase, after):
        record("phase.linked", actor=actor, phase=phase, after=after.pk)


@atomically
def unlink_phases(phase: Phase, after: Phase, *, actor: Actor) -> None:
    lock_project(phase.project_id)
    removed, _ = PhaseLink.objects.filter(phase=phase, after=after).delete()
    if removed:
        record("phase.unlinked", actor=actor, phase=phase, after=after.pk)
        start_if_due(phase.pk)


def _link(phase: Phase, after: Phase) -> bool:
    if phase.project_id != after.project_id:
        raise Invalid("A phase can only follow a phase of its own project.", field="after")
    if phase.started_at and after.state != PhaseState.COMPLETED:
        raise WrongState(f"Phase {phase.name!r} has started; it cannot wait for {after.name!r} any more.", state=phase.state)
    names = dict(Phase.objects.filter(project=phase.project_id).values_list("pk", "name"))
    edges: dict[int, list[int]] = {}
    for one, before in PhaseLink.objects.filter(phase__project=phase.project_id).values_list("phase_id", "after_id"):
        edges.setdefault(one, []).append(before)
    if path := find_path(edges, after.pk, phase.pk):
        circle = " → ".join(names[pk] for pk in [phase.pk, *path])
        raise CycleRefused(f"That would make a circle: {circle}.", path=[phase.pk, *path])
    return PhaseLink.objects.get_or_create(phase=phase, after=after)[1]


def find_path(edges: Mapping[int, Sequence[int]], start: int, goal: int) -> list[int]:
    """Return the shortest path from start to goal along `edges`, both ends included; empty when there is none."""
    came_from: dict[int, int | None] = {start: None}
    frontier = [start]
    while frontier and goal not in came_from:
        reached = [(here, there) for here in frontier for there in edges.get(here, ()) if there not in came_from]
        came_from.update({there: here for here, there in reversed(reached)})
        frontier = list(dict.fromkeys(there for _, there in reached))
    if goal not in came_from:
        return []
    path: list[int] = []
    step: int | None = goal
    while step is not None:
        path.append(step)
        step = came_from[step]
    return path[::-1]


@atomically
def approve_gate(phase: Phase, *, actor: Actor) -> Phase:
    """Open the gate. The phase starts now, or as soon as the phases before it are completed."""
    moment = now()
    opened = Phase.objects.filter(pk=phase.pk, gate=Gate.APPROVAL, gate_approved_at=None).update(
        gate_approved_at=moment, gate_approved_by=str(actor), version=F("version") + 1
    )
    if not opened:
        raise WrongState(f"The gate of phase {phase.name!r} is open already.")
    record("phase.gate_opened", actor=actor, phase=phase, at=moment)
    start_if_due(phase.pk)
    phase.refresh_from_db()
    return phase


@atomically
def close_gate(phase: Phase, *, actor: Actor) -> Phase:
    """Close the gate again, as long as the phase has not started."""
    closed = Phase.objects.filter(pk=phase.pk, gate=Gate.APPROVAL, state=PhaseState.PLANNED, gate_approved_at__isnull=False).update(
        gate_approved_at=None, gate_approved_by="", version=F("version") + 1
    )
    if not closed:
        raise WrongState(f"The gate of phase {phase.name!r} cannot be closed: it is closed already or the phase has started.")
    record("phase.gate_closed", actor=actor, phase=phase)
    phase.refresh_from_db()
    return phase


@atomically
def pause_phase(phase: Phase, *, actor: Actor) -> Phase:
    """Hold the queued tasks of the phase. Running ones go on."""
    paused = Phase.objects.filter(pk=phase.pk, state__in=[PhaseState.ACTIVE, PhaseState.PLANNED]).update(
        state=PhaseState.PAUSED, version=F("version") + 1
    )
    if not paused:
        raise WrongState(f"Phase {phase.name!r} is {phase.state}; only a planned or active phase can be paused.", state=phase.state)
    record("phase.paused", actor=actor, phase=phase)
    settle_phase(phase.pk)
    phase.refresh_from_db()
    return phase


@atomically
def resume_phase(phase: Phase, *, actor: Actor) -> Phase:
    phase = lock_phase(phase.pk)
    if phase.state != PhaseState.PAUSED:
        raise WrongState(f"Phase {phase.name!r} is not paused.", state=phase.state)
    phase.state = PhaseState.ACTIVE if phase.started_at else PhaseState.PLANNED
    phase.draining = False
    phase.version += 1
    phase.save(update_fields=["state", "draining", "version"])
    record("phase.resumed", actor=actor, phase=phase)
    settle_phase(phase.pk)
    start_if_due(phase.pk)
    advance_soon(phase.pk)
    phase.refresh_from_db()
    return phase


@atomically
def set_status(
    phase: Phase,
    *,
    actor: Actor,
    status_line: str | None = None,
    blockers: Sequence[str] | None = None,
    seen: Mapping[str, str] | None = None,
) -> Phase:
    """Write the line and the list of blockers that people read above the phase. `seen` is as for `edit_phase`."""
    phase = lock_phase(phase.pk)
    changes: dict[str, Any] = {}
    if status_line is not None:
        changes["status_line"] = status_line
    if blockers is not None:
        changes["blockers"] = list(blockers)
    if differences := apply_changes(phase, changed_here(phase, changes, seen or {}), {"status_line", "blockers"}, None):
        record("phase.status", actor=actor, phase=phase, changes=differences)
    return phase


@atomically
def complete_phase(phase: Phase, *, actor: Actor) -> Phase:
    """Complete a phase by hand: an empty one, or an open-ended one. Unfinished tasks keep it open."""
    lock_project(phase.project_id)
    phase = lock_phase(phase.pk)
    if phase.state == PhaseState.COMPLETED:
        raise WrongState(f"Phase {phase.name!r} is completed already.", state=phase.state)
    left = Task.objects.filter(phase=phase, state__in=UNFINISHED).count()
    if left:
        raise WrongState(f"Phase {phase.name!r} has {left} unfinished tasks; finish or cancel them first.", unfinished=left)
    _complete(phase, actor)
    return phase


@atomically
def delete_phase(phase: Phase, *, actor: Actor) -> None:
    """Delete a phase that holds no task. A cancelled one counts: its history is the record, and its cancel may yet be undone."""
    lock_project(phase.project_id)
    if left := Task.objects.filter(phase=phase).count():
        raise WrongState(
            f"Phase {phase.name!r} holds {counted(left, 'task', verb=False)}, cancelled ones counted;"
            " move them to another phase first, or their history would be gone.",
            tasks=left,
        )
    followers = list(Phase.objects.filter(links__after=phase))
    # What followed it follows what it followed: deleting the middle of a chain must not start its end.
    before = list(PhaseLink.objects.filter(phase=phase).values_list("after_id", flat=True))
    PhaseLink.objects.bulk_create(
        [PhaseLink(phase=follower, after_id=pk) for follower in followers for pk in before], ignore_conflicts=True
    )
    record("phase.deleted", actor=actor, phase=phase, name=phase.name)
    phase.delete()
    for follower in followers:
        start_if_due(follower.pk)


def advance_soon(phase_id: int) -> None:
    """Ask whether the phase is complete once the present transaction has committed.

    Asked inside it, two last tasks that finish at once would each see the other unfinished, and nobody would advance.
    """
    transaction.on_commit(lambda: advance(phase_id), robust=True)


def advance(phase_id: int) -> bool:
    """Complete the phase if all its tasks are finished well, start what follows, and return whether it did."""
    if planned(ANY_UNFINISHED, {"phase": phase_id}):
        return False
    return _advance(phase_id)


@atomically
def _advance(phase_id: int) -> bool:
    phase = Phase.objects.filter(pk=phase_id, state=PhaseState.ACTIVE, open_ended=False).first()
    if phase is None or not Project.objects.select_for_update(no_key=True).filter(pk=phase.project_id).exists():
        return False
    phase = lock_phase(phase_id)
    tasks = Task.objects.filter(phase=phase)
    if phase.state != PhaseState.ACTIVE or not tasks.exists() or tasks.filter(state__in=UNFINISHED).exists():
        return False
    _complete(phase, SYSTEM)
    return True


def advance_due() -> int:
    """Advance every phase that is complete, and start every one that is due; return how many moved. The sweep's safety net."""
    moved = sum(advance(pk) for pk in Phase.objects.filter(state=PhaseState.ACTIVE, open_ended=False).values_list("pk", flat=True))
    planned = Phase.objects.filter(state=PhaseState.PLANNED).exclude(links__after__in=Phase.objects.exclude(state=PhaseState.COMPLETED))
    return moved + sum(start_if_due(pk) for pk in planned.values_list("pk", flat=True))


def _complete(phase: Phase, actor: Actor) -> None:
    phase.state, phase.completed_at, phase.version = PhaseState.COMPLETED, now(), phase.version + 1
    phase.save(update_fields=["state", "completed_at", "version"])
    record("phase.completed", actor=actor, phase=phase, at=phase.completed_at, once=f"phase:{phase.pk}:completed:{phase.round}")
    for follower in Phase.objects.filter(links__after=phase).order_by("pk"):
        start_if_due(follower.pk)


@atomically
def start_if_due(phase_id: int) -> bool:
    """Start a planned phase whose gate is open and whose predecessors are completed, and return whether it did."""
    phase = lock_phase(phase_id)
    waits = PhaseLink.objects.filter(phase=phase).exclude(after__state=PhaseState.COMPLETED).exists()
    if phase.state != PhaseState.PLANNED or not phase.is_gate_open or waits:
        return False
    phase.state, phase.started_at, phase.version = PhaseState.ACTIVE, now(), phase.version + 1
    phase.save(update_fields=["state", "started_at", "version"])
    record("phase.started", actor=SYSTEM, phase=phase, at=phase.started_at, once=f"phase:{phase.pk}:started")
    settle_phase(phase.pk)
    advance_soon(phase.pk)
    return True


def reopen_if_completed(phase_id: int, *, actor: Actor) -> None:
    """Make a completed phase active again because it got work. Phases after it that have started go on.

    One that was completed by hand before it ever started is planned again: its gate still stands.
    """
    phase = lock_phase(phase_id)
    if phase.state == PhaseState.COMPLETED:
        phase.state = PhaseState.ACTIVE if phase.started_at else PhaseState.PLANNED
        phase.completed_at, phase.round, phase.version = None, phase.round + 1, phase.version + 1
        phase.save(update_fields=["state", "completed_at", "round", "version"])
        record("phase.reopened", actor=actor, phase=phase)
        start_if_due(phase.pk)


def lock_phase(phase_id: int) -> Phase:
    if found := Phase.objects.select_for_update(no_key=True).filter(pk=phase_id).first():
        return found
    raise NotFound("This phase does not exist any more.")


def _refuse_taken_name(project_id: int, name: str) -> None:
    if Phase.objects.filter(project=project_id, name=name.strip()).exists():
        raise Conflict(f"There is a phase {name.strip()!r} in this project already; choose another name.", field="name")
