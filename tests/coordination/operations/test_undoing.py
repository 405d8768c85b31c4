"""Taking back the last decision about a task: where that leads, what does not come back, and when it is too late."""

import pytest

from coordination.errors import WrongState
from coordination.lifecycle import ReviewPolicy, State
from coordination.models import Attempt, Event, Lease, Task
from coordination.operations import finish, leases, questions, reviews, subtasks, tasks
from coordination.operations.creation import NewTask, create_task
from coordination.operations.undoing import undo
from coordination.queries.brief import draft_brief
from coordination.queries.last_step import last_step
from tests.factories import Hold, Plan

pytestmark = pytest.mark.django_db


def fresh(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def in_review(plan: Plan) -> tuple[Task, Hold]:
    task = plan.task(review_policy=ReviewPolicy.REQUIRED)
    hold = plan.jared.claims(task)
    hold.completes()
    return task, hold


def test_a_cancel_that_the_agent_has_not_heard_of_is_withdrawn_and_it_goes_on(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims(task)
    tasks.cancel(task, actor=plan.planner)
    step = last_step(fresh(task))
    assert step is not None
    assert (step.to, step.lost) == (None, "")
    assert "goes on" in undo(task, actor=plan.planner)
    assert not leases.renew(hold.holder).cancel_requested
    assert fresh(task).state == State.CLAIMED


def test_a_cancel_that_it_has_heard_of_costs_it_the_lease_and_the_task_is_queued(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims(task)
    tasks.cancel(task, actor=plan.planner)
    assert leases.renew(hold.holder).cancel_requested
    step = last_step(fresh(task))
    assert step is not None
    assert "lease does not come back" in step.lost
    assert "does not come back" in undo(task, actor=plan.planner, event=step.event.pk)
    assert fresh(task).state == State.QUEUED
    assert not Lease.objects.exists()
    plan.jean.claims(fresh(task))


def test_a_task_that_its_agent_let_go_of_is_queued_again(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims(task)
    tasks.cancel(task, actor=plan.planner)
    leases.release(hold.holder, reason="told to stop")
    assert fresh(task).state == State.CANCELLED
    step = last_step(fresh(task))
    assert step is not None
    assert "The lease of attempt 1 does not come back" in step.lost
    undo(task, actor=plan.planner)
    assert fresh(task).state == State.QUEUED


@pytest.mark.parametrize("state", [State.REVIEW, State.BLOCKED, State.QUEUED])
def test_a_cancel_is_undone_to_where_the_task_was(plan: Plan, state: State) -> None:
    task = plan.task(review_policy=ReviewPolicy.REQUIRED)
    if state is not State.QUEUED:
        hold = plan.jared.claims(task)
        finish.ask(hold.holder, "Which?") if state is State.BLOCKED else hold.completes()
    tasks.cancel(task, actor=plan.planner)
    undo(task, actor=plan.planner)
    assert fresh(task).state == state
    if state is State.REVIEW:
        reviews.approve(fresh(task), actor=plan.planner)
    elif state is State.BLOCKED:
        questions.answer(fresh(task), "That one.", actor=plan.planner)


def test_an_approval_is_undone_and_what_waited_for_it_waits_again(plan: Plan) -> None:
    task, _ = in_review(plan)
    after = plan.task("After", needs=[task])
    reviews.approve(task, actor=plan.planner)
    assert fresh(after).state == State.QUEUED
    undo(task, actor=plan.planner)
    assert (fresh(task).state, fresh(after).state) == (State.REVIEW, State.WAITING)
    reviews.request_changes(fresh(task), actor=plan.planner, comments="Shorter.")
    assert draft_brief(fresh(task)).earlier_attempts[0].comments == ["Shorter."]


def test_a_request_for_changes_is_undone_and_in_no_brief(plan: Plan) -> None:
    task, _ = in_review(plan)
    reviews.request_changes(task, actor=plan.planner, comments="Shorter.")
    undo(task, actor=plan.planner)
    assert fresh(task).state == State.REVIEW
    assert draft_brief(fresh(task)).earlier_attempts[0].comments == []


def test_an_answer_is_taken_back(plan: Plan) -> None:
    task = plan.task()
    finish.ask(plan.jared.claims(task).holder, "Which?")
    questions.answer(task, "That one.", actor=plan.planner)
    undo(task, actor=plan.planner)
    assert fresh(task).state == State.BLOCKED
    assert draft_brief(fresh(task)).answers == []


@pytest.mark.parametrize("well", [True, False])
def test_running_again_is_undone_until_somebody_claims_it(plan: Plan, well: bool) -> None:
    task = plan.task()
    after = plan.task("After", needs=[task])
    hold = plan.jared.claims(task)
    hold.completes() if well else hold.fails(retryable=False)
    before = fresh(task)
    tasks.requeue(task, actor=plan.planner)
    undo(task, actor=plan.planner)
    now = fresh(task)
    assert (now.state, now.failures, now.reason) == (before.state, before.failures, before.reason)
    assert fresh(after).state == (State.QUEUED if well else State.WAITING)
    tasks.requeue(task, actor=plan.planner)
    plan.jean.claims(fresh(task))
    with pytest.raises(WrongState, match="has gone on"):
        undo(task, actor=plan.planner)


def test_what_an_agent_added_waits_for_a_word_again(plan: Plan) -> None:
    task = create_task(plan.project, NewTask(title="Found", phase=plan.phase, awaits_person=True), actor=plan.planner)
    subtasks.let_run(task, actor=plan.planner)
    undo(task, actor=plan.planner)
    assert (fresh(task).state, fresh(task).awaits_person) == (State.WAITING, True)


def test_only_the_step_that_was_shown_is_taken_back(plan: Plan) -> None:
    task = plan.task()
    tasks.cancel(task, actor=plan.planner)
    shown = last_step(fresh(task))
    assert shown is not None
    tasks.requeue(task, actor=plan.planner)
    with pytest.raises(WrongState):
        undo(task, actor=plan.planner, event=shown.event.pk)
    assert fresh(task).state == State.QUEUED


def test_nothing_is_taken_back_of_what_nobody_decided(plan: Plan) -> None:
    task = plan.task()
    plan.jared.claims(task).completes()
    assert last_step(fresh(task)) is None
    assert Attempt.objects.get().outcome == "done"
    assert not Event.objects.filter(kind="task.put_back").exists()
