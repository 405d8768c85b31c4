"""P11: cancelled at once, or by the agent's next heartbeat, or after a minute; of cancel and complete exactly one wins. A3."""

from collections.abc import Callable

import pytest

from coordination.errors import LeaseLost, WrongState
from coordination.lifecycle import State
from coordination.models import LateResult
from coordination.operations.finish import ask
from coordination.operations.leases import release, renew
from coordination.operations.sweep import sweep
from coordination.operations.tasks import cancel
from tests.factories import ENDS, Hold, Plan, age, assert_sound, events_of, state_of, swept_until_now, together


def test_a_task_that_nobody_holds_is_cancelled_at_once(plan: Plan) -> None:
    task = cancel(plan.task(), actor=plan.planner, reason="Not needed.")
    assert (task.state, task.reason) == (State.CANCELLED, "Not needed.")
    assert plan.jared.claim() is None
    with pytest.raises(WrongState):
        cancel(task, actor=plan.planner)


def test_a_held_task_waits_for_its_agent_for_one_minute(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    cancel(task, actor=plan.planner, reason="Wrong plan.")
    cancel(task, actor=plan.planner, reason="Again.")
    assert events_of(task).count("task.cancel_requested") == 1
    assert renew(hold.holder).cancel_requested
    age(40)
    sweep()
    assert state_of(task) is State.CLAIMED
    age(21)
    assert sweep().cancelled == 1
    assert state_of(task) is State.CANCELLED
    with pytest.raises(LeaseLost) as refusal:
        hold.completes("Too late.")
    assert refusal.value.data["reason"] == "cancelled"
    assert LateResult.objects.get().result == "Too late."
    assert_sound()


def test_a_result_that_comes_within_the_minute_wins(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    cancel(task, actor=plan.planner)
    assert hold.completes() is State.DONE


YIELDS: dict[str, Callable[[Hold], object]] = {
    "release": lambda hold: release(hold.holder, reason="As asked."),
    "fail": lambda hold: hold.fails(),
    "ask": lambda hold: ask(hold.holder, "Really?"),
}


@pytest.mark.parametrize("word", YIELDS)
def test_any_other_word_of_the_agent_ends_it_cancelled(plan: Plan, word: str) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    cancel(task, actor=plan.planner)
    YIELDS[word](hold)
    assert state_of(task) is State.CANCELLED
    assert_sound()


@pytest.mark.parametrize("word", YIELDS)
def test_a_cancel_at_the_same_moment_is_never_lost(plan: Plan, rounds: int, word: str) -> None:
    for _ in range(rounds):
        task = plan.task()
        hold = plan.jared.claims(task)
        _, cancelled = together(lambda hold=hold: YIELDS[word](hold), lambda task=task: cancel(task, actor=plan.planner))
        assert not isinstance(cancelled, BaseException), cancelled
        assert state_of(task) is State.CANCELLED
    assert_sound()


def test_of_complete_cancel_and_sweep_exactly_one_ends_the_task(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        task = plan.task()
        hold = plan.jared.claims(task)
        age(200, task)
        swept_until_now()
        completed, cancelled, _ = together(
            lambda hold=hold, number=number: hold.completes(f"R{number}"), lambda task=task: cancel(task, actor=plan.planner), sweep
        )
        state = state_of(task)
        if state not in (State.DONE, State.CANCELLED):
            # The cancel came while the lease was live and nobody has answered it yet: its minute runs.
            age(61, task)
            swept_until_now()
            sweep()
            state = state_of(task)
        assert state in (State.DONE, State.CANCELLED)
        assert sum(kind in ENDS for kind in events_of(task)) == 1
        if state is State.DONE:
            assert completed is State.DONE
            assert not isinstance(cancelled, BaseException) or isinstance(cancelled, WrongState)
        else:
            assert isinstance(completed, LeaseLost), completed
            assert not isinstance(cancelled, BaseException), cancelled
            assert LateResult.objects.get(attempt__task=task).result == f"R{number}"
    assert_sound()
