"""Rows that contradict each other are listed, mended or set aside, and the rest of the queue goes on."""

import pytest
from django.db import connection

from coordination.lifecycle import State
from coordination.models import Attempt, Dependency, Event, Lease, Phase, Task
from coordination.models.sql import run
from coordination.operations.rowcheck import check_rows
from tests.worker.cast import make_claim, make_project, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def codes(repair: bool = False) -> list[str]:
    return [fault.code for fault in check_rows(repair=repair)]


def mended(task: Task) -> Task:
    faults = check_rows(repair=True)
    assert all(fault.repaired for fault in faults)
    assert not check_rows(repair=False)
    task.refresh_from_db()
    return task


def without_checks(statement: str, *parameters: object) -> None:
    """Write what the database's own constraints would refuse, as a restored or hand-edited one may hold it."""
    if connection.vendor == "sqlite":
        run("PRAGMA ignore_check_constraints = ON")
        run(statement, parameters)
        run("PRAGMA ignore_check_constraints = OFF")
    else:
        run("ALTER TABLE coordination_task DROP CONSTRAINT IF EXISTS state_is_known")
        run(statement, parameters)


@pytest.fixture
def _constraint_back() -> "object":
    yield
    if connection.vendor == "postgresql":
        Task.objects.exclude(state__in=list(State)).delete()
        states = ", ".join(f"'{state}'" for state in State)
        run(f"ALTER TABLE coordination_task ADD CONSTRAINT state_is_known CHECK (state IN ({states}))")


def test_a_sound_queue_has_no_faults() -> None:
    first = make_task()
    second = make_task(first.project, needs=(first,))
    make_claim(first)
    assert codes() == []
    assert second.state == State.WAITING


@pytest.mark.usefixtures("_constraint_back")
def test_a_task_in_a_state_that_nobody_knows_is_set_aside_as_failed() -> None:
    task, other = make_task(), make_task()
    without_checks("UPDATE coordination_task SET state = %s WHERE id = %s", "paused?", task.pk)
    assert codes() == ["state"]
    assert mended(task).state == State.FAILED
    assert "paused?" in task.reason
    other.refresh_from_db()
    assert other.state == State.QUEUED


def test_a_phase_in_a_state_that_nobody_knows_is_paused() -> None:
    task = make_task()
    Phase.objects.filter(pk=task.phase_id).update(state="odd")
    assert codes() == ["phase_state"]
    assert mended(task).phase.state == "paused"
    assert task.state == State.WAITING


def test_a_task_that_names_another_than_its_last_agent_is_told_who_it_was() -> None:
    task, other = make_task(), make_task()
    make_claim(task)
    Task.objects.filter(pk=task.pk).update(last_agent="nobody")
    Task.objects.filter(pk=other.pk).update(last_agent="somebody")
    assert codes() == ["last_agent", "last_agent"]
    assert mended(task).last_agent == Attempt.objects.get(task=task).agent.name
    other.refresh_from_db()
    assert other.last_agent == ""


def test_a_leased_task_without_a_lease_is_queued_again_and_its_attempt_closed() -> None:
    task = make_task()
    claim = make_claim(task)
    Lease.objects.all().delete()
    assert codes() == ["no_lease", "attempt"]
    assert mended(task).state == State.QUEUED
    assert task.fence > claim.fence
    assert Attempt.objects.get().outcome == "expired"


def test_a_lease_on_a_task_that_is_not_running_is_dropped() -> None:
    task = make_task()
    make_claim(task)
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    assert "lease" in codes()
    assert mended(task).state == State.DONE
    assert not Lease.objects.exists()


def test_a_lease_of_an_older_fence_is_dropped_and_the_task_queued_again() -> None:
    task = make_task()
    make_claim(task)
    Task.objects.filter(pk=task.pk).update(fence=99)
    assert codes() == ["lease"]
    assert mended(task).state == State.QUEUED


def test_an_attempt_that_never_ended_is_closed() -> None:
    task = make_task()
    make_claim(task)
    Lease.objects.all().delete()
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    assert codes() == ["attempt"]
    mended(task)
    assert Attempt.objects.get().reason_class == "lost"


@pytest.mark.parametrize("wrong", [0, 5])
def test_a_wrong_count_of_blockers_is_counted_again(wrong: int) -> None:
    first = make_task()
    second = make_task(first.project, needs=(first,))
    Task.objects.filter(pk=second.pk).update(blockers=wrong)
    assert codes() == ["blockers"]
    assert mended(second).blockers == 1


def test_a_task_that_counts_blockers_it_does_not_have_becomes_claimable() -> None:
    task = make_task()
    Task.objects.filter(pk=task.pk).update(blockers=2, state=State.WAITING)
    assert mended(task).state == State.QUEUED


def test_a_kind_of_dependency_that_nobody_knows_counts_as_success() -> None:
    first = make_task()
    make_task(first.project, needs=(first,))
    Dependency.objects.update(kind="maybe")
    assert codes() == ["dependency"]
    mended(first)
    assert Dependency.objects.get().kind == "success"


def test_a_task_in_the_lane_of_others_is_put_into_its_own() -> None:
    task = make_task()
    Task.objects.filter(pk=task.pk).update(capabilities=["python"])
    assert codes() == ["lane"]
    assert mended(task).lane.capabilities == ["python"]


def test_a_circle_is_named_and_left_to_a_person() -> None:
    first = make_task()
    second = make_task(first.project, needs=(first,))
    third = make_task(first.project, needs=(second,))
    Dependency.objects.create(project=first.project, task=first, on=second)
    Task.objects.filter(pk=first.pk).update(blockers=1)
    faults = [fault for fault in check_rows(repair=True) if fault.code == "circle"]
    assert {fault.id for fault in faults} >= {first.pk, second.pk}
    assert not any(fault.repaired for fault in faults)
    assert third.pk


def test_a_task_in_a_phase_of_another_project_is_named_and_left_to_a_person() -> None:
    task = make_task()
    Task.objects.filter(pk=task.pk).update(phase=make_project().phases.get())
    assert [fault.code for fault in check_rows(repair=True) if not fault.repaired] == ["stray"]


def test_looking_changes_nothing() -> None:
    task = make_task()
    make_claim(task)
    Lease.objects.all().delete()
    before = Event.objects.count()
    assert codes() == codes()
    assert Event.objects.count() == before
