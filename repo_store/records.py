"""The frozen records that leave this room; no git object does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

FileStatus = Literal["added", "deleted", "modified", "renamed", "copied", "retyped"]
LineKind = Literal["+", "-", " ", "\\"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a version."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Version:
    """One commit: `when` is in UTC, `files_changed` counts against the parent."""

    commit: str
    parent: str | None
    tree: str
    author: Author
    when: datetime
    message: str
    files_changed: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a version; `size` in bytes, `mode` as git writes it (0o100644)."""

    path: str
    size: int
    blob: str
    mode: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order, and the cursor to pass as `after` for the next ones (None: these were the last)."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk, without its line end; kind `\\` notes a missing newline at the end of the file."""

    kind: LineKind
    old_no: int | None
    new_no: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines with its context; `header` is the `@@` line."""

    header: str
    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What happened to one file; an added file has no `old_path`, a deleted one no `new_path`.

    `truncated` says that not all hunks are here, because the diff reached its line limit; the counts are still whole.
    """

    old_path: str | None
    new_path: str | None
    status: FileStatus
    binary: bool
    hunks: tuple[Hunk, ...]
    additions: int
    deletions: int
    truncated: bool = False

    @property
    def path(self) -> str:
        """Return the path to show: the new one, or the old one of a deleted file."""
        return self.new_path or self.old_path or ""


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two versions; `old` None compares with nothing at all."""

    old: str | None
    new: str
    files: tuple[FileDiff, ...]
    additions: int
    deletions: int

    @property
    def truncated(self) -> bool:
        """Return whether some hunks were left out."""
        return any(file.truncated for file in self.files)


@dataclass(frozen=True, slots=True)
class FileCount:
    """One file that differs between two versions, and by how many lines (None: not text, or too much to count)."""

    path: str
    old_path: str | None
    status: FileStatus
    additions: int | None
    deletions: int | None


@dataclass(frozen=True, slots=True)
class FileChange(FileCount):
    """The same with what lies on either side: the blob's id and its size in bytes, None where there is no such file."""

    old_blob: str | None
    new_blob: str | None
    old_size: int
    new_size: int


@dataclass(frozen=True, slots=True)
class Step:
    """A version in a log: what it changed and, in the log of one file, the `path` that the file had there."""

    version: Version
    counts: tuple[FileCount, ...]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class DiffView:
    """Which part of a comparison to look into: lines of context, white space and renames or not, one file or a run of files, most lines."""

    context: int = 3
    spaces: bool = True
    renames: bool = True
    only: str | None = None
    first: int = 0
    count: int = 1_000
    lines: int = 20_000


WHOLE = DiffView()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All files that differ between two versions, and the insides of those that were asked for, in the same order."""

    old: str | None
    new: str
    changes: tuple[FileChange, ...]
    files: tuple[tuple[FileChange, FileDiff], ...]

    @property
    def additions(self) -> int:
        """Return the lines added, as far as they were counted."""
        return sum(change.additions or 0 for change in self.changes)

    @property
    def deletions(self) -> int:
        """Return the lines removed, as far as they were counted."""
        return sum(change.deletions or 0 for change in self.changes)


@dataclass(frozen=True, slots=True)
class Origin:
    """The version that brought some lines, the file's `path` there, and where the file was before it (None: nowhere)."""

    version: Version
    path: str
    before: str | None
    path_before: str | None


@dataclass(frozen=True, slots=True)
class Annotated:
    """The lines of a file, and the origin behind each commit that they name."""

    lines: tuple[BlameLine, ...]
    origins: dict[str, Origin]


@dataclass(frozen=True, slots=True)
class BlameLine:
    """One line of a file and the version that last touched it; `line_no` counts from 1."""

    commit: str
    author: Author
    when: datetime
    line_no: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a repository: a stable `code`, what it is about (a path or a branch), a sentence, and the outcome."""

    code: str
    subject: str
    detail: str
    repaired: bool = False
