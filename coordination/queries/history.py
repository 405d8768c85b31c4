"""The versions of a task's files, as the database and the store of repositories tell them together.

The database says which commit is the current one; what a commit holds is asked of the store.
"""

from coordination.errors import NotFound
from coordination.models import Task, TaskFile
from coordination.queries.repositories import store, translated
from repo_store import BlameLine, Diff, FileEntry, Page, Version


def current_files(task: Task) -> list[TaskFile]:
    return list(TaskFile.objects.filter(task=task).defer("content").order_by("path"))


def files_at(task: Task, commit: str) -> list[FileEntry]:
    with translated():
        return store().list_files(task.pk, commit)


def content_of(task: Task, path: str, commit: str | None = None) -> bytes:
    """Return a file as it is now, or as it was in a commit."""
    if commit and commit != task.head:
        with translated():
            return store().read_file(task.pk, commit, path)
    file = TaskFile.objects.filter(task=task, path=path).first()
    if file is None:
        raise NotFound(f"#{task.pk} has no file {path!r}.")
    return bytes(file.content)


def history_of(task: Task, *, path: str | None = None, limit: int = 50, after: str | None = None) -> Page[Version]:
    with translated():
        return store().history(task.pk, task.head or None, path, limit, after)


def diff_between(task: Task, old: str | None, new: str | None) -> Diff:
    """Return what changed from `old` (None: from nothing) to `new` (None: to the current version)."""
    with translated():
        return store().diff(task.pk, old, new or _head_of(task))


def patch_between(task: Task, old: str | None, new: str | None) -> str:
    with translated():
        return store().unified_diff(task.pk, old, new or _head_of(task))


def blame_of(task: Task, path: str, commit: str | None = None) -> list[BlameLine]:
    with translated():
        return store().blame(task.pk, commit or _head_of(task), path)


def archive_of(task: Task, commit: str | None = None) -> bytes:
    """Return a tar.gz of all files of a version."""
    with translated():
        return store().archive(task.pk, commit or _head_of(task))


def _head_of(task: Task) -> str:
    if not task.head:
        raise NotFound(f"#{task.pk} has no files yet.")
    return task.head
