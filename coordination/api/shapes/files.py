"""Files and their versions, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from coordination.api.shapes.base import Asked, Commit, Line, Told, asks
from coordination.api.shapes.tasks import Base64, Path


class FileAsked(Asked):
    """`base` is the commit you started from; If-Match with the file list's ETag commit does the same. "" for a task without files."""

    model_config = asks({"content": "# Do this\n", "base": "", "message": "Write the instructions"})

    content: str | None = None
    base64: str | None = None
    base: Commit | Literal[""] | None = None
    message: Line = ""

    def bytes(self) -> "bytes | None":
        if self.base64 is not None:
            return Base64(base64=self.base64).content()
        return None if self.content is None else self.content.encode()


class FilesAsked(Asked):
    """Several files as one version; null deletes a file."""

    model_config = asks({"files": {"context/notes.md": "- one\n", "context/old.md": None}, "base": "", "message": "Tidy the context"})

    files: Annotated[dict[Path, str | Base64 | None], Field(min_length=1, max_length=200)]
    base: Commit | Literal[""] | None = None
    message: Line = ""


class RestoreAsked(Asked):
    model_config = asks({"commit": "0" * 40, "path": "instructions.md"})

    commit: Commit
    base: Commit | Literal[""] | None = None
    path: Path | None = None


class FileTold(Told):
    path: str
    size: int


class FilesTold(Told):
    task: int
    head: str
    items: list[FileTold]


class FileContent(Told):
    task: int
    commit: str
    path: str
    size: int
    text: str | None
    base64: str | None


class SavedTold(Told):
    task: int
    head: str
    version: int
    warnings: list[str]


class VersionTold(Told):
    commit: str
    parent: str | None
    author: str
    email: str
    when: datetime
    message: str
    files_changed: int


class VersionPage(Told):
    items: list[VersionTold]
    next_cursor: str | None


class DiffTold(Told):
    old: str | None
    new: str
    additions: int
    deletions: int
    truncated: bool
    files: list[dict[str, Any]]


class BlameTold(Told):
    path: str
    commit: str
    lines: list[dict[str, Any]]
