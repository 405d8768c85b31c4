"""When each job runs. Read it from top to bottom; docs/operations.md explains each row.

Several consumers may run the same row at once: every operation is safe then, and what runs at night is started once.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings

from coordination.lifecycle import SWEEP_EVERY
from coordination.operations.jobmarks import begin_tonight, finish
from worker import jobs
from worker.queue import BEAT


@dataclass(frozen=True)
class Row:
    """`name` runs every `every` seconds, or once a night."""

    name: str
    run: Callable[[], str]
    every: int
    nightly: bool = False


TIMETABLE = (
    Row("deliver", jobs.deliver, every=BEAT),
    Row("sweep", jobs.sweep, every=SWEEP_EVERY),
    Row("refs", jobs.refs, every=30),
    Row("seals", jobs.seals, every=60),
    Row("forget", jobs.forget, every=3600),
    Row("repocheck", jobs.repocheck, every=600, nightly=True),
    Row("pack", jobs.pack, every=600, nightly=True),
)


def every(seconds: int) -> Callable[[object], bool]:
    """Return a question for the timekeeper: are `seconds` over since it was last answered with yes? The first answer is yes."""
    due = float("-inf")

    def is_due(_now: object) -> bool:
        nonlocal due
        if time.monotonic() < due:
            return False
        due = time.monotonic() + seconds - BEAT / 2  # a beat that comes a little early still counts
        return True

    return is_due


def one_at_a_time(row: Row) -> Callable[[], None]:
    """Return the row's job for this process: a beat that finds the previous one still running passes."""
    running = threading.Lock()

    @wraps(row.run)
    def run() -> None:
        if not running.acquire(blocking=False):
            return
        try:
            if not row.nightly:
                row.run()
            elif begin_tonight(row.name, hour=settings.NIGHT_HOUR):
                finish(row.name, row.run())
        finally:
            running.release()

    return run
