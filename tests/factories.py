"""The cast of the engine's tests, and a plan for it to work on: real rows, made by the operations themselves.

People: ada (admin), pat (planner), vera (viewer). Agents: jared, jean and a stranger who can nothing.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import F

from coordination.actor import Actor
from coordination.lifecycle import FINISHED, LEASED, PhaseState, State
from coordination.models import Agent, ApiKey, Attempt, Dependency, Event, Lease, Phase, Project, Role, Scope, SweepMark, Task, User
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.operations.agents import register
from coordination.operations.claims import Claimed, claim_next, claim_task
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.finish import complete, fail
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project, grant_role
from coordination.operations.report import Report
from coordination.operations.sweep import _clocks
from coordination.operations.tokens import Holder
from tests.servers.process import LONG

T = TypeVar("T")

ROOT = Actor("system", None, "tests")


def person(name: str, *, superuser: bool = False) -> User:
    return User.objects.create(username=name, is_superuser=superuser)


@dataclass
class Worker:
    """An agent and the key it works with."""

    agent: Agent
    key: ApiKey

    @property
    def name(self) -> str:
        return self.agent.name

    @property
    def actor(self) -> Actor:
        return self.agent.actor

    def claim(self) -> "Hold | None":
        """Claim whatever is next, or nothing."""
        found = claim_next(self.agent, key_id=self.key.pk)
        return Hold(self, found[0]) if found else None

    def claims(self, task: Task | None = None) -> "Hold":
        """Claim this task, or whatever is next, and be sure that it worked."""
        if task is not None:
            return Hold(self, claim_task(task.pk, self.agent, key_id=self.key.pk))
        hold = self.claim()
        assert hold is not None, f"{self.name} found nothing to claim"
        return hold


@dataclass
class Hold:
    """A task in a worker's hands."""

    worker: Worker
    claimed: Claimed

    @property
    def holder(self) -> Holder:
        return Holder(self.claimed.task_id, self.claimed.fence, self.worker.key.pk)

    @property
    def task(self) -> Task:
        return Task.objects.get(pk=self.claimed.task_id)

    @property
    def attempt(self) -> Attempt:
        return Attempt.objects.get(pk=self.claimed.attempt_id)

    @property
    def lease(self) -> Lease:
        return Lease.objects.get(task=self.claimed.task_id)

    def completes(self, result: str = "It is done.", **report: Any) -> State:
        return complete(self.holder, Report(result=result, **report))

    def fails(self, error: str = "It broke.", *, retryable: bool = True, **report: Any) -> State:
        return fail(self.holder, Report(error=error, **report), retryable=retryable)


@dataclass
class Plan:
    """A project with one active phase, its people and its agents."""

    project: Project
    phase: Phase
    ada: User
    pat: User
    vera: User
    jared: Worker
    jean: Worker
    stranger: Worker

    @property
    def planner(self) -> Actor:
        return self.pat.actor

    def add(self, *titles: str, **settings: Any) -> list[Task]:
        """Add one task for each title, all with the same settings."""
        return create_tasks(self.project, [NewTask(title, **settings) for title in titles], actor=self.planner)

    def task(self, title: str = "Write the parser", *, needs: Sequence[Task | Need] = (), **settings: Any) -> Task:
        wanted = [need if isinstance(need, Need) else Need(need.pk) for need in needs]
        return self.add(title, needs=wanted, **settings)[0]

    def after(self, *, name: str = "", **settings: Any) -> Phase:
        """Add a phase that follows the last one."""
        count = Phase.objects.filter(project=self.project).count()
        return create_phase(self.project, name=name or f"Phase {count + 1}", actor=self.planner, **settings)


CAPABILITIES = ["python", "sql", "writing"]


def make_worker(name: str, capabilities: Sequence[str] = CAPABILITIES, **settings: Any) -> Worker:
    key, _ = create_key(name=f"{name}'s key", scope=Scope.AGENT, actor=ROOT)
    return Worker(register(name=name, actor=key.actor, key=key, capabilities=capabilities, **settings), key)


def make_plan(slug: str = "relay", **settings: Any) -> Plan:
    """Make the project with everybody in it."""
    ada, pat, vera = person(f"ada-{slug}"), person(f"pat-{slug}"), person(f"vera-{slug}")
    project = create_project(slug=slug, name=slug.title(), actor=ada.actor, **settings)
    grant_role(project, pat, Role.PLANNER, actor=ada.actor)
    grant_role(project, vera, Role.VIEWER, actor=ada.actor)
    phase = create_phase(project, name="Build", actor=ada.actor)
    workers = [make_worker(f"jared-{slug}"), make_worker(f"jean-{slug}"), make_worker(f"stranger-{slug}", capabilities=[], tiers=["light"])]
    return Plan(project, phase, ada, pat, vera, *workers)


def age(seconds: float, *tasks: Task) -> None:
    """Let `seconds` pass for the leases, retries and start times of the tasks (all tasks if none), and for their agents.

    Time passes by moving rows into the past, because only the database's clock decides.
    """
    past = timedelta(seconds=seconds)
    chosen = Task.objects.filter(pk__in=[task.pk for task in tasks]) if tasks else Task.objects.all()
    leases = Lease.objects.filter(task__in=chosen)
    for column in ("acquired_at", "renewed_at", "expires_at", "cancel_requested_at"):
        leases.update(**{column: F(column) - past})
    for column in ("retry_at", "not_before", "fallback_at", "queued_at", "claimed_at", "state_since"):
        chosen.update(**{column: F(column) - past})
    Attempt.objects.filter(task__in=chosen, finished_at__isnull=False).update(finished_at=F("finished_at") - past)
    if not tasks:
        Agent.objects.update(last_seen_at=F("last_seen_at") - past)


