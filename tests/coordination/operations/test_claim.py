"""Claiming the next task."""

import pytest

from coordination.errors import NotClaimable
from coordination.lifecycle import State
from coordination.models import Event
from coordination.operations.agents import retire
from coordination.operations.claims import Narrowing, claim_next
from coordination.operations.projects import pause_project
from coordination.operations.tokens import holder_of
from tests.factories import Plan, age, assert_sound, events_of, make_plan, make_worker, state_of


def test_it_takes_the_task_and_writes_attempt_lease_and_event(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    assert hold.task.state == State.CLAIMED
    assert (hold.attempt.number, hold.attempt.agent) == (1, plan.jared.agent)
    assert hold.lease.fence == hold.task.fence == hold.attempt.fence == 1
    assert (hold.lease.expires_at - hold.lease.acquired_at).total_seconds() == plan.project.lease_ttl
    assert events_of(task) == ["task.created", "task.queued", "task.claimed"]
    assert_sound()


def test_its_token_proves_the_lease_to_this_key_only(plan: Plan) -> None:
    plan.task()
    claimed = plan.jared.claims().claimed
    assert holder_of(claimed.lease_token, claimed.task_id, plan.jared.key.pk).fence == claimed.fence


def test_there_is_nothing_to_claim_in_an_empty_project(plan: Plan) -> None:
    assert plan.jared.claim() is None


def test_the_most_urgent_comes_first_and_equals_in_the_order_of_their_ids(plan: Plan) -> None:
    late, early = plan.add("Late", priority=60), plan.add("Early", priority=10)
    middle = plan.add("One", "Two", "Three", priority=30)
    order = [plan.jared.claims().task for _ in range(5)]
    assert order == [*early, *middle, *late]


def test_equals_come_in_the_order_of_their_ids_across_lanes_too(plan: Plan) -> None:
    from coordination.operations.creation import NewTask, create_tasks

    needs = [["python"], ["sql"], ["python"], [], ["sql"], ["python"]]
    tasks = create_tasks(plan.project, [NewTask(f"T{n}", capabilities=c) for n, c in enumerate(needs)], actor=plan.planner)
    assert [plan.jared.claims().task for _ in tasks] == tasks


def test_a_batch_comes_in_the_same_order_as_single_claims(plan: Plan) -> None:
    from coordination.operations.creation import NewTask, create_tasks

    needs = [["python"], ["sql"], ["python"], [], ["sql"], ["python"]]
    tasks = create_tasks(plan.project, [NewTask(f"T{n}", capabilities=c) for n, c in enumerate(needs)], actor=plan.planner)
    claimed = claim_next(plan.jared.agent, key_id=plan.jared.key.pk, limit=4)
    assert [each.task_id for each in claimed] == [task.pk for task in tasks[:4]]
    assert len(claim_next(plan.jared.agent, key_id=plan.jared.key.pk, limit=50)) == 2
    assert_sound()


def test_an_agent_gets_only_what_its_tier_and_capabilities_allow(plan: Plan) -> None:
    plan.task("Heavy", tier="heavy")
    plan.task("With Rust", tier="light", capabilities=["rust"])
    light = plan.task("Light", tier="light")
    assert plan.stranger.claims().task == light
    assert plan.stranger.claim() is None


def test_a_request_narrows_and_never_widens(plan: Plan) -> None:
    plan.task("With SQL", capabilities=["sql"])
    python = plan.task("With Python", capabilities=["python"], priority=90)
    other = make_plan("other")
    elsewhere = other.task("Elsewhere", tier="light")

    def claim(agent: object, **wanted: object) -> list[int]:
        return [each.task_id for each in claim_next(agent, key_id=plan.jared.key.pk, narrowing=Narrowing(**wanted))]  # type: ignore[arg-type]

    assert claim(plan.jared.agent, capabilities=["python"], project_ids=[plan.project.pk]) == [python.pk]
    assert claim(plan.jared.agent, project_ids=[other.project.pk], tiers=["heavy"]) == []
    assert claim(plan.stranger.agent, capabilities=["sql"], project_ids=[plan.project.pk]) == []
    assert claim(plan.stranger.agent, project_ids=[other.project.pk]) == [elsewhere.pk]


def test_a_task_for_one_agent_goes_to_nobody_else(plan: Plan) -> None:
    task = plan.task(assigned_to=plan.jean.agent)
    assert plan.jared.claim() is None
    assert plan.jean.claims().task == task


def test_a_paused_project_hands_out_nothing(plan: Plan) -> None:
    plan.task()
    pause_project(plan.project, actor=plan.planner)
    assert plan.jared.claim() is None


def test_a_project_hands_out_no_more_than_it_may_run_at_once() -> None: ...


def test_a_retired_agent_is_told_so(plan: Plan) -> None:
    plan.task()
    plan.jared.agent = retire(plan.jared.agent, actor=plan.ada.actor)
    with pytest.raises(NotClaimable, match="retired"):
        plan.jared.claim()
    assert plan.jean.claim() is not None


def test_it_hands_a_returned_task_to_others_before_the_agent_that_returned_it(plan: Plan) -> None:
    from coordination.operations.leases import release

    task = plan.task()
    behind = plan.task("Behind", priority=99)
    hold = plan.jared.claims()
    release(hold.holder, reason="No compiler here.")
    assert plan.jared.claims().task == behind
    assert plan.jared.claim() is None
    assert plan.jean.claims().task == task


def test_it_offers_a_returned_task_to_the_same_agent_again_after_a_rest(plan: Plan) -> None:
    from coordination.operations.leases import release

    task = plan.task()
    release(plan.jared.claims().holder, reason="No compiler here.")
    age(301)
    assert plan.jared.claims().task == task


def test_an_agent_may_claim_what_it_returned_by_its_number_at_once(plan: Plan) -> None:
    from coordination.operations.leases import release

    task = plan.task()
    release(plan.jared.claims().holder, reason="Not now.")
    assert plan.jared.claims(task).task == task


def test_one_statement_of_the_log_names_the_agent(plan: Plan) -> None:
    plan.task()
    plan.jared.claims()
    event = Event.objects.get(kind="task.claimed")
    assert (event.actor_name, event.agent_id) == (plan.jared.name, plan.jared.agent.pk)
    assert state_of(plan.jared.agent.leases.get().task) is State.CLAIMED


def test_an_agent_that_registers_later_is_routed_to_what_waits(plan: Plan) -> None:
    task = plan.task(capabilities=["cobol"])
    assert plan.jared.claim() is None
    assert make_worker("grace", capabilities=["cobol"]).claims().task == task
