"""Real consumer processes (A9, B2, B5, C1): two at once, killed, and without their queue."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from coordination.lifecycle import State
from coordination.models import Attempt, Event, Lease, Phase, SweepMark, Task
from coordination.models.clock import now
from tests.servers import throwaway_redis
from tests.servers.muster import ROOT, SECRET_KEY
from tests.servers.process import LONG, wait_until
from tests.worker.cast import let_lease_expire, make_claim, make_project, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def environment(home: Path, redis_url: str = "") -> dict[str, str]:
    """The consumer works on the test's own database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    chosen = {
        "DJANGO_SETTINGS_MODULE": "coordination.settings",
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "MUSTER_HOME": str(home),
        "REPO_ROOT": str(settings.REPO_ROOT),
        "SECRET_KEY": SECRET_KEY,
    }
    return os.environ | chosen


@contextmanager
def consumers(home: Path, number: int = 1, redis_url: str = "") -> Iterator[list[subprocess.Popen[bytes]]]:
    home.mkdir(exist_ok=True)
    with (home / "consumer.log").open("ab") as log:
        running = [
            subprocess.Popen([sys.executable, "manage.py", "run_huey"], cwd=ROOT, env=environment(home, redis_url), stdout=log, stderr=log)
            for _ in range(number)
        ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def overdue_task() -> Task:
    task = make_task()
    make_claim(task, f"agent-of-{task.pk}")
    # Before the last sweep, else a consumer that needs a minute to start takes itself for one that comes back and extends it.
    let_lease_expire(task, seconds=60)
    SweepMark.objects.update_or_create(pk=1, defaults={"swept_at": now() - timedelta(seconds=30)})
    return task


def is_queued(*tasks: Task) -> bool:
    return Task.objects.filter(pk__in=[task.pk for task in tasks], state=State.QUEUED).count() == len(tasks)


def test_two_consumers_expire_retry_and_advance_once(tmp_path: Path) -> None:
    overdue = [overdue_task() for _ in range(10)]
    retrying = make_task()
    Task.objects.filter(pk=retrying.pk).update(state=State.WAITING, retry_at=now() - timedelta(seconds=1))
    project = make_project()
    from coordination.actor import SYSTEM
    from coordination.operations.creation import NewTask, create_task
    from coordination.operations.phases import create_phase

    phase = create_phase(project, name="Build", actor=SYSTEM)
    last = create_task(project, NewTask("The last task", phase=phase), actor=SYSTEM)
    Task.objects.filter(pk=last.pk).update(state=State.DONE)
    with consumers(tmp_path / "home", 2):
        wait_until(lambda: is_queued(*overdue, retrying), what="The sweep")
        wait_until(lambda: Phase.objects.get(pk=phase.pk).state == "completed", what="The advance of the phase")
        first = SweepMark.objects.get().swept_at
        wait_until(lambda: SweepMark.objects.get().swept_at > first, what="The next sweep")
    expired = Event.objects.filter(kind="task.expired").values_list("task_id", flat=True)
    assert sorted(expired) == sorted(task.pk for task in overdue)
    assert Event.objects.filter(kind="phase.completed", phase_id=phase.pk).count() == 1
    assert Event.objects.filter(kind="task.queued", task_id=retrying.pk).count() == 2, "when it was made, and when the retry was due"
    assert not Lease.objects.exists()
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"expired"}


def test_a_consumer_sweeps_again_after_another_was_killed(tmp_path: Path) -> None:
    began = now()
    with consumers(tmp_path / "home") as (first,):
        wait_until(lambda: SweepMark.objects.filter(swept_at__gt=began).exists(), what="The first sweep")
        first.kill()
        first.wait()
    overdue = overdue_task()
    with consumers(tmp_path / "home"):
        wait_until(lambda: is_queued(overdue), what="The sweep of the new consumer")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_consumer_that_is_asked_to_stop_does(tmp_path: Path, number: signal.Signals) -> None:
    overdue = overdue_task()
    with consumers(tmp_path / "home") as (process,):
        wait_until(lambda: is_queued(overdue), what="The sweep")
        process.send_signal(number)
        assert process.wait(timeout=LONG) is not None


@pytest.mark.once("sqlite", "the queue is Redis on both")
def test_with_redis_hung_or_wiped_the_sweep_goes_on(tmp_path: Path) -> None:
    with throwaway_redis() as redis, consumers(tmp_path / "home", redis_url=redis.url):
        first = overdue_task()
        wait_until(lambda: is_queued(first), what="A sweep through Redis")
        assert redis.process is not None
        redis.process.send_signal(signal.SIGSTOP)
        try:
            second = overdue_task()
            wait_until(lambda: is_queued(second), what="A sweep while Redis hangs")
        finally:
            redis.process.send_signal(signal.SIGCONT)
        redis.kill()
        third = overdue_task()
        wait_until(lambda: is_queued(third), what="A sweep while Redis is gone")
        redis.start()
        fourth = overdue_task()
        wait_until(lambda: is_queued(fourth), what="A sweep after Redis came back empty")
