"""Rows that contradict each other or hold values nobody knows: listed, mended or set aside, and the rest goes on.

Nothing of this happens in a database that only Muster writes to. It is here for restored backups, edits by hand
and our own mistakes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from coordination.actor import SYSTEM
from coordination.lifecycle import LEASED, DependencyKind, Outcome, PhaseState, State, Tier
from coordination.models import Attempt, Dependency, Lease, Phase, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.faults import Fault
from coordination.operations.lanes import lane_for
from coordination.operations.readiness import recount_blockers, settle

KNOWN_STATES = [state.value for state in State]


def check_rows(*, repair: bool) -> list[Fault]:
    """Check every rule; a mended row is settled again, so that it runs or waits as it should."""
    return [fault for check in CHECKS for fault in check(repair)]


def _unknown_states(repair: bool) -> list[Fault]:
    tasks = Task.objects.exclude(state__in=KNOWN_STATES)
    return _each(
        tasks.values_list("pk", "state"), repair, "state", lambda task, state: f"Nobody knows the state {state[:20]!r}.", _set_aside
    )


@atomically
def _set_aside(task_id: int, state: str) -> None:
    """Fail the task visibly: one click queues it again, and nothing runs on a guess meanwhile."""
    moment = now()
    Lease.objects.filter(task=task_id).delete()
    _close_attempts(Attempt.objects.filter(task=task_id), moment)
    reason = f"Set aside: nobody knows the state {state[:20]!r}. Requeue it to run it."
    Task.objects.filter(pk=task_id).update(
        state=State.FAILED, state_since=moment, failed_at=moment, reason=reason, fence=F("fence") + 1, version=F("version") + 1
    )
    record("task.failed", actor=SYSTEM, task=Task.objects.get(pk=task_id), at=moment, reason=reason)


def _unknown_phase_states(repair: bool) -> list[Fault]:
    phases = Phase.objects.exclude(state__in=[state.value for state in PhaseState])
    return _each(
        phases.values_list("pk", "state"),
        repair,
        "phase_state",
        lambda phase, state: f"Nobody knows the state {state[:20]!r}; a person must resume the phase.",
        lambda phase, state: _pause(phase),
        noun="phase",
    )


@atomically
def _pause(phase_id: int) -> None:
    Phase.objects.filter(pk=phase_id).update(state=PhaseState.PAUSED, version=F("version") + 1)
    settle(Task.objects.filter(phase=phase_id, state__in=[State.WAITING, State.QUEUED]).values_list("pk", flat=True))


def _foreign_leases(repair: bool) -> list[Fault]:
    """A lease exists exactly while its task is claimed or running, at the same fence."""
    right = Lease.objects.filter(task__state__in=LEASED, fence=F("task__fence"))
    wrong = Lease.objects.exclude(pk__in=right).values_list("pk", "task__state")
    return _each(
        wrong, repair, "lease", lambda task, state: f"There is a lease, and the task is {state}.", lambda task, state: _drop_lease(task)
    )


@atomically
def _drop_lease(task_id: int) -> None:
    right = Lease.objects.filter(pk=task_id, task__state__in=LEASED, fence=F("task__fence"))
    if not right.exists():
        Lease.objects.filter(pk=task_id).delete()


def _leaseless_tasks(repair: bool) -> list[Fault]:
    held = Exists(Lease.objects.filter(task=OuterRef("pk")))
    tasks = Task.objects.filter(~held, state__in=LEASED).values_list("pk", "state")
    return _each(tasks, repair, "no_lease", lambda task, state: f"The task is {state}, and nobody holds a lease on it.", _take_back)


@atomically
def _take_back(task_id: int, state: str) -> None:
    moment = now()
    held = Exists(Lease.objects.filter(task=OuterRef("pk")))
    moved = Task.objects.filter(~held, pk=task_id, state=state).update(
        state=State.WAITING,
        state_since=moment,
        waiting_at=moment,
        fence=F("fence") + 1,
        version=F("version") + 1,
        reason="Its lease was lost.",
    )
    if moved:
        _close_attempts(Attempt.objects.filter(task=task_id), moment)
        task = Task.objects.get(pk=task_id)
        record("task.expired", actor=SYSTEM, task=task, at=moment, state=str(State.WAITING), reason=task.reason)
        settle([task_id])


def _endless_attempts(repair: bool) -> list[Fault]:
    held = Exists(Lease.objects.filter(attempt=OuterRef("pk")))
    attempts = Attempt.objects.filter(~held, finished_at=None).values_list("task_id", "number")
    return _each(
        attempts,
        repair,
        "attempt",
        lambda task, number: f"Attempt {number} never ended, and nobody holds a lease for it.",
        lambda task, number: _close_attempts(Attempt.objects.filter(task=task, number=number), now()),
    )


@atomically
def _close_attempts(attempts: Iterable[Attempt], moment: datetime) -> None:
    open_ones = [each.pk for each in attempts if each.finished_at is None]
    held = Exists(Lease.objects.filter(attempt=OuterRef("pk")))
    Attempt.objects.filter(~held, pk__in=open_ones, finished_at=None).update(
        finished_at=moment, outcome=Outcome.EXPIRED, reason_class="lost", reason="Closed by the repocheck: its lease was gone."
    )


def _wrong_blockers(repair: bool) -> list[Fault]:
    counts: dict[int, int] = {}
    for edge in Dependency.objects.select_related("on").only("task_id", "kind", "on__state").iterator(chunk_size=5_000):
        known = edge.kind in DependencyKind.__members__.values() and edge.on.state in KNOWN_STATES
        counts[edge.task_id] = counts.get(edge.task_id, 0) + (not known or not edge.is_satisfied_by(edge.on.state))
    tasks = Task.objects.exclude(blockers=0, dependencies=None).distinct().values_list("pk", "blockers")
    wrong = [(pk, blockers) for pk, blockers in tasks if blockers != counts.get(pk, 0)]
    return _each(
        wrong,
        repair,
        "blockers",
        lambda task, blockers: f"It counts {blockers} unmet dependencies, and has {counts.get(task, 0)}.",
        lambda task, blockers: _recount(task),
    )


@atomically
def _recount(task_id: int) -> None:
    recount_blockers(task_id)
    settle([task_id])


LAST_AGENT = Coalesce(Subquery(Attempt.objects.filter(task=OuterRef("pk")).order_by("-number").values("agent__name")[:1]), Value(""))


def _wrong_last_agents(repair: bool) -> list[Fault]:
    """The task repeats who claimed it last, for the list in the order of agents."""
    named = Task.objects.exclude(attempts_made=0, last_agent="").annotate(claimed_by=LAST_AGENT)
    wrong = named.exclude(last_agent=F("claimed_by")).values_list("pk", "last_agent", "claimed_by")
    return _each(
        wrong,
        repair,
        "last_agent",
        lambda task, told, right: f"It names {told or 'nobody'} as its last agent, and {right or 'nobody'} claimed it last.",
        lambda task, told, right: _name_last_agent(task),
    )


@atomically
def _name_last_agent(task_id: int) -> None:
    Task.objects.filter(pk=task_id).update(last_agent=LAST_AGENT)


def _unknown_dependencies(repair: bool) -> list[Fault]:
    edges = Dependency.objects.exclude(kind__in=[kind.value for kind in DependencyKind])
    return _each(
        edges.values_list("task_id", "pk", "kind"),
        repair,
        "dependency",
        lambda task, pk, kind: f"Nobody knows the kind of dependency {kind[:20]!r}; it counts as success now.",
        lambda task, pk, kind: _as_success(pk),
    )


@atomically
def _as_success(dependency_id: int) -> None:
    Dependency.objects.filter(pk=dependency_id).update(kind=DependencyKind.SUCCESS)


def _wrong_lanes(repair: bool) -> list[Fault]:
    """A task in a lane that is not its own would be offered to agents that cannot run it."""
    tasks = Task.objects.filter(state__in=[State.WAITING, State.QUEUED]).select_related("lane").order_by("pk")
    wrong = [(task.pk, str(task.lane)) for task in tasks.iterator(chunk_size=2_000) if not _stands_right(task)]
    return _each(
        wrong, repair, "lane", lambda task, lane: f"It stands in the lane {lane}, which is not its own.", lambda task, lane: _reroute(task)
    )


def _stands_right(task: Task) -> bool:
    """Return whether the lane fits; one whose assigned agent did not come in time stands in the lane of every agent."""
    lane = task.lane
    fits = (lane.project_id, lane.tier, lane.capabilities) == (task.project_id, task.tier, sorted(set(task.capabilities)))
    return fits and (lane.assigned_to_id == task.assigned_to_id or (lane.assigned_to_id is None and task.fallback_after is not None))


@atomically
def _reroute(task_id: int) -> None:
    task = Task.objects.get(pk=task_id)
    tier = task.tier if task.tier in Tier.__members__.values() else Tier.STANDARD
    lane = lane_for(task.project_id, tier, task.capabilities, task.assigned_to_id)
    Task.objects.filter(pk=task_id).update(lane=lane, tier=tier, version=F("version") + 1)


def _strays(repair: bool) -> list[Fault]:
    """A task whose phase is of another project, and a dependency across projects. Only a person can say what was meant."""
    tasks = Task.objects.exclude(phase__project=F("project")).values_list("pk", flat=True)
    edges = Dependency.objects.exclude(task__project=F("project"), on__project=F("project")).values_list("task_id", flat=True)
    return [Fault("task", pk, "stray", "Its phase belongs to another project; move it to a phase of its own.") for pk in tasks] + [
        Fault("task", pk, "stray", "It waits for a task of another project; remove that dependency.") for pk in edges
    ]


def _circles(repair: bool) -> list[Fault]:
    """Tasks that wait for each other. Only a person can say which of the dependencies was meant."""
    waits: dict[int, set[int]] = {}
    dependents: dict[int, list[int]] = {}
    for task, on in Dependency.objects.values_list("task_id", "on_id").iterator(chunk_size=5_000):
        waits.setdefault(task, set()).add(on)
        dependents.setdefault(on, []).append(task)
    free = [task for task in dependents if task not in waits]
    while free:
        done = free.pop()
        for task in dependents.get(done, ()):
            waits[task].discard(done)
            if not waits[task]:
                del waits[task]
                free.append(task)
    # What is left stands in a circle or waits behind one; a circle's members also have somebody left waiting for them.
    return [
        Fault(
            "task", task, "circle", f"It can never run: it waits in a circle, for {', '.join(f'#{on}' for on in sorted(waits[task])[:5])}."
        )
        for task in sorted(waits)
    ]


def _each(
    rows: Iterable[tuple[Any, ...]],
    repair: bool,
    code: str,
    say: Callable[..., str],
    mend: Callable[..., None],
    *,
    noun: str = "task",
) -> list[Fault]:
    """Make a fault of each row, which begins with the id, and mend it if wanted."""
    faults = []
    for row in list(rows):
        fault = Fault(noun, row[0], code, say(*row))
        if repair:
            mend(*row)
            fault = fault.as_repaired()
        faults.append(fault)
    return faults


CHECKS: tuple[Callable[[bool], list[Fault]], ...] = (
    _unknown_states,
    _unknown_phase_states,
    _unknown_dependencies,
    _foreign_leases,
    _leaseless_tasks,
    _endless_attempts,
    _wrong_lanes,
    _wrong_blockers,
    _wrong_last_agents,
    _strays,
    _circles,
)
