"""The versions of a task's files: what they were, who wrote them, what changed. Only commits that main holds are shown."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from coordination.errors import MusterError, NotFound, Unavailable
from coordination.merging import Merged, merge
from coordination.models import Task, TaskFile
from coordination.queries.repositories import store, translated
from repo_store import (
    MAIN_ROOTS,
    Annotated,
    BlameLine,
    Comparison,
    Diff,
    DiffView,
    FileCount,
    FileEntry,
    Page,
    RepoError,
    Step,
    Version,
    validate_path,
)

PAGE = 30


@contextmanager
def _read(task: Task) -> Iterator[None]:
    """Read from the store; a task that never had a file has nothing there to be found."""
    try:
        with translated():
            yield
    except Unavailable:
        if task.head:
            raise
        raise NotFound(f"#{task.pk} has no files yet.") from None


def history(task: Task, *, path: str | None = None, after: str | None = None, limit: int = PAGE) -> Page[Version]:
    """Return a page of versions, newest first; a task without files has none."""
    if not task.head:
        return Page((), None)
    with _read(task):
        return store().history(task.pk, task.head, path, limit, after)


def version(task: Task, commit: str) -> Version:
    with _read(task):
        return store().version(task.pk, commit)


def diff(task: Task, old: str | None, new: str) -> Diff:
    with _read(task):
        return store().diff(task.pk, old, new)


def files_at(task: Task, commit: str) -> list[FileEntry]:
    with _read(task):
        return store().list_files(task.pk, commit)


def content(task: Task, path: str, commit: str = "") -> bytes:
    """Return a file as it is, or as it was at a commit."""
    if commit:
        with _read(task):
            return store().read_file(task.pk, commit, path)
    file = task.files.filter(path=path).first()
    if file is None:
        raise NotFound(f"#{task.pk} has no file {path!r}.")
    return bytes(file.content)


def refuse_bad_name(path: str) -> None:
    """Raise NameRefused for what no file of a task may be called, before anybody writes it."""
    with translated():
        validate_path(path, MAIN_ROOTS)


def current_files(task: Task) -> list[TaskFile]:
    """Return the files as they are, without their content."""
    return list(TaskFile.objects.filter(task=task).defer("content").order_by("path"))


def current(task: Task) -> str:
    """Return the commit that is the truth now."""
    if not task.head:
        raise NotFound(f"#{task.pk} has no files yet.")
    return task.head


def patch(task: Task, old: str | None, new: str) -> str:
    """Return what changed as the text that `git apply` reads."""
    with _read(task):
        return store().unified_diff(task.pk, old, new)


def blame(task: Task, path: str, commit: str) -> list[BlameLine]:
    """Return each line of a file with the version that brought it."""
    with _read(task):
        return store().blame(task.pk, commit, path)


def archive(task: Task, commit: str) -> bytes:
    """Return all files of a version as a tar.gz."""
    with _read(task):
        return store().archive(task.pk, commit)


def steps(task: Task, head: str, *, path: str | None = None, after: str | None = None, limit: int = PAGE) -> Page[Step]:
    """Return a page of versions behind `head` with what each changed, newest first; a file is followed through its names."""
    if not head:
        return Page((), None)
    with _read(task):
        return store().steps(task.pk, head, path, limit, after)


def compare(task: Task, old: str | None, new: str, view: DiffView) -> Comparison:
    """Return every file that differs, and the insides of those that `view` asks for."""
    with _read(task):
        return store().compare(task.pk, old, new, view)


def blobs(task: Task, ids: Iterable[str]) -> dict[str, bytes]:
    """Return contents by the ids that a comparison gave."""
    with _read(task):
        return store().blobs(task.pk, ids)


def annotate(task: Task, commit: str, path: str) -> Annotated:
    """Return each line of a file with its origin."""
    with _read(task):
        return store().annotate(task.pk, commit, path)


def is_on_main(task: Task, commit: str) -> bool:
    """Return whether agents were ever to be told this version; others are of an attempt."""
    if not task.head:
        return False
    with _read(task):
        return store().holds(task.pk, task.head, commit)


def counts(task_id: int, old: str, new: str) -> tuple[FileCount, ...] | None:
    """Return what differs between two versions, or None where git cannot say: a log goes on without its figures."""
    try:
        return store().counts(task_id, old or None, new)
    except RepoError:
        return None


def merged(task: Task, path: str, base: str, mine: str) -> tuple[str, Merged]:
    """Return a file's current text, and what comes of it and a text that was written from the version `base`."""
    file = task.files.filter(path=path).first()
    theirs = (file.text or "") if file else ""
    try:
        old = content(task, path, base).decode() if base else ""
    except (MusterError, UnicodeDecodeError):
        old = ""
    return theirs, merge(old, mine, theirs)


def base_now(task: Task, base: str, paths: Iterable[str]) -> str:
    """Return today's version as the base of a change to these files if nobody touched them since `base`, else `base`.

    What somebody else saved of other files is no conflict with a change made on a page.
    """
    if base == task.head or not task.head:
        return base
    try:
        then, today = _blobs_at(task, base), _blobs_at(task, task.head)
    except MusterError:
        return base  # no version of this task: the save says so
    return task.head if all(then.get(path) == today.get(path) for path in paths) else base


def _blobs_at(task: Task, commit: str) -> dict[str, str]:
    return {entry.path: entry.blob for entry in files_at(task, commit)} if commit else {}