def swept_until_now() -> None:
    """Let the last sweep be now, so that moving rows is not taken for an outage of the server."""
    SweepMark.objects.update_or_create(pk=1, defaults={"swept_at": now(), "expiry_paused_until": None})
    _clocks.wall = None


def state_of(task: Task) -> State:
    return State(Task.objects.values_list("state", flat=True).get(pk=task.pk))


def phase_state(phase: Phase) -> PhaseState:
    return PhaseState(Phase.objects.values_list("state", flat=True).get(pk=phase.pk))


def events_of(task: Task) -> list[str]:
    return list(Event.objects.filter(task_id=task.pk).order_by("id").values_list("kind", flat=True))


def together(*verbs: Callable[[], T]) -> list[T | BaseException]:
    """Run the verbs at the same moment, each on a connection of its own, and return what each returned or raised."""
    start = threading.Barrier(len(verbs))

    def run(verb: Callable[[], T]) -> T | BaseException:
        try:
            start.wait(timeout=LONG)
            return verb()
        except Exception as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def refusals(outcomes: Sequence[object]) -> list[Exception]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def behind(first: Callable[[], object], second: Callable[[], T]) -> T | BaseException:
    """Run `second` on another connection while `first` has written and not committed, and return what became of it.

    The order in which a race is lost, made certain: `first` commits only when `second` waits for it or is through.
    """
    outcome: list[T | BaseException] = []
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            future = pool.submit(lambda: outcome.extend(together(second)))
            deadline = time.monotonic() + LONG
            while not future.done() and not _somebody_waits() and time.monotonic() < deadline:
                time.sleep(0.02)
        future.result(timeout=LONG)
    return outcome[0]


def _somebody_waits() -> bool:
    if connection.vendor != "postgresql":
        # SQLite does not tell. Its waiting writer begins its transaction after the first one's commit in any case.
        return True
    # In this database: the run's other processes have theirs on the same server.
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(rows(waiting))


def assert_sound() -> None:
    """Check the invariants I1-I3, I5 and I6 on the whole database."""
    leases = {lease.task_id: lease for lease in Lease.objects.all()}
    by_id = {task.pk: task for task in Task.objects.all()}
    for task in by_id.values():
        lease = leases.get(task.pk)
        assert (lease is not None) == (task.state in LEASED), f"{task} is {task.state}, lease: {lease}"
        assert lease is None or lease.fence == task.fence
        assert getattr(task, f"{task.state}_at") is not None, f"{task} has no time of becoming {task.state}"
    live = Attempt.objects.filter(outcome="")
    assert sorted(live.values_list("task_id", flat=True)) == sorted(leases), "an attempt is open exactly while its task is leased"
    _assert_blockers_counted(by_id)
    _assert_attempts_in_order()
    _assert_one_event_each(by_id)


def _assert_blockers_counted(by_id: dict[int, Task]) -> None:
    waiting: dict[int, int] = {}
    edges: dict[int, list[int]] = {}
    for edge in Dependency.objects.all():
        waiting[edge.task_id] = waiting.get(edge.task_id, 0) + (not edge.is_satisfied_by(by_id[edge.on_id].state))
        edges.setdefault(edge.task_id, []).append(edge.on_id)
    for task in by_id.values():
        assert task.blockers == waiting.get(task.pk, 0), f"{task} counts {task.blockers} blockers and has {waiting.get(task.pk, 0)}"
    done: set[int] = set()
    while left := [pk for pk in edges if pk not in done]:
        free = [pk for pk in left if all(on in done or on not in edges for on in edges[pk])]
        assert free, f"a circle among {left}"
        done.update(free)


def _assert_attempts_in_order() -> None:
    last: dict[int, tuple[int, int]] = {}
    for task, number, fence in Attempt.objects.order_by("task_id", "number").values_list("task_id", "number", "fence"):
        before = last.get(task, (0, 0))
        assert number == before[0] + 1, f"#{task} has no attempt {before[0] + 1}"
        assert fence > before[1], f"the fence of #{task} did not grow"
        last[task] = (number, fence)


ENDS = {"task.done", "task.failed", "task.cancelled", "task.approved", "task.adopted"}


def _assert_one_event_each(by_id: dict[int, Task]) -> None:
    """One claim event for each attempt; and between two starts of a task's life, one end."""
    claims: dict[int, int] = {}
    ended: dict[int, bool] = {}
    for task, kind in Event.objects.filter(task_id__isnull=False).order_by("id").values_list("task_id", "kind"):
        claims[task] = claims.get(task, 0) + (kind == "task.claimed")
        if kind in ENDS and kind != "task.adopted":
            assert not ended.get(task), f"#{task} ended twice: {kind}"
        if kind in ENDS:
            ended[task] = True
        elif kind in ("task.requeued", "task.put_back", "task.review_reopened", "task.asks_again"):
            ended[task] = False
        elif kind in ("task.stays_done", "task.stays_failed"):
            ended[task] = True
    for task in by_id.values():
        assert claims.get(task.pk, 0) == task.attempts_made
        assert ended.get(task.pk, False) == (task.state in FINISHED), f"{task} is {task.state}"
