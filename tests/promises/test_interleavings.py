"""Races made certain: the second verb starts while the first has written and not committed yet."""

from collections.abc import Callable

import pytest

from coordination.errors import HeldByAnother, LeaseLost, NotClaimable, NotFound, WrongState
from coordination.lifecycle import PhaseState, State
from coordination.models import Lease, Task
from coordination.operations.claims import claim_task
from coordination.operations.creation import Need
from coordination.operations.dependencies import add_dependency
from coordination.operations.finish import ask
from coordination.operations.leases import release, renew, start
from coordination.operations.phases import advance, pause_phase
from coordination.operations.projects import delete_project, pause_project
from coordination.operations.sweep import ready_due, sweep
from coordination.operations.tasks import cancel, requeue, take_back
from tests.factories import Hold, Plan, age, assert_sound, behind, phase_state, state_of, swept_until_now


def test_a_completion_sees_the_edge_that_it_waited_for(plan: Plan) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    hold = plan.jared.claims(blocker)
    assert behind(lambda: add_dependency(waits, blocker, actor=plan.planner), hold.completes) is State.DONE
    assert state_of(waits) is State.QUEUED
    assert_sound()


def test_a_completion_sees_the_new_task_that_it_waited_for(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    hold = plan.jared.claims(blocker)
    assert behind(lambda: plan.task("Waits", needs=[Need(blocker.pk)]), hold.completes) is State.DONE
    assert state_of(Task.objects.get(title="Waits")) is State.QUEUED
    assert_sound()


def test_an_edge_sees_the_completion_that_it_waited_for(plan: Plan) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    hold = plan.jared.claims(blocker)
    assert not isinstance(behind(hold.completes, lambda: add_dependency(waits, blocker, actor=plan.planner)), BaseException)
    assert state_of(waits) is State.QUEUED
    assert_sound()


WORDS: dict[str, Callable[[Hold], object]] = {
    "release": lambda hold: release(hold.holder, reason="Cannot."),
    "fail": lambda hold: hold.fails(),
    "ask": lambda hold: ask(hold.holder, "Which?"),
    "take back": lambda hold: take_back(hold.task, actor=hold.worker.actor, reason="Stuck."),
}


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_the_agent_overtakes_a_cancel(plan: Plan, word: str) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    behind(lambda: cancel(task, actor=plan.planner), lambda: WORDS[word](hold))
    assert state_of(task) is State.CANCELLED
    assert_sound()


@pytest.mark.parametrize("word", WORDS)
def test_a_cancel_that_waited_for_a_word_of_the_agent_still_cancels(plan: Plan, word: str) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    assert not isinstance(behind(lambda: WORDS[word](hold), lambda: cancel(task, actor=plan.planner)), BaseException)
    assert state_of(task) is State.CANCELLED
    assert_sound()


def test_a_cancel_that_waited_for_a_completion_is_told_that_it_is_too_late(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    assert isinstance(behind(hold.completes, lambda: cancel(task, actor=plan.planner)), WrongState)
    assert state_of(task) is State.DONE


def test_an_expiry_that_waited_for_a_cancel_cancels(plan: Plan) -> None:
    task = plan.task()
    plan.jared.claims()
    age(200)
    behind(lambda: cancel(task, actor=plan.planner), sweep)
    swept_until_now()
    sweep()
    assert state_of(task) is State.CANCELLED
    assert_sound()


def test_an_expiry_that_waited_for_a_heartbeat_leaves_the_lease(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    age(200)
    behind(lambda: renew(hold.holder), sweep)
    assert state_of(task) is State.CLAIMED
    assert hold.completes() is State.DONE
    assert_sound()


def test_a_heartbeat_that_waited_for_an_expiry_is_told_so(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    age(200)
    assert isinstance(behind(sweep, lambda: renew(hold.holder)), LeaseLost)
    assert state_of(task) is State.QUEUED
    assert_sound()


def test_two_starts_at_once_are_one_start(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    started = behind(lambda: start(hold.holder), lambda: start(hold.holder))
    assert isinstance(started, Task)
    assert started.state == State.RUNNING


@pytest.mark.parametrize("pause", ["phase", "project"])
def test_a_task_that_becomes_ready_behind_a_pause_is_not_handed_out(plan: Plan, pause: str) -> None:
    """The pause does not see the task that another transaction is about to queue; claims see the pause."""
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    hold = plan.jared.claims(blocker)

    def paused() -> object:
        return pause_phase(plan.phase, actor=plan.planner) if pause == "phase" else pause_project(plan.project, actor=plan.planner)

    assert not isinstance(behind(hold.completes, paused), BaseException)
    assert plan.jean.claim() is None
    refusal = behind(lambda: None, lambda: plan.jean.claims(waits))
    assert isinstance(refusal, Exception), refusal
    ready_due()
    assert state_of(waits) is State.WAITING
    assert_sound()


def test_a_claim_by_number_that_waited_for_a_pause_is_refused(plan: Plan) -> None:
    task = plan.task()
    held = behind(lambda: pause_project(plan.project, actor=plan.planner), lambda: plan.jared.claims(task))
    assert isinstance(held, WrongState | NotClaimable), held
    assert not Lease.objects.exists()


def test_a_claim_by_number_that_waited_for_another_hears_who_holds_it(plan: Plan) -> None:
    task = plan.task()
    outcome = behind(lambda: claim_task(task.pk, plan.jared.agent, key_id=plan.jared.key.pk), lambda: plan.jean.claims(task))
    assert isinstance(outcome, HeldByAnother)
    assert outcome.data["holder"] == plan.jared.name


def test_a_claim_steps_over_what_another_is_taking(plan: Plan) -> None:
    first, second = plan.add("First", "Second")
    outcome = behind(lambda: claim_task(first.pk, plan.jared.agent, key_id=plan.jared.key.pk), plan.jean.claim)
    assert isinstance(outcome, Hold)
    assert outcome.task == second


def test_an_advance_that_waited_for_a_requeue_leaves_the_phase_open(plan: Plan) -> None:
    task = plan.task()
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    assert behind(lambda: requeue(task, actor=plan.planner), lambda: advance(plan.phase.pk)) is False
    assert phase_state(plan.phase) is PhaseState.ACTIVE


def test_a_requeue_that_waited_for_an_advance_opens_the_phase_again(plan: Plan) -> None:
    task = plan.task()
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    behind(lambda: advance(plan.phase.pk), lambda: requeue(task, actor=plan.planner))
    assert phase_state(plan.phase) is PhaseState.ACTIVE
    assert state_of(task) is State.QUEUED


def test_the_last_two_tasks_complete_the_phase_in_either_order_of_their_commits(plan: Plan) -> None:
    one, other = plan.add("One", "Other")
    first, second = plan.jared.claims(one), plan.jean.claims(other)
    assert behind(first.completes, second.completes) is State.DONE
    assert phase_state(plan.phase) is PhaseState.COMPLETED


@pytest.mark.parametrize("verb", ["claim", "cancel", "requeue", "add", "edge"])
def test_whatever_waited_for_the_deletion_of_its_project_finds_nothing(plan: Plan, verb: str) -> None:
    from coordination.errors import MusterError

    task, other = plan.add("Task", "Other")
    verbs: dict[str, Callable[[], object]] = {
        "claim": lambda: plan.jared.claims(task),
        "cancel": lambda: cancel(task, actor=plan.planner),
        "requeue": lambda: requeue(task, actor=plan.planner),
        "add": lambda: plan.task("New"),
        "edge": lambda: add_dependency(task, other, actor=plan.planner),
    }
    outcome = behind(lambda: delete_project(plan.project, actor=plan.ada.actor), verbs[verb])
    assert isinstance(outcome, NotFound), outcome
    assert isinstance(outcome, MusterError)


def test_a_deletion_that_waited_for_a_claim_is_refused(plan: Plan) -> None:
    task = plan.task()
    outcome = behind(
        lambda: claim_task(task.pk, plan.jared.agent, key_id=plan.jared.key.pk),
        lambda: delete_project(plan.project, actor=plan.ada.actor),
    )
    assert isinstance(outcome, WrongState)
    assert Lease.objects.count() == 1
