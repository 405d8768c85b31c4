"""One verb, one transaction, tried again when the database picks it as the victim of a deadlock."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from coordination.doorbell import doorbell

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
# PostgreSQL: serialization_failure and deadlock_detected.
RETRYABLE = {"40001", "40P01"}


def atomically(verb: Callable[P, R]) -> Callable[P, R]:
    """Run `verb` in a transaction of its own, or as a part of the caller's."""

    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            return verb(*args, **kwargs)

    return functools.wraps(verb)(_tried_again(verb, in_transaction))


def at_once(verb: Callable[P, R]) -> Callable[P, R]:
    """Run `verb`, which is a single statement and therefore a transaction by itself, without saying BEGIN and COMMIT."""
    return functools.wraps(verb)(_tried_again(verb, verb))


def _tried_again(verb: Callable[P, R], alone: Callable[P, R]) -> Callable[P, R]:
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return verb(*args, **kwargs)
        for tries_left in reversed(range(TRIES)):
            try:
                done = alone(*args, **kwargs)
                doorbell.ring()
                return done
            except OperationalError as error:
                if not tries_left or getattr(error.__cause__, "sqlstate", None) not in RETRYABLE:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    return run


def undone_if_refused() -> AbstractContextManager[object]:
    """Set a savepoint inside a caller's transaction, for callers that go on after a refusal."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
