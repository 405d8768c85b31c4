"""What a worker that was killed leaves behind, and how the next one on this machine cleans up after it.

Every worker has a directory with a lock that the system drops when it dies. The next worker finds such a directory
unlocked: it repeats the claim whose answer never came, and reports the runs that were cut off, so that their tasks can be
tried again at once instead of after the lease.
"""

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tqc.config import state_directory
from tqc.locks import make_directory, write_private


class Desk:
    """The directory of one living worker."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or state_directory() / "workers"
        make_directory(self.root)
        name = os.urandom(8).hex()
        draft = self.root / f".{name}"
        make_directory(draft)
        self._lock = _try_lock(draft / "lock")
        # Under its real name it appears locked, so that nobody takes it for a dead worker's.
        self.path = draft.rename(self.root / name)

    def note_claim(self, request: dict[str, Any] | None) -> None:
        """Write down the claim that is about to be sent, or that it was answered."""
        if request is None:
            (self.path / "claim.json").unlink(missing_ok=True)
        else:
            write_private(self.path / "claim.json", json.dumps(request).encode())

    def note_run(self, task: int, run: dict[str, Any]) -> None:
        """Write down a task that is in our hands."""
        write_private(self.path / f"run-{task}.json", json.dumps(run).encode())

    def forget_run(self, task: int) -> None:
        (self.path / f"run-{task}.json").unlink(missing_ok=True)

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        shutil.rmtree(self.path, ignore_errors=True)

    def take_leftovers(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the unanswered claims and the cut-off runs of workers that are dead, and remove their directories."""
        claims: list[dict[str, Any]] = []
        runs: list[dict[str, Any]] = []
        for other in self.root.iterdir():
            if other == self.path or other.name.startswith(".") or not other.is_dir():
                continue
            lock = _try_lock(other / "lock")
            if lock is None:
                continue
            claims += _documents(other.glob("claim.json"))
            runs += _documents(other.glob("run-*.json"))
            shutil.rmtree(other, ignore_errors=True)
            os.close(lock)
        return claims, runs


def _documents(paths: Any) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(path.read_bytes()))
    return found


def _try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when a living process holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
