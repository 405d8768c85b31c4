"""The timetable, and the queue it goes through."""

import pickle
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from coordination.lifecycle import SWEEP_EVERY
from tests.servers.process import LONG
from worker.queue import BEAT, JobQueue, Timekeeper
from worker.timetable import TIMETABLE, Row, every, one_at_a_time

SECRET = "a-secret-of-the-tests-0123456789-abcdefghij"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    queue = JobQueue("jobs", storage="sqlite", secret=SECRET, filename=str(tmp_path / "jobs.sqlite3"), results=False)
    yield queue
    queue.storage.close()


def test_the_sweep_comes_every_fifteen_seconds() -> None:
    rows = {row.name: row for row in TIMETABLE}
    assert rows["sweep"].every == SWEEP_EVERY
    assert SWEEP_EVERY % BEAT == 0
    assert rows["refs"].every <= 60
    assert {name for name, row in rows.items() if row.nightly} == {"repocheck", "pack"}


def test_every_job_is_a_command_too() -> None:
    names = {"refs": "repairrefs", "forget": "retention"}
    assert {names.get(row.name, row.name) for row in TIMETABLE} | {"advance"} <= set(get_commands())


def test_a_row_is_due_at_once_and_then_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("worker.timetable.time.monotonic", lambda: clock[0])
    due = every(15)
    asked = []
    for _ in range(13):
        asked.append(due(None))
        clock[0] += BEAT
    assert asked == [number % 3 == 0 for number in range(13)]


def test_a_beat_that_comes_a_little_early_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("worker.timetable.time.monotonic", lambda: clock[0])
    due = every(15)
    assert due(None)
    clock[0] += 14.8
    assert due(None)


def test_a_beat_that_finds_the_job_still_running_passes() -> None:
    began, end, runs = threading.Event(), threading.Event(), []

    def slow() -> str:
        runs.append(1)
        began.set()
        end.wait(LONG)
        return ""

    run = one_at_a_time(Row("slow", slow, every=5))
    thread = threading.Thread(target=run)
    thread.start()
    began.wait(LONG)
    run()
    end.set()
    thread.join()
    run()
    assert len(runs) == 2


def test_a_job_that_fails_runs_again_at_the_next_beat() -> None:
    runs: list[int] = []

    def failing() -> str:
        runs.append(1)
        raise RuntimeError("no")

    run = one_at_a_time(Row("failing", failing, every=5))
    for _ in range(2):
        with pytest.raises(RuntimeError):
            run()
    assert len(runs) == 2


def test_a_message_that_somebody_else_wrote_is_not_unpickled(queue: JobQueue, tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (Path(tmp_path / "owned"),)  # type: ignore[return-value]

    for message in (pickle.dumps(Planted()), pickle.dumps(Planted()) + b":" + b"0" * 40):
        queue.storage.enqueue(message)
        with pytest.raises(ValueError, match=r"not found|mismatch"):
            queue.dequeue()
    assert not (tmp_path / "owned").exists()


def test_a_message_signed_with_another_secret_is_refused(queue: JobQueue, tmp_path: Path) -> None:
    foreign = JobQueue("jobs", storage="sqlite", secret=SECRET[::-1], filename=str(tmp_path / "jobs.sqlite3"), results=False)

    @foreign.task()
    def job() -> None: ...

    foreign.storage.enqueue(foreign.serialize_task(job.s()))
    with pytest.raises(ValueError, match="mismatch"):
        queue.dequeue()
    foreign.storage.close()


def test_messages_hold_nothing_but_ids(queue: JobQueue) -> None:
    from worker import tasks

    registry = tasks.db_periodic_task.__globals__["HUEY"]._registry
    assert {job.name for job in registry.periodic_tasks} == {row.name for row in TIMETABLE}
    assert all(job.args == () and job.kwargs == {} for job in registry.periodic_tasks)


def test_while_the_queue_is_down_the_jobs_run_without_it(tmp_path: Path) -> None:
    """Redis that refuses connections: port 9 has no listener."""
    queue = JobQueue("jobs", storage="redis", secret=SECRET, url="redis://127.0.0.1:9/0?socket_connect_timeout=1", results=False)
    ran = threading.Event()

    @queue.periodic_task(lambda now: True, name="beat")
    def beat() -> None:
        ran.set()

    began = time.monotonic()
    Timekeeper(queue, threading.Event(), 1, True).enqueue_periodic_tasks(datetime.now(UTC))
    assert ran.wait(LONG)
    assert time.monotonic() - began < LONG


def test_opening_the_queue_needs_no_reachable_storage() -> None:
    JobQueue("jobs", storage="redis", secret=SECRET, url="redis://127.0.0.1:9/0")
    JobQueue("jobs", storage="postgres", secret=SECRET, dsn="postgres://127.0.0.1:9/none", create_tables=False)


def test_the_settings_name_threads_enough_for_what_may_hang() -> None:
    assert settings.JOB_THREADS >= 3
