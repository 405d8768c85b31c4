"""Workers that are killed at random: every task is finished exactly once, and none is lost."""

import contextlib
import itertools
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.machines import Engine, Machine
from tests.servers.process import LONG, wait_until

AFTER_A_RETRY_DELAY = """
from django.utils.timezone import now
from coordination.models import Task
from coordination.operations.sweep import sweep
Task.objects.filter(state="waiting").update(retry_at=now())
sweep()
"""


class Fleet:
    """Workers, each on a machine of its own."""

    def __init__(self, engine: Engine, home: Path, size: int, seconds_of_work: str) -> None:
        self.machines = [
            Machine(home / f"w{number}", url=engine.url, key=engine.keys["agent"], agent=f"worker-{number}") for number in range(size)
        ]
        self._line = f"sleep $(shuf -n1 -e {seconds_of_work})"
        self._processes = [self._start(machine) for machine in self.machines]
        self._random = random.Random(20261121)
        self.kills = 0

    def _start(self, machine: Machine) -> "subprocess.Popen[str]":
        return machine.start("work", "--wait", "5", "--quiet", "--exec", self._line)

    def kill_one(self) -> None:
        """`kill -9` one worker and start it again on its machine."""
        number = self._random.randrange(len(self.machines))
        self._processes[number].kill()
        self._processes[number].wait()
        self.kills += 1
        self._processes[number] = self._start(self.machines[number])

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=LONG)
            process.kill()
            process.wait()


@contextlib.contextmanager
def fleet(engine: Engine, home: Path, size: int, seconds_of_work: str) -> Iterator[Fleet]:
    workers = Fleet(engine, home, size, seconds_of_work)
    try:
        yield workers
    finally:
        workers.stop()


def add(engine: Engine, count: int) -> list[int]:
    with engine.client() as muster:
        made = muster.add_tasks("shop", [{"title": f"Job {number}", "max_attempts": 100} for number in range(count)])
    return [task["id"] for task in made["items"]]


def left(engine: Engine) -> int:
    with engine.client() as muster:
        tasks = muster.stats()["tasks"]
    return sum(count for state, count in tasks.items() if state not in ("done", "failed", "cancelled"))


def assert_each_finished_once(engine: Engine, numbers: list[int]) -> None:
    ended: Counter[int] = Counter()
    with engine.client() as muster:
        after = 0
        while events := muster.events(after=after, kind=["task.done"], limit=200)["items"]:
            ended.update(event["task"] for event in events if event["task"] is not None)
            after = events[-1]["id"]
        states = Counter(task["state"] for task in muster.all_tasks(project="shop", limit=200))
        assert states == {"done": len(numbers)}
        assert ended == dict.fromkeys(numbers, 1)
        for number in numbers:
            attempts = muster.attempts(number)["items"] if muster.task(number)["attempts_made"] > 1 else []
            outcomes = [attempt["outcome"] for attempt in attempts]
            assert outcomes.count("done") == (1 if attempts else 0)
            # One after the other: no attempt begins before the one before it has ended.
            assert all(one["finished_at"] is not None for one in attempts)
            assert all(str(one["finished_at"]) <= other["claimed_at"] for one, other in itertools.pairwise(attempts))


def test_killed_workers_lose_and_double_nothing(engine: Engine, tmp_path: Path) -> None:
    numbers = add(engine, 24)
    with fleet(engine, tmp_path, 4, "0.1 0.3 0.6") as workers:
        for _ in range(6):
            before = left(engine)
            wait_until(lambda before=before: left(engine) < before or not left(engine), what="Some progress")  # type: ignore[misc]
            workers.kill_one()

        def is_done() -> bool:
            engine.shell(AFTER_A_RETRY_DELAY)
            return left(engine) == 0

        wait_until(is_done, what="The end of all tasks")
    assert workers.kills == 6
    assert_each_finished_once(engine, numbers)


@pytest.mark.chaos
def test_twenty_workers_and_a_kill_every_second(engine: Engine, tmp_path: Path) -> None:
    numbers = add(engine, 500)
    with fleet(engine, tmp_path, 20, "0.2 0.5 1 3") as workers:
        pause = threading.Event()
        while left(engine) > 20:
            pause.wait(1)
            workers.kill_one()
        wait_until(lambda: left(engine) == 0, seconds=900, what="The end of all tasks")
    assert workers.kills > 20
    assert_each_finished_once(engine, numbers)
