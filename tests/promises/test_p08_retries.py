"""P8: retryable, fatal and released are three things; three crashes are a fourth; a task is never dropped."""

from datetime import timedelta

import pytest

from coordination.lifecycle import RETRY_CAP, State, retry_delay
from coordination.models import Attempt
from coordination.models.clock import now
from coordination.operations.leases import release
from coordination.operations.sweep import sweep
from coordination.operations.tasks import requeue
from tests.factories import Plan, age, assert_sound, events_of, state_of, swept_until_now


def test_the_delay_doubles_up_to_its_cap() -> None:
    assert [retry_delay(n) for n in range(1, 9)] == [30, 60, 120, 240, 480, 960, RETRY_CAP, RETRY_CAP]
    assert retry_delay(10_000) == RETRY_CAP


def test_a_retryable_failure_waits_its_delay_and_is_queued_again(plan: Plan) -> None:
    task = plan.task()
    hold, before = plan.jared.claims(), now()
    assert hold.fails("No network.") is State.WAITING
    task.refresh_from_db()
    assert task.retry_at is not None
    assert timedelta(seconds=30) <= task.retry_at - before
    assert task.retry_at - now() <= timedelta(seconds=33)
    assert "1 of 3" in task.reason
    age(20)
    sweep()
    assert state_of(task) is State.WAITING
    age(14)
    sweep()
    assert state_of(task) is State.QUEUED
    task.refresh_from_db()
    assert (task.retry_at, task.reason) == (None, "")
    assert_sound()


def test_the_last_attempt_fails_the_task(plan: Plan) -> None:
    task = plan.task(max_attempts=2)
    plan.jared.claims().fails()
    age(40)
    sweep()
    assert plan.jean.claims().fails() is State.FAILED
    task.refresh_from_db()
    assert task.reason == "Failed 2 times, the limit is 2: It broke."
    assert events_of(task)[-1] == "task.failed"
    assert_sound()


def test_a_fatal_failure_is_not_tried_again(plan: Plan) -> None:
    task = plan.task()
    assert plan.jared.claims().fails(retryable=False) is State.FAILED
    assert Attempt.objects.get(task=task).reason_class == "fatal"


def test_a_release_is_not_counted(plan: Plan) -> None:
    task = plan.task(max_attempts=1)
    for _ in range(4):
        released = release(plan.jared.claims(task).holder, reason="Cannot do this.")
        assert released.state == State.QUEUED
    task.refresh_from_db()
    assert (task.failures, task.crashes, task.attempts_made) == (0, 0, 4)
    assert plan.jean.claims().completes() is State.DONE
    assert_sound()


def _crash(plan: Plan, times: int) -> None:
    for _ in range(times):
        plan.jared.claims()
        age(151)
        swept_until_now()
        sweep()


def test_three_crashes_in_a_row_fail_the_task_as_a_crash_loop(plan: Plan) -> None:
    task = plan.task()
    _crash(plan, 2)
    assert state_of(task) is State.QUEUED
    _crash(plan, 1)
    assert state_of(task) is State.FAILED
    assert list(Attempt.objects.filter(task=task).values_list("reason_class", flat=True)) == ["expired", "expired", "crash_loop"]
    task.refresh_from_db()
    assert task.reason == "The lease expired 3 times in a row."
    assert requeue(task, actor=plan.planner).state == State.QUEUED
    _crash(plan, 2)
    assert state_of(task) is State.QUEUED
    assert_sound()


@pytest.mark.parametrize("report", ["fail", "release"])
def test_a_word_from_the_agent_ends_the_row_of_crashes(plan: Plan, report: str) -> None:
    task = plan.task(max_attempts=9)
    for _ in range(2):
        _crash(plan, 2)
        hold = plan.jared.claims()
        if report == "fail":
            hold.fails()
            age(2000)
        else:
            release(hold.holder, reason="Not mine.")
            age(301)
        swept_until_now()
        sweep()
    assert state_of(task) is State.QUEUED
    assert_sound()


def test_an_attempt_that_runs_too_long_is_ended_and_retried_after_a_delay(plan: Plan) -> None:
    task = plan.task(timeout=60, max_attempts=2)
    plan.jared.claims()
    age(40)
    assert sweep().timed_out == 0
    age(21)
    assert sweep().timed_out == 1
    task.refresh_from_db()
    assert (task.state, task.failures, task.crashes) == (State.WAITING, 1, 0)
    age(40)
    sweep()
    plan.jean.claims()
    age(61)
    sweep()
    assert state_of(task) is State.FAILED
    assert_sound()


def test_every_overdue_attempt_is_found_however_many_run(plan: Plan) -> None:
    from coordination.operations.claims import claim_next

    plan.add(*[f"T{number}" for number in range(510)], timeout=3600)
    last = plan.task("Short", timeout=60, priority=99)
    claim_next(plan.jared.agent, key_id=plan.jared.key.pk, limit=511)
    age(61)
    assert sweep().timed_out == 1
    assert state_of(last) is State.WAITING
