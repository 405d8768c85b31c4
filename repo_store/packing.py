"""Packing loose objects, and how old and how full a repository is."""

from __future__ import annotations

import time
from pathlib import Path

import git

from repo_store.gitchild import child_environment

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


def pack(path: Path) -> None:
    """Pack what the branches reach and drop what nothing reached for 14 days; the caller holds the lock."""
    try:
        git.Git(path).gc("--quiet", f"--prune={PRUNE_BEFORE}", env=child_environment(path))
    except git.GitCommandError as error:
        raise OSError(str(error.stderr)) from error
