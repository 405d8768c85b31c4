"""P4: leases without heartbeats end two hours after the claim or the last change of status."""

import pytest

from coordination.lifecycle import State
from coordination.operations.leases import renew_all, start
from coordination.operations.sweep import sweep
from tests.factories import Plan, age, assert_sound, state_of

HOURS = 3600


@pytest.mark.parametrize(("seconds", "expected"), [(2 * HOURS - 60, State.CLAIMED), (2 * HOURS + 1, State.QUEUED)])
def test_it_ends_two_hours_after_the_claim(plan: Plan, seconds: int, expected: State) -> None:
    task = plan.task(lease_mode="manual")
    plan.jared.claims()
    age(seconds)
    sweep()
    assert state_of(task) is expected
    assert_sound()


@pytest.mark.parametrize(("seconds", "expected"), [(2 * HOURS - 60, State.RUNNING), (2 * HOURS + 1, State.QUEUED)])
def test_it_ends_two_hours_after_the_last_change_of_status(plan: Plan, seconds: int, expected: State) -> None:
    task = plan.task(lease_mode="manual")
    hold = plan.jared.claims()
    age(1.9 * HOURS)
    start(hold.holder)
    age(seconds)
    sweep()
    assert state_of(task) is expected


def test_signs_of_life_of_its_agent_do_not_prolong_it(plan: Plan) -> None:
    task = plan.task(lease_mode="manual")
    plan.jared.claims()
    age(2 * HOURS - 10)
    assert len(renew_all(plan.jared.agent)) == 1
    age(11)
    sweep()
    assert state_of(task) is State.QUEUED
