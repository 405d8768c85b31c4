"""Keeping repositories small."""

from __future__ import annotations

from pathlib import Path

import git

from repo_store.gitchild import child_environment


def pack(path: Path) -> None:
    """Join loose objects and branches of a repository; the caller holds its lock."""
    with git.Repo(path, expand_vars=False) as repository:
        repository.git.update_environment(**child_environment(path))
        try:
            repository.git.gc("--quiet", "--prune=14.days.ago")
        except git.GitCommandError as error:
            raise OSError(str(error.stderr)) from error
