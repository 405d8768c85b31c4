"""Leases that this machine holds, kept in a file between one command and the next: what `claim` got, `complete` needs."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from tqc.config import state_directory
from tqc.errors import NoLease
from tqc.locks import locked, write_private
from tqc.shapes import Claim

T = TypeVar("T")
KEEP_PENDING = 24 * 3600  # seconds; as long as the server remembers an idempotency key


@dataclass(frozen=True)
class HeldLease:
    """The proof that this machine holds a task, and what it was told with it."""

    url: str
    task: int
    token: str
    agent: str = ""
    attempt: int = 0
    fence: int = 0
    expires_at: str = ""
    commit: str = ""
    title: str = ""


def of_claim(url: str, claim: Claim) -> HeldLease:
    return HeldLease(
        url=url,
        task=claim["task"]["id"],
        token=claim["lease_token"],
        agent=claim["attempt"]["agent"],
        attempt=claim["attempt"]["number"],
        fence=claim["fence"],
        expires_at=claim["expires_at"],
        commit=claim["attempt"]["commit"],
        title=claim["task"]["title"],
    )


class LeaseBook:
    """The file of leases and of claims whose answer never arrived."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_directory() / "leases.json"

    def remember(self, lease: HeldLease) -> None:
        def change(book: dict[str, Any]) -> None:
            book["leases"] = [each for each in book["leases"] if not _is(each, lease.url, lease.task)] + [asdict(lease)]

        self._change(change)

    def forget(self, url: str, task: int) -> None:
        def change(book: dict[str, Any]) -> None:
            book["leases"] = [each for each in book["leases"] if not _is(each, url, task)]

        self._change(change)

    def all(self, url: str) -> list[HeldLease]:
        """Return the leases on tasks of one server."""
        known = HeldLease.__dataclass_fields__
        return [HeldLease(**{name: each[name] for name in known if name in each}) for each in self._read()["leases"] if each["url"] == url]

    def find(self, url: str, task: int) -> HeldLease | None:
        return next((lease for lease in self.all(url) if lease.task == task), None)

    def require(self, url: str, task: int) -> HeldLease:
        """Return the lease on a task: from the environment of a command that `tqc work` runs, or from the file."""
        token = os.environ.get("MUSTER_LEASE_TOKEN", "")
        if token and os.environ.get("MUSTER_TASK") == str(task):
            return HeldLease(url, task, token)
        lease = self.find(url, task)
        if lease is None:
            raise NoLease(f"This machine holds no lease on #{task}.", hint=f"tqc claim {task}")
        return lease

    def pending_key(self, url: str, what: str) -> str:
        """Return the idempotency key of a claim: that of a dead process whose answer never arrived, so that its task is not lost."""

        def change(book: dict[str, Any]) -> str:
            fresh = [each for each in book["pending"] if time.time() - each["at"] < KEEP_PENDING]
            for entry in fresh:
                if entry["what"] == f"{url} {what}" and not _is_alive(entry["pid"]):
                    entry["pid"] = os.getpid()
                    break
            else:
                entry = {"what": f"{url} {what}", "key": os.urandom(16).hex(), "at": time.time(), "pid": os.getpid()}
                fresh.append(entry)
            book["pending"] = fresh
            return str(entry["key"])

        return self._change(change)

    def settle(self, key: str) -> None:
        """Note that the claim with this key was answered, one way or the other."""

        def change(book: dict[str, Any]) -> None:
            book["pending"] = [each for each in book["pending"] if each["key"] != key]

        self._change(change)

    def _change(self, change: Callable[[dict[str, Any]], T]) -> T:
        with locked(self.path):
            book = self._read()
            result = change(book)
            write_private(self.path, json.dumps(book, indent=1, ensure_ascii=False).encode())
            return result

    def _read(self) -> dict[str, Any]:
        try:
            book = json.loads(self.path.read_bytes())
        except (FileNotFoundError, ValueError):
            book = {}
        return {"version": 1, "leases": book.get("leases", []), "pending": book.get("pending", [])}


def _is(entry: dict[str, Any], url: str, task: int) -> bool:
    return entry.get("url") == url and entry.get("task") == task


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return False  # two claims at once on one machine then share a lease, which is better than losing one
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
