"""P13: a circle never exists in committed data, and no edge is missed by the end of its blocker. A6, goal 10, goal 11."""

import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.errors import CycleRefused, WrongState
from coordination.lifecycle import State
from coordination.models import Dependency, Task
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.dependencies import add_dependency
from coordination.operations.late import adopt
from coordination.operations.phases import create_phase, link_phases
from coordination.operations.sweep import sweep
from coordination.operations.tasks import requeue
from tests.factories import Plan, age, assert_sound, refusals, state_of, together


def test_opposite_edges_at_once_leave_one(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        a, b = plan.add(f"A{number}", f"B{number}")
        outcomes = together(
            lambda a=a, b=b: add_dependency(a, b, actor=plan.planner), lambda a=a, b=b: add_dependency(b, a, actor=plan.planner)
        )
        assert [type(refusal) for refusal in refusals(outcomes)] == [CycleRefused]
        assert Dependency.objects.filter(task__in=[a, b]).count() == 1
    assert_sound()


def test_three_clients_never_close_a_circle_of_three(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        tasks = plan.add(*[f"{name}{number}" for name in "ABC"])
        edges = zip(tasks, [*tasks[1:], tasks[0]], strict=True)
        outcomes = together(*[lambda one=one, other=other: add_dependency(one, other, actor=plan.planner) for one, other in edges])
        assert [type(refusal) for refusal in refusals(outcomes)] == [CycleRefused]
    assert_sound()


def test_phases_never_follow_each_other_in_a_circle(plan: Plan, rounds: int) -> None:
    blocker = create_phase(plan.project, name="Never completed", actor=plan.planner, after=[], open_ended=True)
    for number in range(min(rounds, 100)):
        a, b = (create_phase(plan.project, name=f"{name}{number}", actor=plan.planner, after=[blocker]) for name in "AB")
        outcomes = together(lambda a=a, b=b: link_phases(a, b, actor=plan.planner), lambda a=a, b=b: link_phases(b, a, actor=plan.planner))
        assert [type(refusal) for refusal in refusals(outcomes)] == [CycleRefused]


def test_an_edge_added_while_its_blocker_completes_is_counted(plan: Plan, rounds: int) -> None:
    """Either the edge sees the blocker done, or the completion sees the edge: the dependent is never stuck."""
    for number in range(rounds):
        blocker, waits = plan.add(f"Blocker {number}", f"Waits {number}")
        hold = plan.jared.claims(blocker)
        added, completed = together(lambda b=blocker, w=waits: add_dependency(w, b, actor=plan.planner), hold.completes)
        assert not refusals([added, completed]), (added, completed)
        assert state_of(waits) is State.QUEUED
        plan.jean.claims(waits).completes()
    assert_sound()


def test_a_task_created_while_its_blocker_completes_is_not_stuck(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        blocker = plan.task(f"Blocker {number}")
        hold = plan.jared.claims(blocker)
        new = NewTask(f"Waits {number}", needs=[Need(blocker.pk)])
        made, completed = together(lambda new=new: create_tasks(plan.project, [new], actor=plan.planner)[0], hold.completes)
        assert not refusals([made, completed]), (made, completed)
        assert isinstance(made, Task)
        assert state_of(made) is State.QUEUED
        plan.jean.claims(made).completes()
    assert_sound()


def test_all_blockers_that_end_at_once_free_their_common_dependents(plan: Plan, rounds: int) -> None:
    """Each completion writes every dependent: in one order, so that they do not deadlock."""
    for number in range(min(rounds, 100)):
        blockers = plan.add(*[f"B{number}-{n}" for n in range(6)])
        dependents = [plan.task(f"D{number}-{n}", needs=blockers) for n in range(5)]
        holds = [plan.jared.claims(blocker) for blocker in blockers]
        outcomes = together(*[hold.completes for hold in holds])
        assert outcomes == [State.DONE] * len(blockers)
        assert {state_of(task) for task in dependents} == {State.QUEUED}
        for task in dependents:
            plan.jean.claims(task).completes()
    assert_sound()


def test_a_requeue_while_the_dependent_is_claimed_keeps_the_count(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        blocker = plan.task(f"B{number}")
        waits = plan.task(f"W{number}", needs=[blocker])
        plan.jared.claims(blocker).completes()
        outcomes = together(lambda b=blocker: requeue(b, actor=plan.planner), lambda w=waits: plan.jean.claims(w))
        assert all(isinstance(refusal, WrongState) for refusal in refusals(outcomes)), outcomes
        plan.jared.claims(blocker).completes()
        if state_of(waits) is State.QUEUED:
            plan.jean.claims(waits)
        waits.refresh_from_db()
        assert waits.blockers == 0
    assert_sound()


def test_a_failure_that_a_late_result_turns_into_a_success_is_counted_once(plan: Plan) -> None:
    blocker = plan.task("Deploy")
    kinds = {kind: plan.task(kind, needs=[Need(blocker.pk, kind)]) for kind in ("success", "finished", "failure")}
    first = plan.jared.claims(blocker)
    age(151)
    sweep()
    plan.jean.claims(blocker).fails(retryable=False)
    assert {kind: state_of(task) for kind, task in kinds.items()} == {
        "success": State.WAITING,
        "finished": State.QUEUED,
        "failure": State.QUEUED,
    }
    assert refusals(together(lambda: first.completes("It was deployed after all.")))
    adopt(first.attempt.late_results.get(), actor=plan.planner)
    assert {kind: state_of(task) for kind, task in kinds.items()} == {
        "success": State.QUEUED,
        "finished": State.QUEUED,
        "failure": State.CANCELLED,
    }
    assert_sound()


def test_a_long_chain_is_checked_quickly(plan: Plan) -> None:
    """Goal 11, at 1,000: the check walks the chain in the database, without recursion in Python."""
    size = 1000
    news = [NewTask(f"T{n}", ref=f"t{n}", needs=[Need(f"t{n - 1}")] if n else []) for n in range(size)]
    tasks = create_tasks(plan.project, news, actor=plan.planner)
    began = time.monotonic()
    assert [type(refusal) for refusal in refusals(together(lambda: add_dependency(tasks[0], tasks[-1], actor=plan.planner)))] == [
        CycleRefused
    ]
    assert time.monotonic() - began < 30


def test_completing_a_blocker_costs_the_same_statements_whatever_waits_for_it(plan: Plan) -> None:
    counts = []
    for size in (3, 1000):
        blocker = plan.task(f"Blocker of {size}")
        news = [NewTask(f"T{n}", needs=[Need(blocker.pk)]) for n in range(size)]
        create_tasks(plan.project, news, actor=plan.planner)
        hold = plan.jared.claims(blocker)
        with CaptureQueriesContext(connection) as statements:
            hold.completes()
        assert Task.objects.filter(dependencies__on=blocker, state=State.QUEUED).count() == size
        counts.append(len([each for each in statements if "INSERT INTO" not in each["sql"]]))
    assert counts[0] == counts[1] <= 30, counts


def test_completing_a_task_takes_few_statements(plan: Plan) -> None:
    plan.add("One", "Two")
    hold = plan.jared.claims()
    with CaptureQueriesContext(connection) as statements:
        hold.completes()
    assert len(statements) <= 14, [each["sql"][:100] for each in statements]
