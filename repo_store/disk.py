"""Durable files and directories, and what to call it when the disk refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from repo_store.errors import DamagedRepo, StoreFull, StoreUnavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_TIGHT = 2_000_000
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EFBIG, errno.ESTALE)


@contextmanager
def faults_named(task_id: int) -> Iterator[None]:
    """Turn what libgit2 and the disk raise into StoreFull, StoreUnavailable or DamagedRepo."""
    try:
        yield
    except (pygit2.GitError, OSError, KeyError, ValueError) as fault:
        number = _errno_of(fault)
        if number in _FULL:
            raise StoreFull(os.strerror(number)) from fault
        if number or isinstance(fault, OSError):
            raise StoreUnavailable(os.strerror(number) if number else str(fault)) from fault
        raise DamagedRepo(task_id, f"git says {str(fault).strip() or type(fault).__name__!r}") from fault


@contextmanager
def refusals_named(path: Path) -> Iterator[None]:
    """Turn a failure to write into StoreFull or StoreUnavailable, where damage has been ruled out before.

    libgit2 forgets why a write failed and then misses the object, which would look like damage.
    """
    try:
        yield
    except (pygit2.GitError, OSError, KeyError, ValueError) as fault:
        number = _errno_of(fault)
        if number in _FULL or (not number and _is_full(path)):
            raise StoreFull(os.strerror(errno.ENOSPC)) from fault
        raise StoreUnavailable(os.strerror(number) if number else "git could not write to the disk") from fault


def _is_full(path: Path) -> bool:
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize < _TIGHT or (room.f_files > 0 and room.f_favail == 0)


def _errno_of(fault: Exception) -> int:
    if isinstance(fault, OSError) and fault.errno:
        return fault.errno
    # libgit2 keeps the text of the system's error and drops its number.
    text = str(fault)
    return next((number for number in (*_FULL, *_REFUSED) if os.strerror(number) in text), 0)


def sync_directory(path: Path) -> None:
    """Make the names inside a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a reader, or a power cut, sees the old file or the new one."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def make_directories(path: Path, root: Path) -> None:
    """Create `path` below `root`, each new name durable."""
    missing = []
    while path != root and not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_tree(path: Path) -> None:
    """Make every file and directory below `path` survive a power cut."""
    for folder, _, files in os.walk(path):
        for name in files:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_directory(Path(folder))
