"""What is due once a night, and what is forgotten."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import override_settings

from coordination.actor import SYSTEM
from coordination.models import Event, IdempotentRequest, JobMark
from coordination.models.clock import now
from coordination.operations.events import record
from coordination.operations.files import save_files
from coordination.operations.jobmarks import begin_tonight, finish
from coordination.operations.repopack import pack_repositories
from coordination.operations.retention import forget_old
from coordination.queries.repositories import store
from tests.worker.cast import make_task

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_repositories() -> None:
    """Numbers of tasks come again with each test, and what lies in a repository of the same number would be packed too."""
    for number in list(store().task_ids()):
        store().delete(number)


def hour_of(moment_offset: int = 0) -> int:
    return (now() + timedelta(hours=moment_offset)).hour


def test_a_nightly_job_starts_once_a_night() -> None:
    assert begin_tonight("repocheck", hour=hour_of())
    assert not begin_tonight("repocheck", hour=hour_of())
    JobMark.objects.update(started_at=now() - timedelta(hours=24))
    assert begin_tonight("repocheck", hour=hour_of())


def test_it_waits_for_its_hour() -> None:
    begin_tonight("repocheck", hour=hour_of())
    JobMark.objects.update(started_at=now() - timedelta(hours=24))
    assert not begin_tonight("repocheck", hour=hour_of(3))


def test_a_missed_night_is_made_up_for() -> None:
    begin_tonight("repocheck", hour=hour_of())
    JobMark.objects.update(started_at=now() - timedelta(hours=37))
    assert begin_tonight("repocheck", hour=hour_of(3))


def test_of_many_consumers_one_begins() -> None:
    won: list[bool] = []
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        won.append(begin_tonight("pack", hour=hour_of()))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1


def test_the_outcome_is_kept_for_people_to_read() -> None:
    begin_tonight("pack", hour=hour_of())
    finish("pack", "Packed 3 repositories.")
    mark = JobMark.objects.get(name="pack")
    assert mark.said == "Packed 3 repositories."
    assert mark.finished_at is not None


def test_old_answers_and_sessions_go_and_young_ones_stay() -> None:
    for hours in (1, 30):
        IdempotentRequest.objects.create(
            owner="key:1", route="/tasks", key=str(hours), body_hash="", answer={}, created_at=now() - timedelta(hours=hours)
        )
        Session.objects.create(session_key=str(hours), session_data="", expire_date=now() + timedelta(hours=10 - hours))
    forgotten = forget_old()
    assert (forgotten.answers, forgotten.sessions, forgotten.events) == (1, 1, 0)


def test_events_are_kept_for_ever_unless_the_settings_say_otherwise() -> None:
    record("task.done", actor=SYSTEM, at=now() - timedelta(days=4000))
    record("phase.completed", actor=SYSTEM, at=now() - timedelta(days=4000), once="phase:1:completed:1")
    record("task.done", actor=SYSTEM)
    assert forget_old().events == 0
    with override_settings(KEEP_EVENTS_DAYS=90):
        assert forget_old().events == 1
    assert Event.objects.count() == 2, "what makes something happen once stays"


def test_packing_leaves_every_version_readable() -> None:
    task = make_task(text="Version 0.\n")
    for number in range(1, 12):
        task = save_files(task, {"instructions.md": f"Version {number}.\n".encode()}, base=task.head, actor=SYSTEM)
    path = store().layout.repository(task.pk)
    assert pack_repositories(loose=10_000) == 0
    assert pack_repositories(loose=10) == 1
    assert list((path / "objects/pack").glob("*.pack"))
    assert not list((path / "objects").glob("??/*"))
    assert len(store().history(task.pk, task.head).items) == 12
    assert store().check_repo(task.pk, task.head) == []
    save_files(task, {"instructions.md": b"After.\n"}, base=task.head, actor=SYSTEM)


def test_packing_keeps_young_objects_that_no_branch_holds() -> None:
    task = make_task(text="Version 0.\n")
    loose = store().write_version(
        task.pk, head=task.head, base=task.head, changes={"instructions.md": b"Not yet committed.\n"}, author=_author(), message="x"
    )
    pack_repositories(loose=1)
    assert store().advance_ref(task.pk, loose.commit)


def _author() -> "object":
    from coordination.queries.repositories import author_of

    return author_of(SYSTEM)
