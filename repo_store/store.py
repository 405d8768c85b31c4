"""The store: every question about, and every change to, the repositories of tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO

import pygit2

from repo_store import bundles, check, intake, locks, objects, packing, refs, repair, wire, writing
from repo_store.disk import faults_named
from repo_store.errors import MissingRepo, NoSuchFile
from repo_store.names import MAIN_REF
from repo_store.reading import RepoReader, contents_of
from repo_store.records import Author, Finding, Version

SEAL_BYTES = 32_000_000


class RepoStore(RepoReader):
    """Git repositories below `root`, one per task, opened by the task's id alone: all that can be asked, and all that changes them."""

    # Writing

    def write_version(
        self,
        task_id: int,
        *,
        head: str | None,
        base: str | None,
        changes: Mapping[str, bytes | None],
        author: Author,
        message: str,
        when: datetime | None = None,
    ) -> Version:
        """Write a version on top of `head` and return it; durable, but on no branch until `advance_ref`.

        `head` is the task's current commit according to the database, `base` the one the writer started from (None:
        the task has no version yet). `changes` maps a path to its new content, or to None to delete it; deleting what
        is not there is no error. A save that changes nothing returns the version of `head`.
        Raises StaleBase, InvalidName, LimitExceeded, NothingToSave, NoSuchVersion, RepoLocked.
        """
        draft = writing.drafted(changes, author, message, when, self.limits)
        with self._writing(task_id, may_create=head is None) as repository:
            return writing.save(repository, draft, self.limits, base=base, head=head)

    def write_seal(
        self,
        task_id: int,
        *,
        parents: Sequence[str],
        files: Mapping[str, bytes | None],
        author: Author,
        message: str,
        when: datetime | None = None,
    ) -> Version:
        """Write one commit with `files` (None deletes one) on top of the first of `parents` that is there.

        It is durable, but on no branch until `advance_ref`.

        What Muster itself writes about an attempt may be larger than what people and agents may save.
        Raises InvalidName, LimitExceeded, RepoLocked.
        """
        limits = replace(self.limits, file_bytes=SEAL_BYTES, task_bytes=2 * SEAL_BYTES, files=2 * self.limits.files)
        draft = writing.drafted(dict(files), author, message, when, limits, roots=None)
        with self._writing(task_id, may_create=True) as repository:
            parent = next((sha for sha in parents if objects.has(repository, sha)), None)
            return writing.seal(repository, draft, limits, parent)

    def restore(
        self,
        task_id: int,
        *,
        head: str,
        from_commit: str,
        author: Author,
        path: str | None = None,
        message: str | None = None,
        when: datetime | None = None,
    ) -> Version:
        """Write a version on top of `head` with the content of an older one: of one file, or of all (`path` None).

        Raises what `write_version` raises, and NoSuchFile.
        """
        with self._reading(task_id) as repository:
            changes = _changes_back(repository, head, from_commit, path)
        what = path or "all files"
        return self.write_version(
            task_id,
            head=head,
            base=head,
            changes=changes,
            author=author,
            message=message or f"Restore {what} from {from_commit[:10]}",
            when=when,
        )

    def advance_ref(self, task_id: int, head: str, ref: str = MAIN_REF) -> bool:
        """Move a branch forward to `head`, the commit the database has just recorded; return whether it moved.

        Order does not matter: a branch that already contains `head` stays. Raises RefMoved if the branch is no ancestor of
        `head`, NoSuchVersion, RepoLocked.
        """
        with self._writing(task_id) as repository:
            return refs.advance(repository, task_id, ref, head)

    @contextmanager
    def locked(self, task_id: int) -> Iterator[Path]:
        """Hold a repository's lock and yield its path, for a writer that is another program (a push). Not reentrant."""
        with faults_named(task_id):
            self.layout.make_shard(task_id)
        with locks.held(self.layout.lock(task_id), task_id, self.patience):
            yield self.layout.verified(task_id)

    # The door for git itself

    def ensure(self, task_id: int) -> None:
        """Make the empty repository of a task that has no files yet, unless it is there. Raises RepoLocked."""
        with self._writing(task_id, may_create=True):
            pass

    def offer(self, task_id: int, service: wire.Service, protocol: str = "") -> bytes:
        """Return the branches as git names them to a client."""
        with faults_named(task_id):
            return wire.offer(self.layout.verified(task_id), service, protocol)

    def send_pack(self, task_id: int, request: IO[bytes], protocol: str = "") -> Iterator[bytes]:
        """Return the answer to a client that fetches, piece by piece; closing the iterator ends the child."""
        with faults_named(task_id):
            return wire.send_pack(self.layout.verified(task_id), request, protocol)

    @contextmanager
    def unpacked(self, task_id: int, pack: IO[bytes]) -> Iterator[intake.Parcel]:
        """Unpack a push beside the repository for inspection; what is not admitted is gone afterwards.

        Raises RefusedPush, LimitExceeded.
        """
        with faults_named(task_id), intake.unpacked(self.layout.verified(task_id), pack, self.limits) as parcel:
            yield parcel

    # Looking after

    def check_repo(self, task_id: int, expected_head: str | None, expected_attempts: Mapping[int, str] | None = None) -> list[Finding]:
        """Return everything wrong with a repository, measured against what the database says; changes nothing."""
        return check.findings(self.layout, task_id, expected_head, expected_attempts or {})

    def repair_repo(self, task_id: int, expected_head: str | None, expected_attempts: Mapping[int, str] | None = None) -> list[Finding]:
        """Repair what can be repaired without the files' content, and return what was found; `rebuild` does the rest."""
        found = self.check_repo(task_id, expected_head, expected_attempts)
        if not found or found[0].code == "not_a_folder":
            return found
        with faults_named(task_id):
            self.layout.make_shard(task_id)
            with locks.held(self.layout.lock(task_id), task_id, self.patience):
                return repair.repaired(self.layout, task_id, expected_head, expected_attempts or {})

    def rebuild(self, task_id: int, files: Mapping[str, bytes], *, author: Author, message: str, when: datetime | None = None) -> Version:
        """Set the repository aside and make a new one whose first version holds `files`; return that version.

        Nothing is deleted: the old one lies in `quarantine`. The caller records the new head.
        """
        draft = writing.drafted(dict(files), author, message, when, self.limits)
        with faults_named(task_id):
            self.layout.make_shard(task_id)
        with locks.held(self.layout.lock(task_id), task_id, self.patience), faults_named(task_id):
            repair.set_aside(self.layout, task_id, self.layout.repository(task_id))
            with objects.opened(self.layout.create(task_id)) as repository:
                version = writing.save(repository, draft, self.limits, base=None, head=None)
                refs.swap(repository, task_id, MAIN_REF, version.commit, None)
                return version

    def copy_of(self, task_id: int, source: Path) -> str:
        """Make a repository a copy of one on this machine, or bring it up to date; return the commit of its HEAD."""
        with self._writing(task_id, may_create=True):
            return bundles.copy(task_id, self.layout.verified(task_id), source)

    def bundle(self, task_id: int, target: Path) -> bool:
        """Write a repository with all its branches to the file `target`; return False if it has none. Raises DamagedRepo."""
        with faults_named(task_id):
            return bundles.bundle(task_id, self.layout.verified(task_id), target)

    def unbundle(self, task_id: int, source: Path, head: str | None, attempts: Mapping[int, str]) -> list[Finding]:
        """Make a repository from a bundle, with its branches where the database says; return what is wrong with it then."""
        with self._writing(task_id, may_create=True):
            bundles.unbundle(task_id, self.layout.verified(task_id), source)
        return [finding for finding in self.repair_repo(task_id, head, attempts) if not finding.repaired]

    def delete(self, task_id: int) -> None:
        """Remove a repository for good; that there is none is no error."""
        with faults_named(task_id):
            self.layout.make_shard(task_id)
        with locks.held(self.layout.lock(task_id), task_id, self.patience), faults_named(task_id):
            self.layout.remove(task_id)

    def set_aside(self, task_id: int, *, untouched_for: float = 0) -> Path | None:
        """Move a repository into quarantine and return its place there, or None if it is not there.

        One that changed within the last `untouched_for` seconds stays: its task may be about to be committed.
        """
        with faults_named(task_id):
            self.layout.make_shard(task_id)
        with locks.held(self.layout.lock(task_id), task_id, self.patience), faults_named(task_id):
            path = self.layout.repository(task_id)
            if untouched_for and packing.seconds_untouched(path) < untouched_for:
                return None
            return repair.set_aside(self.layout, task_id, path)

    def seconds_untouched(self, task_id: int) -> float:
        """Return how long ago something was last written to a repository, infinity if it is not there."""
        return packing.seconds_untouched(self.layout.repository(task_id))

    def pack(self, task_id: int, *, loose: int = 0) -> bool:
        """Join loose objects in one pack if there are at least `loose`, and return whether it did; see `packing` for what is kept."""
        with faults_named(task_id):
            if packing.count_loose(self.layout.verified(task_id)) < loose:
                return False
            with locks.held(self.layout.lock(task_id), task_id, self.patience):
                packing.pack(self.layout.verified(task_id))
                return True

    @contextmanager
    def _writing(self, task_id: int, *, may_create: bool = False) -> Iterator[pygit2.Repository]:
        with faults_named(task_id):
            self.layout.make_shard(task_id)
            with locks.held(self.layout.lock(task_id), task_id, self.patience):
                try:
                    path = self.layout.verified(task_id)
                except MissingRepo:
                    if not may_create:
                        raise
                    path = self.layout.create(task_id)
                with objects.opened(path) as repository:
                    yield repository


def _changes_back(repository: pygit2.Repository, head: str, from_commit: str, path: str | None) -> dict[str, bytes | None]:
    then = contents_of(repository, from_commit)
    if path is not None:
        if path not in then:
            raise NoSuchFile(path, from_commit)
        return {path: then[path]}
    now, _ = objects.files_of(repository, objects.tree_of(repository, objects.commit_at(repository, head)))
    return dict.fromkeys(now) | then
