"""Letting a key in: one check for every door, and a brake on whoever guesses."""

import time
from contextlib import suppress

from django.db import OperationalError

from coordination.errors import TooMany, Unauthenticated
from coordination.operations.keys import note_use
from coordination.queries.access import Caller, believed, caller_of_key
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
        brake("keys", f"ip:{address}", public_id and f"key:{public_id}")
        raise
    _note_use(caller)
    return caller


def believe(raw: str) -> Caller | None:
    """Return whose key this was a moment ago, for an operation that asks for it in its own statement; None: `admit` must be asked."""
    caller = believed(raw)
    return caller if caller and caller.key and not _is_due(caller.key.pk) else None


def brake(what: str, *guessers: str) -> None:
    """Count a wrong guess; raise TooMany once there were too many of them in a short time."""
    if wait := wrong_keys.take(*guessers):
        seconds = max(1, round(wait))
        raise TooMany(f"Too many wrong {what} from here; try again in {seconds} s.", retry_after=seconds) from None


def _note_use(caller: Caller) -> None:
    """Write down now and then that the key is in use; every request would be a write too many."""
    key = caller.key
    if key and _is_due(key.pk):
        _noted[key.pk] = time.monotonic()
        with suppress(OperationalError):  # a request that only reads must not fail because nobody can write
            note_use(key)


def _is_due(key_id: int) -> bool:
    return time.monotonic() - _noted.get(key_id, float("-inf")) > NOTE_USE_EVERY
