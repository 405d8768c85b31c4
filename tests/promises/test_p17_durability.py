"""P17: what is acknowledged is on disk, and no single process is needed for the work to go on."""

from django.conf import settings
from django.db import connection, transaction

from coordination.lifecycle import State
from coordination.models import Task
from coordination.operations.atomic import TRIES, atomically
from coordination.operations.claims import claim_next
from coordination.operations.sweep import sweep
from tests.factories import Plan, age, assert_sound, make_plan, phase_state, state_of, together
from tests.servers.process import LONG


def test_the_database_is_told_to_keep_what_it_acknowledged(plan: Plan) -> None:
    with connection.cursor() as cursor:
        if settings.ON_POSTGRES:
            assert "synchronous_commit" not in settings.DATABASES["default"]["OPTIONS"]["options"]
            return
        for pragma, expected in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}.items():
            cursor.execute(f"PRAGMA {pragma}")
            assert cursor.fetchone()[0] == expected
    assert settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_the_sweep_alone_carries_the_work_on(plan: Plan) -> None:
    """Without any job, doorbell or advance after a commit: expiry, retry, start time, fallback and phases all come from it."""
    from datetime import timedelta

    from coordination.models.clock import now

    crashed = plan.task("Crashed")
    plan.jared.claims()
    later = plan.task("Later", not_before=now() + timedelta(seconds=100))
    failed = plan.task("Failed")
    plan.jared.claims(failed).fails()
    assigned = plan.task("Assigned", assigned_to=plan.jean.agent, fallback_after=60)
    age(200)
    sweep()
    assert {state_of(task) for task in (crashed, later, failed, assigned)} == {State.QUEUED}
    assert len(claim_next(plan.jared.agent, key_id=plan.jared.key.pk, limit=9)) == 4
    assert_sound()


def test_a_deadlock_is_tried_again_and_nobody_hears_of_it(plan: Plan) -> None:
    """Two transactions lock two rows in opposite order: the database ends one, which is run again."""
    first, second = plan.add("First", "Second")
    import threading

    met = threading.Barrier(2)
    over = threading.Event()

    def cross(one: Task, other: Task) -> int:
        runs = 0

        @atomically
        def verb() -> None:
            nonlocal runs
            runs += 1
            if runs > 1:  # else it may be quicker than the other wakes, and cross it once more
                over.wait(timeout=LONG)
            Task.objects.filter(pk=one.pk).update(kind="crossed")
            if runs == 1 and settings.ON_POSTGRES:  # SQLite has one writer: its transactions cannot cross
                met.wait(timeout=LONG)
            Task.objects.filter(pk=other.pk).update(kind="crossed")

        verb()
        over.set()
        return runs

    runs = together(lambda: cross(first, second), lambda: cross(second, first))
    assert all(isinstance(count, int) for count in runs), runs
    assert sorted(runs) == ([1, 2] if settings.ON_POSTGRES else [1, 1])  # type: ignore[type-var]
    assert TRIES >= 2


def test_a_lane_made_while_an_agent_registers_is_served_by_it(plan: Plan, rounds: int) -> None:
    from tests.factories import make_worker

    for number in range(rounds):
        word = f"skill-{number}"
        worker, task = together(
            lambda word=word: make_worker(f"agent-{word}", capabilities=[word]), lambda word=word: plan.task(word, capabilities=[word])
        )
        assert not isinstance(worker, BaseException), worker
        assert not isinstance(task, BaseException), task
        assert worker.claims().task == task  # type: ignore[union-attr]


def test_an_agent_registered_twice_at_once_is_one_agent(plan: Plan, rounds: int) -> None:
    from coordination.errors import Conflict
    from coordination.models import Agent
    from coordination.operations.agents import register

    for number in range(rounds):
        name = f"twin-{number}"
        outcomes = together(
            *[lambda name=name: register(name=name, actor=plan.ada.actor, key=plan.jared.key, capabilities=["python"]) for _ in range(3)]
        )
        assert all(isinstance(outcome, Agent | Conflict) for outcome in outcomes), outcomes
        assert Agent.objects.filter(name=name).count() == 1


def test_of_delete_and_claim_one_wins_and_no_lease_is_orphaned(plan: Plan, rounds: int) -> None:
    from coordination.errors import NotFound, WrongState
    from coordination.models import Lease, Project
    from coordination.operations.projects import delete_project

    for number in range(min(rounds, 60)):
        other = make_plan(f"other-{number}")
        task = other.task()
        deleted, held = together(
            lambda other=other: delete_project(other.project, actor=other.ada.actor), lambda o=other, t=task: o.jared.claims(t)
        )
        if isinstance(deleted, WrongState):
            assert not isinstance(held, BaseException)
            assert Lease.objects.filter(task=task).exists()
        else:
            assert deleted is None
            assert isinstance(held, NotFound), held
            assert not Project.objects.filter(pk=other.project.pk).exists()
            assert not Lease.objects.filter(task=task.pk).exists()


def test_a_task_falls_back_once_and_whoever_claims_it_then_keeps_it(plan: Plan, rounds: int) -> None:
    from coordination.models import Event
    from coordination.operations.sweep import fall_back_due

    for number in range(rounds):
        task = plan.task(f"T{number}", assigned_to=plan.jean.agent, fallback_after=60)
        assert plan.jared.claim() is None
        age(61, task)
        together(fall_back_due, fall_back_due, plan.jean.claim)
        if state_of(task) is State.QUEUED:
            assert Event.objects.filter(task_id=task.pk, kind="task.fell_back").count() == 1
            plan.jared.claims(task).completes()
        else:
            from coordination.models import Lease
            from coordination.operations.finish import complete
            from coordination.operations.report import Report
            from coordination.operations.tokens import Holder

            lease = Lease.objects.get(task=task)
            complete(Holder(task.pk, lease.fence, plan.jean.key.pk), Report(result="Done."))
    assert_sound()
    assert phase_state(plan.phase) in ("completed", "active")


def test_a_verb_inside_a_callers_transaction_is_undone_with_it(plan: Plan) -> None:
    with transaction.atomic():
        plan.task()
        transaction.set_rollback(True)
    assert not Task.objects.exists()
