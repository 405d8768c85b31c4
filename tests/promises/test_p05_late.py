"""P5: a current fence is accepted even after its lease ran out; a lost one is refused, and its work kept. A2, A4."""

import pytest

from coordination.errors import LeaseLost
from coordination.lifecycle import State
from coordination.models import LateResult
from coordination.operations import sweep as sweeping
from coordination.operations.late import adopt
from coordination.operations.leases import renew
from coordination.operations.sweep import sweep
from coordination.operations.tasks import take_back
from tests.factories import Plan, age, assert_sound, events_of, state_of, swept_until_now, together


def test_an_expired_lease_that_nobody_took_away_is_still_good(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    age(3600)
    assert hold.completes() is State.DONE
    assert_sound()


def test_an_agent_that_slept_past_its_lease_is_refused_and_its_work_kept(plan: Plan) -> None:
    """A2: the first is stopped, the second finishes, the first wakes up and completes."""
    task = plan.task()
    first = plan.jared.claims()
    age(151)
    sweep()
    second = plan.jean.claims()
    with pytest.raises(LeaseLost) as refusal:
        first.completes("Too late.")
    assert refusal.value.data["reason"] == "reassigned"
    assert state_of(task) is State.CLAIMED
    assert second.completes("In time.") is State.DONE
    with pytest.raises(LeaseLost):
        first.completes("Later still.")
    assert second.task.result == "In time."
    assert list(LateResult.objects.order_by("pk").values_list("result", flat=True)) == ["Too late.", "Later still."]
    assert_sound()


def test_the_same_late_result_twice_is_kept_once(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    age(151)
    sweep()
    for _ in range(2):
        with pytest.raises(LeaseLost):
            hold.completes("Late.")
    assert LateResult.objects.count() == 1


def test_a_failure_that_comes_late_is_kept_too(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    age(151)
    sweep()
    with pytest.raises(LeaseLost):
        hold.fails("No disk.")
    assert LateResult.objects.get().error == "No disk."


def test_what_an_agent_finished_after_a_planner_took_it_back_is_kept(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    take_back(task, actor=plan.planner, reason="Wrong agent.")
    with pytest.raises(LeaseLost) as refusal:
        hold.completes("I was nearly done.")
    assert refusal.value.data["reason"] == "reassigned"
    assert LateResult.objects.get().result == "I was nearly done."


def test_a_repeated_completion_is_no_late_work(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    hold.completes()
    with pytest.raises(LeaseLost) as refusal:
        hold.completes()
    assert refusal.value.data["reason"] == "finished"
    assert not LateResult.objects.exists()


def test_a_sweep_that_read_the_lease_before_the_completion_changes_nothing(plan: Plan) -> None:
    """A4: the sweep's list is stale by the time it writes."""
    task = plan.task()
    hold = plan.jared.claims()
    age(200)
    stale = sweeping._expired()
    assert len(stale) == 1
    hold.completes()
    assert sweeping._end_each(stale, sweeping._expire) == 0
    assert state_of(task) is State.DONE
    assert events_of(task).count("task.expired") == 0
    assert_sound()


def test_a_sweep_that_read_the_lease_before_a_heartbeat_changes_nothing(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    age(200)
    stale = sweeping._expired()
    renew(hold.holder)
    assert sweeping._end_each(stale, sweeping._expire) == 0
    assert state_of(task) is State.CLAIMED
    assert_sound()


def test_expiry_and_heartbeat_at_once_agree_on_one_of_them(plan: Plan, rounds: int) -> None:
    for _ in range(rounds):
        task = plan.task()
        hold = plan.jared.claims(task)
        age(200, task)
        swept_until_now()
        beat, _ = together(lambda hold=hold: renew(hold.holder), sweep)
        if isinstance(beat, BaseException):
            assert isinstance(beat, LeaseLost)
            assert state_of(task) is State.QUEUED
            hold = plan.jean.claims(task)
        assert hold.completes() is State.DONE
    assert_sound()


def test_completion_and_expiry_at_once_keep_the_work_either_way(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        task = plan.task()
        hold = plan.jared.claims(task)
        age(200, task)
        swept_until_now()
        completed, _ = together(lambda hold=hold, number=number: hold.completes(f"Result {number}"), sweep)
        if completed is State.DONE:
            assert state_of(task) is State.DONE
        else:
            assert isinstance(completed, LeaseLost), completed
            late = LateResult.objects.get(attempt__task=task)
            assert late.result == f"Result {number}"
            adopt(late, actor=plan.planner)
        assert hold.task.result == f"Result {number}"
    assert_sound()
