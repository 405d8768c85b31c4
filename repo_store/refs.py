"""Moving branches by compare-and-swap; the caller holds the repository's lock."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pygit2
from pygit2.enums import ReferenceType

from repo_store.disk import refusals_named, sync_directory
from repo_store.errors import RefMoved, RepoLocked
from repo_store.names import validate_ref
from repo_store.objects import commit_at, is_ancestor

STALE_AFTER = 60.0


def tip(repository: pygit2.Repository, ref: str) -> str | None:
    """Return the commit a branch stands at, or None if there is no such branch; a symbolic branch is a KeyError."""
    reference = repository.references.get(ref)
    if reference is None:
        return None
    if reference.type != ReferenceType.DIRECT:
        raise KeyError(f"{ref} points at another branch")
    return str(reference.target)


def swap(repository: pygit2.Repository, task_id: int, ref: str, new: str, old: str | None) -> bool:
    """Move `ref` from `old` (None: it must not exist) to `new`; return whether it moved.

    A branch that already stands at `new` is left alone and is no error, so the same call can be repeated.
    Raises RefMoved, NoSuchVersion (`new` is not there), RepoLocked.
    """
    validate_ref(ref)
    target = commit_at(repository, new).id
    found = tip(repository, ref)
    if found == new:
        return False
    if found != old:
        raise RefMoved(ref, old, found)
    lock = Path(repository.path) / f"{ref}.lock"
    discard_stale_lock(lock, task_id)
    with refusals_named(Path(repository.path)):
        if found is None:
            repository.references.create(ref, target)
        else:
            repository.references[ref].set_target(target)
        _sync_above(Path(repository.path), ref)
    return True


def advance(repository: pygit2.Repository, task_id: int, ref: str, head: str) -> bool:
    """Move `ref` forward to `head`, whatever it lacks; return whether it moved.

    Two savers may get here in the opposite order of their database commits: the later one moves the branch past the
    earlier, which then finds its version contained and leaves it. A branch that is no ancestor of `head` is RefMoved.
    """
    new = commit_at(repository, head).id
    found = tip(repository, ref)
    if found is not None and found != head:
        current = commit_at(repository, found).id
        if not is_ancestor(repository, current, new):
            if is_ancestor(repository, new, current):
                return False
            raise RefMoved(ref, head, found)
    return swap(repository, task_id, ref, head, found)


def discard_stale_lock(lock: Path, task_id: int) -> bool:
    """Remove a lock file of git that its owner left behind; return whether there was one, or raise RepoLocked if it is fresh.

    Whoever calls this holds the repository's own lock, as every writer does: an old file has no living owner.
    """
    try:
        age = time.time() - os.lstat(lock).st_mtime
    except FileNotFoundError:
        return False
    if age < STALE_AFTER:
        raise RepoLocked(task_id, f"{lock.name} is {max(age, 0):.0f} seconds old")
    lock.unlink(missing_ok=True)
    return True


def _sync_above(path: Path, ref: str) -> None:
    # libgit2 syncs the branch and its folder; `attempts` itself may be new in `heads`.
    folder = (path / ref).parent.parent
    while folder != path and folder.is_relative_to(path):
        sync_directory(folder)
        folder = folder.parent
