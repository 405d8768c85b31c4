"""Edges between tasks."""

import pytest
from django.db import IntegrityError, connection, transaction

from coordination.errors import Conflict, CycleRefused, Invalid, NotFound, WrongState
from coordination.lifecycle import State
from coordination.models import Dependency, Task
from coordination.operations.creation import Need
from coordination.operations.dependencies import add_dependency, change_dependency, remove_dependency
from coordination.operations.tasks import cancel, requeue
from tests.factories import Plan, assert_sound, events_of, make_plan, phase_state, state_of


def test_a_task_waits_until_every_blocker_is_done(plan: Plan) -> None:
    first, second = plan.add("First", "Second")
    last = plan.task("Last", needs=[first, second])
    assert state_of(last) is State.WAITING
    plan.jared.claims(first).completes()
    assert state_of(last) is State.WAITING
    plan.jared.claims(second).completes()
    assert state_of(last) is State.QUEUED
    assert_sound()


@pytest.mark.parametrize(
    ("kind", "end", "expected"),
    [
        ("success", "done", State.QUEUED),
        ("success", "failed", State.WAITING),
        ("success", "cancelled", State.WAITING),
        ("finished", "done", State.QUEUED),
        ("finished", "failed", State.QUEUED),
        ("finished", "cancelled", State.WAITING),
        ("failure", "done", State.CANCELLED),
        ("failure", "failed", State.QUEUED),
        ("failure", "cancelled", State.WAITING),
    ],
)
def test_each_kind_waits_for_its_own_end(plan: Plan, kind: str, end: str, expected: State) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[Need(blocker.pk, kind)])
    if end == "cancelled":
        cancel(blocker, actor=plan.planner)
    elif end == "done":
        plan.jared.claims(blocker).completes()
    else:
        plan.jared.claims(blocker).fails(retryable=False)
    assert state_of(waits) is expected
    assert_sound()


@pytest.mark.parametrize("kind", ["success", "finished", "failure"])
@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_an_edge_to_a_finished_task_counts_how_it_ended(plan: Plan, kind: str, end: str) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    if end == "cancelled":
        cancel(blocker, actor=plan.planner)
    elif end == "done":
        plan.jared.claims(blocker).completes()
    else:
        plan.jared.claims(blocker).fails(retryable=False)
    add_dependency(waits, blocker, actor=plan.planner, kind=kind)
    met = (kind, end) in {("success", "done"), ("finished", "done"), ("finished", "failed"), ("failure", "failed")}
    assert state_of(waits) is (State.QUEUED if met else State.WAITING)
    assert_sound()


