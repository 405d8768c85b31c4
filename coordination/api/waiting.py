"""Waiting for something to happen: a thread that holds no database connection, woken by the hub."""

import time
from collections.abc import Callable
from typing import TypeVar

from coordination.hub import Wanted, hub

T = TypeVar("T")

LONGEST_WAIT = 30  # seconds
LOOK_EVERY = 15.0  # seconds; a wake-up is a hint, and hints get lost


def long_poll(look: Callable[[], T], wanted: Wanted, seconds: float, *, exclusive: bool = False) -> T:
    """Return what `look` finds, looking again whenever a wanted event happens, until it finds something or time is up."""
    if seconds <= 0:
        return look()
    deadline = time.monotonic() + min(seconds, LONGEST_WAIT)
    with hub.subscribe(wanted, exclusive=exclusive) as subscription:
        found = look()
        while not found and (left := deadline - time.monotonic()) > 0:
            subscription.wait(min(left, LOOK_EVERY))
            found = look()
    return found
