"""One lock per repository, held by every writer of every thread and process."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from repo_store.errors import RepoLocked

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.02

# A shared volume may turn flock into a lock of the whole process, so threads need one of their own.
_thread_locks: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
_registry = threading.Lock()


@contextmanager
def held(path: Path, task_id: int, patience: float) -> Iterator[None]:
    """Hold the lock file `path`; raise RepoLocked after `patience` seconds of waiting. Not reentrant."""
    deadline = time.monotonic() + patience
    with _registry:
        thread_lock = _thread_locks.setdefault(path, threading.Lock())
    if not thread_lock.acquire(timeout=patience):
        raise RepoLocked(task_id, "another request is writing to it")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            _flock(descriptor, task_id, deadline)
            yield
        finally:
            os.close(descriptor)
    finally:
        thread_lock.release()


def _flock(descriptor: int, task_id: int, deadline: float) -> None:
    pause = _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RepoLocked(task_id, "another process is writing to it") from None
            # The kernel offers no flock with a deadline, and an alarm signal would reach only the main thread.
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return


def _forget_after_fork() -> None:
    global _registry
    _thread_locks.clear()
    _registry = threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)
