"""What can be asked of the repositories of tasks; nothing here changes one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from repo_store import archives, blaming, counting, diffing, history, objects, refs
from repo_store.disk import faults_named
from repo_store.errors import MissingRepo
from repo_store.layout import Layout
from repo_store.limits import Limits
from repo_store.names import MAIN_REF, validate_ref
from repo_store.records import WHOLE, Annotated, BlameLine, Comparison, Diff, DiffView, FileCount, FileEntry, Page, Step, Version

LONGEST_PAGE = 200


class RepoReader:
    """The reading half of the store.

    Safe to share between threads: it holds paths and limits, and opens a repository anew for each call.
    Every call may raise DamagedRepo and StoreUnavailable besides what it names.
    """

    def __init__(self, root: Path, limits: Limits | None = None, *, patience: float = 10.0) -> None:
        """Use the repositories below `root`; writers wait up to `patience` seconds for each other."""
        self.limits = limits or Limits()
        self.layout = Layout(Path(root).absolute())
        self.patience = patience

    def read_file(self, task_id: int, commit: str, path: str) -> bytes:
        """Return the content of a file in a version. Raises NoSuchVersion, NoSuchFile."""
        with self._reading(task_id) as repository:
            return objects.file_at(repository, objects.commit_at(repository, commit), path).data

    def list_files(self, task_id: int, commit: str) -> list[FileEntry]:
        """Return the files of a version, sorted by path. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            files, _ = objects.files_of(repository, objects.tree_of(repository, objects.commit_at(repository, commit)))
            return list(objects.entries_of(repository, files))

    def read_files(self, task_id: int, commit: str) -> dict[str, bytes]:
        """Return the content of every file of a version by its path. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return contents_of(repository, commit)

    def version(self, task_id: int, commit: str) -> Version:
        """Return one version. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return history.version_of(repository, objects.commit_at(repository, commit))

    def history(self, task_id: int, head: str | None, path: str | None = None, limit: int = 50, after: str | None = None) -> Page[Version]:
        """Return the versions behind `head`, newest first, `limit` (1 to 200) at a time; with `path` those that changed it.

        `after` is the `next` of the page before. Raises NoSuchVersion.
        """
        if head is None:
            return Page((), None)
        with self._reading(task_id) as repository:
            return history.page_of_versions(repository, head, path, max(1, min(limit, LONGEST_PAGE)), after)

    def diff(self, task_id: int, old: str | None, new: str) -> Diff:
        """Return what changed from `old` (None: from nothing) to `new`, renames found. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return diffing.diff_of(repository, old, new, self.limits.diff_lines)

    def unified_diff(self, task_id: int, old: str | None, new: str) -> str:
        """Return the same as the text that `git apply` reads. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return diffing.patch_of(repository, old, new)

    def blame(self, task_id: int, commit: str, path: str) -> list[BlameLine]:
        """Return each line of a file with the version that last touched it. Raises NoSuchVersion, NoSuchFile."""
        with self._reading(task_id) as repository:
            return blaming.blame_of(repository, commit, path)

    def steps(self, task_id: int, head: str | None, path: str | None = None, limit: int = 50, after: str | None = None) -> Page[Step]:
        """Return a page of versions as `history` does, each with its counted changes; with `path`, the file is followed through renames.

        `after` is the `next` of the page before. Raises NoSuchVersion.
        """
        if head is None:
            return Page((), None)
        with self._reading(task_id) as repository:
            return history.page_of_steps(repository, head, path, max(1, min(limit, LONGEST_PAGE)), after)

    def counts(self, task_id: int, old: str | None, new: str) -> tuple[FileCount, ...]:
        """Return which files differ between two versions and by how many lines. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return counting.counts_between(repository, old, new)

    def compare(self, task_id: int, old: str | None, new: str, view: DiffView = WHOLE) -> Comparison:
        """Return all files that differ between two versions, and what changed inside those that `view` asks for. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return diffing.comparison_of(repository, old, new, view)

    def blobs(self, task_id: int, ids: Iterable[str]) -> dict[str, bytes]:
        """Return the content of files by the id that a FileChange gives them; those that are not there are left out."""
        with self._reading(task_id) as repository:
            return {each: content for each in ids if (content := objects.blob_content(repository, each)) is not None}

    def annotate(self, task_id: int, commit: str, path: str) -> Annotated:
        """Return each line of a file with its origin, and where to look for what stood there before. Raises NoSuchVersion, NoSuchFile."""
        with self._reading(task_id) as repository:
            return blaming.annotated(repository, commit, path)

    def holds(self, task_id: int, head: str, commit: str) -> bool:
        """Return whether a version is `head` or one of those behind it. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return objects.is_ancestor(repository, objects.commit_at(repository, commit).id, objects.commit_at(repository, head).id)

    def archive(self, task_id: int, commit: str) -> bytes:
        """Return the files of a version as a tar.gz, always the same bytes for the same version. Raises NoSuchVersion."""
        with self._reading(task_id) as repository:
            return archives.archive_of(repository, commit, f"task-{task_id}")

    def tip(self, task_id: int, ref: str = MAIN_REF) -> str | None:
        """Return where a branch stands, None if it does not exist; the truth about `main` is in the database."""
        try:
            with self._reading(task_id) as repository:
                return refs.tip(repository, validate_ref(ref))
        except MissingRepo:
            return None

    def task_ids(self) -> Iterator[int]:
        """Yield the id of every repository on disk, in no particular order."""
        return self.layout.task_ids()

    @contextmanager
    def _reading(self, task_id: int) -> Iterator[pygit2.Repository]:
        with faults_named(task_id), objects.opened(self.layout.verified(task_id)) as repository:
            yield repository


def contents_of(repository: pygit2.Repository, commit: str) -> dict[str, bytes]:
    """Return the content of every file of a version by its path."""
    files, _ = objects.files_of(repository, objects.tree_of(repository, objects.commit_at(repository, commit)))
    return {path: objects.content_of(repository, blob.oid) for path, blob in files.items() if objects.is_regular(blob.mode)}
