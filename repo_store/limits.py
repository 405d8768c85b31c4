"""How much one task may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from repo_store.errors import LimitExceeded, printable


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file and task (bytes), the most files of one version, and the most lines one diff shows.

    For one push: the largest pack as it comes (bytes), the largest object in it that is no file (bytes), the most objects,
    the most commits, and how long it may keep a processor busy (seconds).
    """

    file_bytes: int = 1_000_000
    files: int = 200
    task_bytes: int = 20_000_000
    diff_lines: int = 20_000
    pack_bytes: int = 64_000_000
    object_bytes: int = 4_000_000
    push_objects: int = 50_000
    push_commits: int = 1_000
    push_seconds: int = 30

    def check_file(self, path: str, size: int) -> None:
        """Raise LimitExceeded if a file of `size` bytes is too large."""
        if size > self.file_bytes:
            raise LimitExceeded(
                "file_bytes",
                self.file_bytes,
                size,
                f"The file {printable(path)} has {size:,} bytes; a file may have {self.file_bytes:,}. Shorten or split it.",
            )

    def check_files(self, count: int) -> None:
        """Raise LimitExceeded if a version of `count` files is too many."""
        if count > self.files:
            raise LimitExceeded(
                "files", self.files, count, f"The task would have {count:,} files; it may have {self.files:,}. Remove or join some."
            )

    def check_task(self, sizes: Mapping[str, int]) -> None:
        """Raise LimitExceeded if a version of these files (path to bytes) is too large as a whole."""
        self.check_files(len(sizes))
        total = sum(sizes.values())
        if total > self.task_bytes:
            raise LimitExceeded(
                "task_bytes",
                self.task_bytes,
                total,
                f"The files of the task would have {total:,} bytes together; they may have {self.task_bytes:,}. Remove or shorten some.",
            )
