"""Files that several processes of one person write: locked while they change, replaced whole, readable by their owner alone."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that belongs to a file; other processes wait."""
    make_directory(path.parent)
    with open(os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as handle:
        _lock(handle.fileno())
        yield


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole, with mode 600; a crash leaves the old one or the new one."""
    make_directory(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def make_directory(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # Closing the file unlocks it, and so does the end of the process, however it comes.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
