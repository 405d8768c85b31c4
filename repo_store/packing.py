"""Packing loose objects, and how old and how full a repository is."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from repo_store.errors import DamagedRepo
from repo_store.gitchild import run_git

PRUNE_BEFORE = "14.days.ago"  # what no branch holds may belong to a push or a save that is still under way


def count_loose(path: Path) -> int:
    """Return the number of loose objects."""
    return sum(1 for _ in (path / "objects").glob("[0-9a-f][0-9a-f]/*"))


def seconds_untouched(path: Path) -> float:
    """Return how long ago something was last added to the repository or taken from it."""
    try:
        newest = max(folder.stat().st_mtime for folder in (path, path / "objects", path / "refs" / "heads") if folder.exists())
    except ValueError:
        return float("inf")
    return time.time() - newest


def pack(task_id: int, path: Path) -> None:
    """Pack what the branches reach and drop what nothing reached for 14 days; the caller holds the lock."""
    commands = (
        ("repack", "-d", "-l", "-q"),
        ("prune", f"--expire={PRUNE_BEFORE}"),
    )
    for command in commands:
        try:
            result = run_git(path, *command, timeout=300)
        except subprocess.TimeoutExpired:
            raise DamagedRepo(task_id, f"git {command[0]} did not end within 300 seconds") from None
        if result.returncode != 0:
            raise DamagedRepo(task_id, f"git {command[0]} says: {result.stdout.strip()[:300]}")
