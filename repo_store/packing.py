"""Keeping repositories small."""

from __future__ import annotations

from pathlib import Path

import git

from repo_store.gitchild import child_environment


def pack(path: Path) -> None:
    """Join loose objects and branches of a repository; the caller holds its lock."""
    try:
        git.Git(path).gc("--quiet", "--prune=14.days.ago", env=child_environment(path))
    except git.GitCommandError as error:
        raise OSError(str(error.stderr)) from error
