"""Letting a key in: one check for every door, and a brake on whoever guesses."""

import time

from coordination.errors import TooMany, Unauthenticated
from coordination.operations.keys import note_use
from coordination.queries.access import Caller, caller_of_key
from coordination.throttle import wrong_keys

NOTE_USE_EVERY = 60.0  # seconds

_noted: dict[int, float] = {}


def admit(raw: str, address: str) -> Caller:
    """Return whose key this is; a wrong one takes from the few guesses of the client's network `address`.

    Raises Unauthenticated, TooMany.
    """
    try:
        caller = caller_of_key(raw)
    except Unauthenticated:
        public_id = raw.split("_")[1][:16] if raw.count("_") == 2 else ""
        if wait := wrong_keys.take(f"ip:{address}", public_id and f"key:{public_id}"):
            seconds = max(1, round(wait))
            raise TooMany(f"Too many wrong keys from here; try again in {seconds} s.", retry_after=seconds) from None
        raise
    _note_use(caller)
    return caller


def _note_use(caller: Caller) -> None:
    """Write down now and then that the key is in use; every request would be a write too many."""
    key = caller.key
    if key and time.monotonic() - _noted.get(key.pk, float("-inf")) > NOTE_USE_EVERY:
        _noted[key.pk] = time.monotonic()
        note_use(key)
