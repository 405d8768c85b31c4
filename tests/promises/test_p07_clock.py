"""P7: only the database's clock decides; an outage or a jump of the clock fails nobody. C5, C6."""

import inspect
import time
from datetime import timedelta

import pytest
from django.db.models import F

from coordination.lifecycle import LEASE_TTL, State
from coordination.models import Lease, SweepMark
from coordination.models.clock import now
from coordination.operations import sweep as sweeping
from coordination.operations.leases import renew
from coordination.operations.sweep import sweep, sweep_if_due
from tests.factories import Plan, age, make_worker, state_of, swept_until_now


def _nobody_swept_for(seconds: float) -> None:
    """Move leases and the mark of the last sweep into the past: the server was down, as a new process finds it."""
    age(seconds)
    SweepMark.objects.update(swept_at=now() - timedelta(seconds=seconds))
    sweeping._clocks.wall = None


@pytest.mark.parametrize("outage", [61, 150, 600, 86_400])
def test_an_outage_of_the_server_costs_no_running_agent_its_lease(plan: Plan, outage: int) -> None:
    staff = [make_worker(f"worker-{number}") for number in range(5)]
    tasks = plan.add(*[f"T{number}" for number in range(len(staff))])
    holds = [worker.claims(task) for worker, task in zip(staff, tasks, strict=True)]
    age(30)
    _nobody_swept_for(outage)
    report = sweep()
    assert report.expired == 0
    assert outage <= report.amnesty < outage + 60, "and what this test took since it moved the rows"
    assert [state_of(task) for task in tasks] == [State.CLAIMED] * len(tasks)
    for hold in holds:
        renew(hold.holder)
        assert hold.completes() is State.DONE


def test_amnesty_gives_at_most_one_whole_lease(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    _nobody_swept_for(86_400)
    sweep()
    assert 0 < (hold.lease.expires_at - now()).total_seconds() <= LEASE_TTL
    swept_until_now()
    age(LEASE_TTL)
    assert sweep().expired == 1


def test_a_lease_that_was_over_before_the_outage_gets_no_amnesty(plan: Plan) -> None:
    plan.task()
    plan.jared.claims()
    age(LEASE_TTL + 1)
    _nobody_swept_for(600)
    assert sweep().expired == 1


def test_a_short_gap_gives_no_amnesty(plan: Plan) -> None:
    plan.task()
    plan.jared.claims()
    age(LEASE_TTL - 20)
    _nobody_swept_for(45)
    report = sweep()
    assert (report.expired, report.amnesty) == (1, 0)


@pytest.mark.parametrize("hours", [3, -3])
def test_a_jump_of_the_clock_expires_nothing_for_one_lease(plan: Plan, hours: int) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    sweep()
    jump = timedelta(hours=hours)
    # The wall clock was set: everything written before looks that much older, while the process's own clock ran on.
    for column in ("acquired_at", "renewed_at", "expires_at"):
        Lease.objects.update(**{column: F(column) - jump})
    SweepMark.objects.update(swept_at=F("swept_at") - jump)
    assert sweeping._clocks.wall is not None
    sweeping._clocks.wall -= jump
    assert sweep().expired == 0
    assert sweep().expired == 0
    renew(hold.holder)
    assert state_of(task) is State.CLAIMED
    SweepMark.objects.update(expiry_paused_until=now())
    age(LEASE_TTL + 1)
    assert sweep().expired == 1, "a dead agent's lease must end although the clock was set back"


def test_the_answer_of_a_clock_is_never_taken_from_a_worker() -> None:
    """C6: no operation that a worker calls has a parameter for a time."""
    from coordination.operations import claims, finish, leases

    for verb in (claims.claim_next, claims.claim_task, leases.start, leases.renew, leases.progress, finish.complete, finish.fail):
        names = set(inspect.signature(verb).parameters)
        assert not {name for name in names if name.endswith("_at") or "time" in name or "clock" in name}


def test_a_sweep_rides_on_requests_and_one_of_them_does_it(plan: Plan) -> None:
    plan.task()
    plan.jared.claims()
    age(LEASE_TTL + 1)
    sweeping._clocks.ridden = float("-inf")
    SweepMark.objects.update(swept_at=now())
    assert sweep_if_due() is None, "somebody swept within the last five seconds"
    SweepMark.objects.update(swept_at=now() - timedelta(seconds=6))
    sweeping._clocks.ridden = time.monotonic()
    assert sweep_if_due() is None, "this process looked within the last five seconds"
    sweeping._clocks.ridden = float("-inf")
    report = sweep_if_due()
    assert report is not None
    assert report.expired == 1
