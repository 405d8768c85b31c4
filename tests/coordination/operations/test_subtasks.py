"""Tasks that an agent adds under the one it holds (H2)."""

from typing import Any

import pytest

from coordination.errors import LeaseLost, LimitExceeded, WrongState
from coordination.lifecycle import SUBTASK_DEPTH, SUBTASKS_EACH, State
from coordination.models import Project, Task
from coordination.operations.creation import NewTask
from coordination.operations.subtasks import add_subtasks, let_run
from coordination.queries.explain import explain
from tests.factories import Hold, Plan, assert_sound, events_of, together


def under(hold: Hold, *titles: str, **fields: Any) -> list[Task]:
    return add_subtasks(hold.holder, [NewTask(title, **fields) for title in titles])


def test_they_stand_under_the_held_task_in_its_phase_and_can_be_claimed(plan: Plan) -> None:
    parent = plan.task(priority=40)
    hold = plan.jared.claims()
    first, second = under(hold, "One", "Two", priority=5)
    assert (first.parent, first.phase, first.state) == (parent, parent.phase, State.QUEUED)
    assert first.created_by == str(plan.jared.actor)
    assert plan.jean.claims(second).task == second
    assert_sound()


def test_they_are_never_more_urgent_than_what_a_person_made(plan: Plan) -> None:
    plan.task(priority=40)
    hold = plan.jared.claims()
    assert [task.priority for task in (*under(hold, "Pushy", priority=0), *under(hold, "Modest", priority=90))] == [40, 90]


def test_a_lost_lease_adds_nothing(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    hold.completes()
    with pytest.raises(LeaseLost):
        under(hold, "Too late")
    assert Task.objects.count() == 1


def test_there_may_be_a_few_and_all_or_none_are_made(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    under(hold, *(f"Part {number}" for number in range(SUBTASKS_EACH - 1)))
    with pytest.raises(LimitExceeded, match=f"{SUBTASKS_EACH} are the most"):
        under(hold, "Two", "more")
    under(hold, "The last")
    assert Task.objects.count() == 1 + SUBTASKS_EACH


def test_they_may_nest_a_few_levels(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    for level in range(SUBTASK_DEPTH):
        (child,) = under(hold, f"Level {level + 1}")
        hold = plan.jared.claims(child)
    with pytest.raises(LimitExceeded, match="levels deep"):
        under(hold, "Too deep")


def test_where_agents_may_not_add_tasks_they_wait_for_a_persons_word(plan: Plan) -> None:
    Project.objects.update(agents_may_add=False)
    plan.task()
    (task,) = under(plan.jared.claims(), "May I?")
    assert (task.state, task.awaits_person) == (State.WAITING, True)
    assert [reason.code for reason in explain(task).reasons] == ["awaits_person"]
    assert plan.jean.claim() is None
    assert let_run(task, actor=plan.planner).state == State.QUEUED
    assert events_of(task)[-2:] == ["task.let_run", "task.queued"]
    with pytest.raises(WrongState):
        let_run(task, actor=plan.planner)
    assert_sound()


@pytest.mark.django_db(transaction=True)
def test_two_requests_together_keep_to_the_limit(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    parts = [f"Part {number}" for number in range(SUBTASKS_EACH // 2 + 1)]
    outcomes = together(*[lambda: under(hold, *parts)] * 2)
    assert sorted(isinstance(outcome, LimitExceeded) for outcome in outcomes) == [False, True]
    assert Task.objects.count() == 1 + len(parts)
