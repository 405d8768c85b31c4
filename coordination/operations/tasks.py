"""What planners do with tasks that exist: edit, reprioritise, assign, move, cancel, requeue; one or many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from coordination.actor import Actor
from coordination.errors import Invalid, MusterError, NotFound, WrongState
from coordination.lifecycle import AGEING_PER_PRIORITY, FINISHED, LEASED, Outcome, Rerun, State, Tier
from coordination.models import Agent, Attempt, Lease, Phase, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically, undone_if_refused
from coordination.operations.creation import clean_words
from coordination.operations.editing import apply_changes, lock_project
from coordination.operations.events import record
from coordination.operations.holding import TAKEN_BACK, end
from coordination.operations.lanes import lane_for
from coordination.operations.phases import advance_soon, reopen_if_completed
from coordination.operations.readiness import block_dependents, restart_fallback_clock, settle
from coordination.operations.tokens import Holder

EDITABLE = {
    "title", "objective", "criteria", "kind", "labels", "priority", "tier", "capabilities", "assigned_to", "fallback_after",
    "review_policy", "on_change", "max_attempts", "timeout", "not_before", "lease_mode", "parent", "phase",
}  # fmt: skip
DECIDES_LANE = {"tier", "capabilities", "assigned_to"}


@atomically
def edit_task(task: Task, changes: Mapping[str, Any], *, actor: Actor, expected_version: int | None = None) -> Task:
    """Change what a planner may change; `assigned_to`, `parent` and `phase` are rows of the same project."""
    task = _lock(task)
    wanted = _cleaned(task, changes)
    old_phase, old_priority = task.phase_id, task.priority
    differences = apply_changes(task, wanted, EDITABLE, expected_version)
    if not differences:
        return task
    if DECIDES_LANE & set(differences):
        task.lane = lane_for(task.project_id, task.tier, task.capabilities, task.assigned_to_id)
    task.sort_key += (task.priority - old_priority) * AGEING_PER_PRIORITY * 1_000_000
    task.save(update_fields=["lane", "sort_key"])
    record("task.edited", actor=actor, task=task, changes=differences)
    if task.phase_id != old_phase:
        reopen_if_completed(task.phase_id, actor=actor)
        advance_soon(old_phase)
        advance_soon(task.phase_id)
    if (DECIDES_LANE | {"fallback_after"}) & set(differences):
        restart_fallback_clock(task.pk)
    settle([task.pk])
    task.refresh_from_db()
    return task


def _cleaned(task: Task, changes: Mapping[str, Any]) -> dict[str, Any]:
    wanted = dict(changes)
    for name in ("labels", "capabilities"):
        if name in wanted:
            wanted[name] = clean_words(wanted[name], name)
    if "tier" in wanted and wanted["tier"] not in list(Tier):
        raise Invalid(f"{wanted['tier']!r} is no tier; choose {', '.join(Tier)}.", field="tier")
    for name in ("phase", "parent"):
        other: Phase | Task | None = wanted.get(name)
        if other is not None and other.project_id != task.project_id:
            raise Invalid(f"The {name} must be of the task's own project.", field=name)
    if wanted.get("parent") is not None:
        _refuse_own_descendant(task, wanted["parent"])
    return wanted


def _refuse_own_descendant(task: Task, parent: Task) -> None:
    above: Task | None = parent
    while above is not None:
        if above.pk == task.pk:
            raise Invalid(f"#{parent.pk} is inside #{task.pk}; it cannot be its parent too.", field="parent")
        above = above.parent


def reprioritise(task: Task, priority: int, *, actor: Actor) -> Task:
    return edit_task(task, {"priority": priority}, actor=actor)


def assign(task: Task, agent: Agent | None, *, actor: Actor, fallback_after: int | None = None) -> Task:
    """Give the task to one agent, or with None to any that can run it."""
    return edit_task(task, {"assigned_to": agent, "fallback_after": fallback_after}, actor=actor)


@atomically
def relabel(task: Task, *, actor: Actor, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Task:
    """Add and remove labels, whatever others the task has."""
    task = _lock(task)
    kept = [label for label in task.labels if label not in remove]
    return edit_task(task, {"labels": [*kept, *(label for label in add if label not in kept)]}, actor=actor)


@atomically
def cancel(task: Task, *, actor: Actor, reason: str = "") -> Task:
    """Cancel the task: at once, or when an agent holds it by telling the agent with its next heartbeat (P11)."""
    task = _lock(task)
    moment = now()
    if task.state in FINISHED:
        raise WrongState(f"#{task.pk} is {task.state} already.", state=task.state)
    if task.state in LEASED:
        asked = Lease.objects.filter(task=task, cancel_requested_at=None).update(cancel_requested_at=moment, cancel_reason=reason[:500])
        if asked:
            record("task.cancel_requested", actor=actor, task=task, at=moment, reason=reason)
        return task
    Task.objects.filter(pk=task.pk).update(
        state=State.CANCELLED,
        state_since=moment,
        cancelled_at=moment,
        fence=F("fence") + 1,
        version=F("version") + 1,
        retry_at=None,
        fallback_at=None,
        reason=reason[:500],
    )
    record("task.cancelled", actor=actor, task=task, at=moment, reason=reason, old=task.state)
    advance_soon(task.phase_id)
    task.refresh_from_db()
    return task


@atomically
def requeue(task: Task, *, actor: Actor, told: str = "", attempt: int | None = None) -> Task:
    """Run a finished task again, with a fresh count of failures. Its attempts stay.

    `told` says which brief is handed out: `as_it_is` now, or `as_it_was` for `attempt` (None: the newest); "" means as the
    project's setting says.
    """
    lock_project(task.project_id)
    task = _lock(task)
    if task.state not in FINISHED:
        raise WrongState(f"#{task.pk} is {task.state}; only a finished task can run again.", state=task.state)
    moment, old = now(), State(task.state)
    before = {"failures": task.failures, "crashes": task.crashes, "reason": task.reason, "rerun_of": task.rerun_of_id}
    again = _told_before(task, told, attempt)
    Task.objects.filter(pk=task.pk).update(
        state=State.WAITING,
        state_since=moment,
        waiting_at=moment,
        rerun_of=again,
        failures=0,
        crashes=0,
        retry_at=None,
        reason="",
        fence=F("fence") + 1,
        version=F("version") + 1,
    )
    record("task.requeued", actor=actor, task=task, at=moment, old=old, as_attempt=again.number if again else None, before=before)
    for phase in sorted({task.phase_id, *block_dependents(task.pk, old)}):
        reopen_if_completed(phase, actor=actor)
    settle([task.pk])
    task.refresh_from_db()
    return task


def _told_before(task: Task, told: str, number: int | None) -> Attempt | None:
    """Return the attempt whose brief is handed out again, or None for the brief as it is now."""
    if told and told not in list(Rerun):
        raise Invalid(f"{told!r} is no way to run again; choose {', '.join(Rerun)}.", field="told")
    if (told or (Rerun.AS_IT_WAS if number else task.project.rerun)) == Rerun.AS_IT_IS:
        return None
    found = Attempt.objects.filter(task=task, **({"number": number} if number else {})).order_by("-number").first()
    if found is None and number:
        raise NotFound(f"#{task.pk} has no attempt {number}.")
    return found


@atomically
def take_back(task: Task, *, actor: Actor, reason: str) -> Task:
    """Take a leased task from its agent and queue it again: a planner's release."""
    task = _lock(task)
    if task.state not in LEASED:
        raise WrongState(f"#{task.pk} is {task.state}; no agent holds it.", state=task.state)
    ended = end(
        Holder(task.pk, task.fence, 0),
        to=State.WAITING,
        outcome=Outcome.RELEASED,
        reason_class=TAKEN_BACK,
        reason=f"Taken back: {reason}",
        told=reason,
    )
    ended.announce("task.released", actor=actor, reason=reason)
    settle([task.pk])
    advance_soon(task.phase_id)
    task.refresh_from_db()
    return task


