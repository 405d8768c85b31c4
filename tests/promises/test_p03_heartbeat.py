"""P3: a dead agent's task is claimable again between 150 and 180 s after its last heartbeat, never before 120 s."""

import pytest

from coordination.lifecycle import LEASE_TTL, SWEEP_EVERY, State
from coordination.models import Agent
from coordination.operations.files import save_files
from coordination.operations.leases import renew, renew_all
from coordination.operations.sweep import sweep
from coordination.operations.tasks import cancel
from tests.factories import Plan, age, assert_sound, events_of, state_of


def test_the_figures_keep_the_bounds() -> None:
    assert LEASE_TTL + 2 * SWEEP_EVERY <= 180
    assert LEASE_TTL >= 120


@pytest.mark.parametrize(("seconds", "expected"), [(119, State.CLAIMED), (130, State.CLAIMED), (151, State.QUEUED)])
def test_a_silent_agent_loses_its_task_at_the_end_of_its_lease(plan: Plan, seconds: int, expected: State) -> None:
    task = plan.task()
    plan.jared.claims()
    age(seconds)
    sweep()
    assert state_of(task) is expected
    assert_sound()


def test_a_heartbeat_starts_the_time_again(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    for _ in range(5):
        age(130)
        renew(hold.holder)
        sweep()
    assert state_of(task) is State.CLAIMED


def test_one_heartbeat_renews_everything_that_the_agent_holds(plan: Plan) -> None:
    tasks = plan.add("First", "Second")
    for task in tasks:
        plan.jared.claims(task)
    other = plan.task("Other")
    plan.jean.claims(other)
    age(130)
    assert [beat.task_id for beat in renew_all(plan.jared.agent)] == [task.pk for task in tasks]
    age(30)
    sweep()
    assert [state_of(task) for task in (*tasks, other)] == [State.CLAIMED, State.CLAIMED, State.QUEUED]


def test_a_heartbeat_says_until_when_and_what_time_it_is(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    beat = renew(hold.holder)
    assert (beat.task_id, beat.attempt, beat.fence) == (hold.claimed.task_id, 1, hold.claimed.fence)
    assert (beat.expires_at - beat.server_time).total_seconds() == LEASE_TTL
    assert not beat.cancel_requested
    assert not beat.instructions_changed


def test_a_heartbeat_tells_of_a_cancel_and_of_new_instructions(plan: Plan) -> None:
    task = plan.task(instructions="Write it.")
    hold = plan.jared.claims()
    handed_out = hold.attempt.commit
    saved = save_files(task, {"instructions.md": b"Write it well."}, base=handed_out, actor=plan.planner)
    cancel(task, actor=plan.planner, reason="Not needed.")
    beat = renew(hold.holder)
    assert (beat.cancel_requested, beat.cancel_reason) == (True, "Not needed.")
    assert (beat.instructions_from, beat.instructions_to) == (handed_out, saved.head)
    assert beat.instructions_changed


def test_a_project_may_choose_a_longer_lease(plan: Plan) -> None:
    from coordination.operations.projects import edit_project

    edit_project(plan.project, {"lease_ttl": 600}, actor=plan.planner)
    task = plan.task()
    plan.jared.claims()
    age(570)
    sweep()
    assert state_of(task) is State.CLAIMED


def test_an_agent_without_signs_of_life_is_marked_silent_once_and_comes_back(plan: Plan) -> None:
    from coordination.models import Event
    from coordination.operations.agents import seen

    age(200)
    assert sweep().silent == 3
    assert sweep().silent == 0
    agent = Agent.objects.get(pk=plan.jared.agent.pk)
    assert agent.state == "silent"
    seen(agent)
    seen(agent)
    assert Agent.objects.get(pk=agent.pk).state == "idle"
    assert Event.objects.filter(kind="agent.back", agent_id=agent.pk).count() == 1


def test_an_expired_lease_is_told_in_the_log_once(plan: Plan) -> None:
    task = plan.task()
    plan.jared.claims()
    age(200)
    assert sweep().expired == 1
    assert sweep().expired == 0
    assert events_of(task) == ["task.created", "task.queued", "task.claimed", "task.expired", "task.queued"]
