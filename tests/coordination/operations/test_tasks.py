"""What planners do with tasks: create, edit, assign, requeue, take back, review, answer, and many at once."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from coordination.errors import AuthorMayNotReview, CycleRefused, Invalid, PreconditionFailed, WrongState
from coordination.lifecycle import State
from coordination.models import Event, Question, Task
from coordination.models.clock import now
from coordination.operations.creation import MANY, Need, NewTask, create_tasks
from coordination.operations.finish import ask
from coordination.operations.phases import pause_phase
from coordination.operations.questions import answer
from coordination.operations.reviews import approve, request_changes
from coordination.operations.sweep import sweep
from coordination.operations.tasks import assign, bulk, cancel, edit_task, requeue, take_back
from tests.factories import Plan, age, assert_sound, events_of, make_plan, phase_state, state_of


def test_many_tasks_with_edges_among_them_are_made_at_once(plan: Plan) -> None:
    there = plan.task("There")
    news = [
        NewTask("Join", ref="join", needs=[Need("left"), Need("right", "finished")]),
        NewTask("Left", ref="left", needs=[Need(there.pk)]),
        NewTask("Right", ref="right"),
    ]
    join, left, right = create_tasks(plan.project, news, actor=plan.planner)
    assert [state_of(task) for task in (join, left, right)] == [State.WAITING, State.WAITING, State.QUEUED]
    assert_sound()


@pytest.mark.once("postgres", "SQLite joins by the same indexes however many rows there are")
def test_the_planner_hears_at_once_of_many_new_tasks(
    plan: Plan, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        create_tasks(plan.project, [NewTask(f"Task {number}") for number in range(MANY)], actor=plan.planner)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'coordination_task'")
        assert cursor.fetchone() == (MANY,)


@pytest.mark.parametrize(
    ("news", "error", "words"),
    [
        ([], Invalid, "at least one"),
        ([NewTask("A", ref="a"), NewTask("B", ref="a")], Invalid, "a ref names one"),
        ([NewTask("A", ref="a", needs=[Need("b")]), NewTask("B", ref="b", needs=[Need("a")])], CycleRefused, "a → b → a|b → a → b"),
        ([NewTask("A", ref="a", needs=[Need("a")])], CycleRefused, "a → a"),
        ([NewTask("A"), NewTask("B", needs=[Need("x")])], Invalid, "'x', which is no task"),
        ([NewTask("A"), NewTask("B", needs=[Need(10**12)])], Invalid, "which is no task"),
        ([NewTask("A"), NewTask("   ")], Invalid, "title"),
        ([NewTask("A"), NewTask("B", priority=101)], Invalid, "priority"),
        ([NewTask("A"), NewTask("B", priority=-1)], Invalid, "priority"),
        ([NewTask("A"), NewTask("B", tier="huge")], Invalid, "no tier"),
        ([NewTask("A"), NewTask("B", capabilities=["x" * 61])], Invalid, "capabilities"),
        ([NewTask("A"), NewTask("B", review_policy="maybe")], Invalid, "review_policy"),
        ([NewTask("A"), NewTask("B", lease_mode="never")], Invalid, "lease_mode"),
        ([NewTask("A", ref="a"), NewTask("B", needs=[Need("a", "maybe")])], Invalid, "kind of dependency"),
    ],
)
def test_one_mistake_and_none_is_made(plan: Plan, news: list[NewTask], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words), transaction.atomic():
        create_tasks(plan.project, news, actor=plan.planner)
    assert not Task.objects.exists()


def test_a_blocker_of_another_project_is_no_blocker(plan: Plan) -> None:
    there = make_plan("other").task()
    with pytest.raises(Invalid, match="no task of this project"):
        plan.task(needs=[there])


def test_a_task_in_a_phase_that_is_not_active_waits(plan: Plan) -> None:
    planned = plan.task("Planned", phase=plan.after())
    pause_phase(plan.phase, actor=plan.planner)
    paused = plan.task("Paused", phase=plan.phase)
    assert [state_of(planned), state_of(paused)] == [State.WAITING, State.WAITING]
    assert plan.jared.claim() is None


def test_an_edit_is_told_with_old_and_new(plan: Plan) -> None:
    task = edit_task(plan.task("Old"), {"title": "New", "priority": 10}, actor=plan.planner)
    assert Event.objects.get(kind="task.edited").data["changes"] == {"title": ["Old", "New"], "priority": [50, 10]}
    assert edit_task(task, {"title": "New"}, actor=plan.planner).version == task.version


def test_an_edit_of_an_old_version_is_refused(plan: Plan) -> None:
    task = plan.task()
    version = Task.objects.get(pk=task.pk).version
    edit_task(task, {"title": "One"}, actor=plan.planner, expected_version=version)
    with pytest.raises(PreconditionFailed):
        edit_task(task, {"title": "Two"}, actor=plan.planner, expected_version=version)


@pytest.mark.parametrize("name", ["state", "fence", "project", "created_by", "attempts_made", "head", "blockers"])
def test_what_the_engine_writes_cannot_be_edited(plan: Plan, name: str) -> None:
    with pytest.raises(Invalid, match="cannot be changed"):
        edit_task(plan.task(), {name: 1}, actor=plan.planner)


def test_new_capabilities_route_the_task_anew(plan: Plan) -> None:
    task = plan.task(tier="light")
    edit_task(task, {"capabilities": ["sql"]}, actor=plan.planner)
    assert plan.stranger.claim() is None
    assert plan.jared.claims().task == task


def test_a_later_start_holds_a_queued_task_and_an_earlier_one_frees_it(plan: Plan) -> None:
    task = plan.task()
    edit_task(task, {"not_before": now() + timedelta(hours=1)}, actor=plan.planner)
    assert state_of(task) is State.WAITING
    edit_task(task, {"not_before": None}, actor=plan.planner)
    assert state_of(task) is State.QUEUED
    assert_sound()


def test_a_task_cannot_be_inside_itself(plan: Plan) -> None:
    outer = plan.task("Outer")
    inner = plan.task("Inner", parent=outer)
    with pytest.raises(Invalid, match="inside"):
        edit_task(outer, {"parent": inner}, actor=plan.planner)


def test_assigning_a_queued_task_starts_the_clock_of_its_fallback(plan: Plan) -> None:
    task = plan.task()
    assign(task, plan.jean.agent, actor=plan.planner, fallback_after=60)
    assert plan.jared.claim() is None
    age(61)
    assert sweep().fallen_back == 1
    assert sweep().fallen_back == 0
    assert plan.jared.claims(task).completes() is State.DONE


def test_a_task_that_fell_back_stays_open_to_all_when_it_comes_back(plan: Plan) -> None:
    task = plan.task(assigned_to=plan.jean.agent, fallback_after=60)
    age(61)
    sweep()
    take_back(task, actor=plan.planner, reason="No.") if plan.jared.claims(task) else None
    task.refresh_from_db()
    assert (task.state, task.fallback_at) == (State.QUEUED, None)
    assert plan.jean.claims().task == task
    assert events_of(task).count("task.fell_back") == 1


def test_requeue_runs_a_finished_task_again_with_a_fresh_count(plan: Plan) -> None:
    task = plan.task(max_attempts=1)
    plan.jared.claims().fails()
    requeued = requeue(task, actor=plan.planner)
    assert (requeued.state, requeued.failures, requeued.reason) == (State.QUEUED, 0, "")
    with pytest.raises(WrongState):
        requeue(task, actor=plan.planner)
    assert plan.jean.claims().attempt.number == 2
    assert_sound()


def test_an_answer_goes_to_the_question_that_is_open(plan: Plan) -> None:
    task = plan.task()
    ask(plan.jared.claims().holder, "First?")
    cancel(task, actor=plan.planner)
    requeue(task, actor=plan.planner)
    ask(plan.jean.claims().holder, "Second?")
    assert answer(task, "To the second.", actor=plan.planner).text == "Second?"
    assert Question.objects.get(text="First?").answer == ""
    assert state_of(task) is State.QUEUED
    with pytest.raises(WrongState):
        answer(task, "Again.", actor=plan.planner)
    assert_sound()


def test_a_review_is_never_by_the_author(plan: Plan) -> None:
    task = plan.task(review_policy="required")
    assert plan.jared.claims().completes() is State.REVIEW
    for author in (plan.jared.actor, plan.jared.key.actor):
        with pytest.raises(AuthorMayNotReview):
            approve(task, actor=author)
    approve(task, actor=plan.jean.actor)
    assert state_of(task) is State.DONE
    with pytest.raises(WrongState):
        approve(task, actor=plan.planner)
    assert_sound()


def test_the_author_of_an_earlier_attempt_may_review_a_later_one(plan: Plan) -> None:
    task = plan.task(review_policy="required")
    plan.jared.claims().completes()
    request_changes(task, actor=plan.planner, comments="Shorter.")
    plan.jean.claims(task).completes()
    with pytest.raises(AuthorMayNotReview):
        request_changes(task, actor=plan.jean.actor, comments="Better not.")
    approve(task, actor=plan.jared.actor)
    assert state_of(task) is State.DONE


def test_request_changes_needs_words(plan: Plan) -> None:
    task = plan.task(review_policy="required")
    plan.jared.claims().completes()
    with pytest.raises(Invalid):
        request_changes(task, actor=plan.planner, comments="  ")


def test_a_bulk_action_says_of_each_task_what_became_of_it(plan: Plan) -> None:
    tasks = plan.add("One", "Two", "Three")
    cancel(tasks[1], actor=plan.planner)
    results = bulk(tasks, "cancel", actor=plan.planner, reason="All of it.")
    assert [(each.task_id, each.ok, each.code) for each in results] == [
        (tasks[0].pk, True, ""),
        (tasks[1].pk, False, "wrong_state"),
        (tasks[2].pk, True, ""),
    ]
    with pytest.raises(Invalid, match="no bulk action"):
        bulk(tasks, "explode", actor=plan.planner)


@pytest.mark.django_db(transaction=True)
def test_a_finished_task_moved_into_a_completed_phase_leaves_it_completed() -> None:
    from tests.factories import swept_until_now

    swept_until_now()
    plan = make_plan()
    side = plan.after(after=[])
    for phase in (plan.phase, side):
        plan.jared.claims(plan.task(phase=phase)).completes()
    moved = Task.objects.get(phase=side)
    edit_task(moved, {"phase": plan.phase}, actor=plan.planner)
    assert phase_state(plan.phase) == "completed"
    assert_sound()