@dataclass(frozen=True)
class BulkResult:
    """What became of one task of a bulk action."""

    task_id: int
    ok: bool
    error: str = ""
    code: str = ""


BULK: dict[str, Callable[..., Task]] = {
    "cancel": cancel,
    "requeue": requeue,
    "reprioritise": reprioritise,
    "assign": assign,
    "edit": edit_task,
    "take_back": take_back,
    "relabel": relabel,
}


def bulk(tasks: Sequence[Task], verb: str, *, actor: Actor, **arguments: Any) -> list[BulkResult]:
    """Do one verb to many tasks, each in its own transaction, and say of each what became of it."""
    if verb not in BULK:
        raise Invalid(f"{verb!r} is no bulk action; choose {', '.join(BULK)}.", field="action")
    return [_bulk_one(task, BULK[verb], actor, arguments) for task in tasks]


def _bulk_one(task: Task, verb: Callable[..., Task], actor: Actor, arguments: Mapping[str, Any]) -> BulkResult:
    try:
        with undone_if_refused():
            verb(task, actor=actor, **arguments)
    except MusterError as refusal:
        return BulkResult(task.pk, False, refusal.sentence, refusal.code)
    return BulkResult(task.pk, True)


def _lock(task: Task) -> Task:
    locked = Task.objects.select_for_update(no_key=True, of=("self",)).select_related("assigned_to", "parent", "phase")
    if found := locked.filter(pk=task.pk).first():
        return found
    raise NotFound(f"There is no task #{task.pk} any more.")
