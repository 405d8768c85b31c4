"""Slowing down whoever guesses keys, without ever locking out whoever has one.

A token bucket for each address and each public id, in this process. Only wrong keys take from it, and a right key
passes whatever the bucket holds: nobody can lock out an owner by guessing at the owner's key.
"""

import threading
import time
from collections import OrderedDict

BURST = 20
SECONDS_EACH = 3.0  # for one more guess
KEPT = 10_000


class Buckets:
    """How many more guesses each name has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, *names: str) -> float:
        """Take one guess from each name; return the seconds to wait before the next, 0 when this one was allowed."""
        moment = time.monotonic()
        with self._lock:
            return max((self._take(name, moment) for name in names if name), default=0.0)

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def _take(self, name: str, moment: float) -> float:
        left, since = self._left.pop(name, (float(BURST), moment))
        left = min(float(BURST), left + (moment - since) / SECONDS_EACH)
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, moment)
        while len(self._left) > KEPT:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * SECONDS_EACH


wrong_keys = Buckets()