def test_removing_the_last_edge_frees_the_task(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    remove_dependency(waits, blocker, actor=plan.planner)
    assert state_of(waits) is State.QUEUED
    assert events_of(waits)[-2:] == ["dependency.removed", "task.queued"]
    assert_sound()


def test_a_dependency_waits_for_another_end(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    plan.jared.claims(blocker).fails(retryable=False)
    assert state_of(waits) is State.WAITING
    change_dependency(waits, blocker, "finished", actor=plan.planner)
    assert state_of(waits) is State.QUEUED
    assert events_of(waits)[-2:] == ["dependency.changed", "task.queued"]
    change_dependency(waits, blocker, "finished", actor=plan.planner)
    assert events_of(waits).count("dependency.changed") == 1
    change_dependency(waits, blocker, "success", actor=plan.planner)
    assert state_of(waits) is State.WAITING
    assert_sound()


def test_a_dependency_that_cannot_change_says_why(plan: Plan) -> None:
    done, gone, waits = plan.add("Done", "Gone", "Waits")
    add_dependency(waits, done, actor=plan.planner)
    with pytest.raises(NotFound, match=f"#{waits.pk} does not wait for #{gone.pk} any more"):
        change_dependency(waits, gone, "finished", actor=plan.planner)
    with pytest.raises(Invalid, match="no kind of dependency"):
        change_dependency(waits, done, "maybe", actor=plan.planner)
    plan.jared.claims(done).completes()
    with pytest.raises(WrongState, match=f"#{done.pk} is done and will not fail: #{waits.pk} would never run"):
        change_dependency(waits, done, "failure", actor=plan.planner)
    plan.jared.claims(waits)
    with pytest.raises(WrongState, match="cannot wait for anything any more"):
        change_dependency(waits, done, "finished", actor=plan.planner)


def test_a_new_edge_holds_a_queued_task(plan: Plan) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    add_dependency(waits, blocker, actor=plan.planner)
    assert state_of(waits) is State.WAITING
    assert_sound()


def test_a_circle_is_refused_and_its_path_named(plan: Plan) -> None:
    a = plan.task("A")
    b = plan.task("B", needs=[a])
    c = plan.task("C", needs=[b])
    with pytest.raises(CycleRefused) as refusal:
        add_dependency(a, c, actor=plan.planner)
    assert refusal.value.data["path"] == [a.pk, c.pk, b.pk, a.pk]
    assert f"#{a.pk} → #{c.pk} → #{b.pk} → #{a.pk}" in refusal.value.sentence
    assert_sound()


def test_no_task_waits_for_itself(plan: Plan) -> None:
    task = plan.task()
    with pytest.raises(CycleRefused):
        add_dependency(task, task, actor=plan.planner)


def test_the_same_edge_twice_is_a_conflict(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    with pytest.raises(Conflict):
        add_dependency(waits, blocker, actor=plan.planner, kind="finished")


def test_an_unknown_kind_is_refused(plan: Plan) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    with pytest.raises(Invalid, match="choose success, finished, failure"):
        add_dependency(waits, blocker, actor=plan.planner, kind="maybe")


def test_a_task_that_runs_cannot_begin_to_wait(plan: Plan) -> None:
    blocker, waits = plan.add("Blocker", "Waits")
    plan.jared.claims(waits)
    with pytest.raises(WrongState):
        add_dependency(waits, blocker, actor=plan.planner)


def test_an_edge_between_projects_is_refused(plan: Plan) -> None:
    here, there = plan.task("Here"), make_plan("other").task("There")
    with pytest.raises(Invalid, match="own project"):
        add_dependency(here, there, actor=plan.planner)


def test_the_database_itself_refuses_an_edge_between_projects(plan: Plan) -> None:
    here, there = plan.task("Here"), make_plan("other").task("There")
    for project in (here.project, there.project):
        with pytest.raises(IntegrityError, match="own project"), transaction.atomic():
            Dependency.objects.create(project=project, task=here, on=there)
    near = plan.task("Near")
    edge = Dependency.objects.create(project=here.project, task=here, on=near)
    with pytest.raises(IntegrityError, match="own project"), transaction.atomic():
        Dependency.objects.filter(pk=edge.pk).update(on=there)


def test_the_database_itself_keeps_a_task_in_its_project(plan: Plan) -> None:
    task, other = plan.task(), make_plan("other")
    with pytest.raises(IntegrityError, match="stays in its project"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(project=other.project)


def test_the_database_itself_refuses_an_edge_from_a_task_to_itself(plan: Plan) -> None:
    task = plan.task()
    with pytest.raises(IntegrityError), transaction.atomic():
        Dependency.objects.create(project=task.project, task=task, on=task)


def test_the_guards_survive_a_run_of_migrations(plan: Plan) -> None:
    from coordination.models import guards

    guards.take_down()
    guards.put_up()
    guards.put_up()
    task, other = plan.task(), make_plan("other")
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(project=other.project)
    assert connection.is_usable()


def test_requeueing_a_blocker_holds_what_waits_for_it_again(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    plan.jared.claims(blocker).completes()
    requeue(blocker, actor=plan.planner)
    assert state_of(waits) is State.WAITING
    plan.jean.claims(blocker).completes()
    assert state_of(waits) is State.QUEUED
    assert_sound()


def test_requeueing_a_blocker_lets_a_running_dependent_go_on(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    plan.jared.claims(blocker).completes()
    hold = plan.jean.claims(waits)
    requeue(blocker, actor=plan.planner)
    assert hold.completes() is State.DONE
    assert_sound()


def test_what_was_called_off_comes_back_when_its_blocker_runs_again(plan: Plan) -> None:
    blocker = plan.task("Deploy")
    rescue = plan.task("Roll back", needs=[Need(blocker.pk, "failure")])
    plan.jared.claims(blocker).completes()
    assert state_of(rescue) is State.CANCELLED
    requeue(blocker, actor=plan.planner)
    assert state_of(rescue) is State.WAITING
    plan.jared.claims(blocker).fails(retryable=False)
    assert state_of(rescue) is State.QUEUED
    assert_sound()


def test_what_a_person_cancelled_stays_cancelled_when_its_blocker_runs_again(plan: Plan) -> None:
    blocker = plan.task("Deploy")
    rescue = plan.task("Roll back", needs=[Need(blocker.pk, "failure")])
    cancel(rescue, actor=plan.planner, reason="No need.")
    plan.jared.claims(blocker).completes()
    requeue(blocker, actor=plan.planner)
    assert state_of(rescue) is State.CANCELLED
    assert_sound()


def test_an_edge_from_a_cancelled_task_is_counted_when_it_is_requeued(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    cancel(waits, actor=plan.planner)
    requeue(waits, actor=plan.planner)
    assert state_of(waits) is State.WAITING
    cancel(waits, actor=plan.planner)
    plan.jared.claims(blocker).completes()
    requeue(waits, actor=plan.planner)
    assert state_of(waits) is State.QUEUED
    assert_sound()


@pytest.mark.django_db(transaction=True)
def test_calling_off_the_last_task_of_a_phase_completes_it() -> None:
    from tests.factories import swept_until_now

    swept_until_now()
    plan = make_plan()
    blocker = plan.task("Deploy")
    inbox = plan.after(after=[])
    plan.task("Roll back", needs=[Need(blocker.pk, "failure")], phase=inbox)
    plan.jared.claims(blocker).completes()
    assert phase_state(inbox) == "completed"
