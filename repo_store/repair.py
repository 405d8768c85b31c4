"""Repairing a repository with what the database knows of it: its head and its attempts. Nothing is ever deleted for good."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pygit2

from repo_store.check import GARBAGE, KEPT_PREFIX, Expected, findings, has_commit, packed_lines, refs_on_disk
from repo_store.disk import make_directories, sync_directory, write_durably
from repo_store.errors import NoSuchVersion
from repo_store.layout import CONFIG, HEAD, ID_FILE, Layout
from repo_store.names import ATTEMPT_PREFIX
from repo_store.objects import commit_at, is_ancestor, opened
from repo_store.records import Finding

# Mending one thing uncovers the next: objects can be checked only once HEAD and config are whole.
_ROUNDS = 3


def repaired(layout: Layout, task_id: int, head: str | None, attempts: Mapping[int, str]) -> list[Finding]:
    """Repair what can be repaired and return all that was found; `repaired` is what a second look says, not a hope.

    The caller holds the repository's lock.
    """
    expected = Expected(task_id, layout.repository(task_id), head, attempts)
    seen: dict[tuple[str, str], Finding] = {}
    left: set[tuple[str, str]] = set()
    for _ in range(_ROUNDS):
        current = findings(layout, task_id, head, attempts)
        left = {(finding.code, finding.subject) for finding in current}
        fresh = [finding for finding in current if (finding.code, finding.subject) not in seen]
        seen |= {(finding.code, finding.subject): finding for finding in fresh}
        if not fresh:
            break
        for finding in fresh:
            if mend := _MENDERS.get(finding.code):
                # What git refuses here stays a finding of the second look.
                with suppress(pygit2.GitError, KeyError, ValueError):
                    mend(layout, expected, finding.subject)
    else:
        left = {(finding.code, finding.subject) for finding in findings(layout, task_id, head, attempts)}
    return [replace(finding, repaired=key not in left) for key, finding in seen.items()]


def set_aside(layout: Layout, task_id: int, path: Path) -> Path | None:
    """Move a file, a folder or a link into quarantine and return its new place, or None if there is nothing."""
    if not os.path.lexists(path):
        return None
    make_directories(layout.quarantine(), layout.root)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = layout.quarantine() / f"{task_id}-{stamp}-{uuid.uuid4().hex[:8]}-{path.name[-100:]}"
    os.rename(path, place)
    sync_directory(path.parent)
    sync_directory(layout.quarantine())
    return place


def _mend_folder(_layout: Layout, expected: Expected, subject: str) -> None:
    path = expected.path / subject
    if not os.path.lexists(path):
        make_directories(path, expected.path)


def _mend_id(_layout: Layout, expected: Expected, _subject: str) -> None:
    # Without its name it is ours only if it holds the commit that the database names.
    if expected.head is None or has_commit(expected.path, expected.head):
        write_durably(expected.path / ID_FILE, f"{expected.task_id}\n".encode())


def _mend_config(layout: Layout, expected: Expected, subject: str) -> None:
    set_aside(layout, expected.task_id, expected.path / subject)
    write_durably(expected.path / subject, CONFIG.encode())


def _mend_head(layout: Layout, expected: Expected, subject: str) -> None:
    set_aside(layout, expected.task_id, expected.path / subject)
    write_durably(expected.path / subject, HEAD.encode())


def _mend_packed(layout: Layout, expected: Expected, subject: str) -> None:
    good, _ = packed_lines(expected.path)
    set_aside(layout, expected.task_id, expected.path / subject)
    write_durably(expected.path / subject, "".join(f"{line}\n" for line in good).encode())


def _move_away(layout: Layout, expected: Expected, subject: str) -> None:
    set_aside(layout, expected.task_id, expected.path / subject)


def _sweep(_layout: Layout, expected: Expected, subject: str) -> None:
    path = expected.path / subject
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _mend_main(layout: Layout, expected: Expected, ref: str) -> None:
    if expected.head is None or has_commit(expected.path, expected.head):
        _point(layout, expected, ref, expected.head)


def _mend_attempt(layout: Layout, expected: Expected, ref: str) -> None:
    wanted = expected.attempts.get(int(ref.removeprefix(ATTEMPT_PREFIX)))
    found = refs_on_disk(expected.path).get(ref)
    if wanted is not None and not has_commit(expected.path, wanted):
        return
    # A push that the database has not recorded yet is news to record, not damage to undo.
    if wanted is not None and found not in (None, GARBAGE) and _descends(expected.path, found, wanted):
        return
    _point(layout, expected, ref, wanted)


def _drop_ref(layout: Layout, expected: Expected, ref: str) -> None:
    _point(layout, expected, ref, None)


def _point(layout: Layout, expected: Expected, ref: str, target: str | None) -> None:
    found = refs_on_disk(expected.path).get(ref)
    if found == GARBAGE:
        set_aside(layout, expected.task_id, expected.path / ref)
    with opened(expected.path) as repository:
        if found is not None and found != GARBAGE and not (target and _descends(expected.path, target, found)):
            _keep(repository, found)
        if target is not None:
            repository.references.create(ref, pygit2.Oid(hex=target), force=True)
        elif ref in repository.references:
            repository.references.delete(ref)
    folder = expected.path / "refs" / "heads"
    sync_directory(folder)


def _keep(repository: pygit2.Repository, sha: str) -> None:
    try:
        kept = commit_at(repository, sha)
    except (NoSuchVersion, pygit2.GitError):
        return
    repository.references.create(KEPT_PREFIX + sha, kept.id, force=True)


def _descends(path: Path, young: str | None, old: str | None) -> bool:
    if young is None or old is None or not (has_commit(path, young) and has_commit(path, old)):
        return False
    with opened(path) as repository:
        return is_ancestor(repository, pygit2.Oid(hex=old), pygit2.Oid(hex=young))


_MENDERS: dict[str, Callable[[Layout, Expected, str], None]] = {
    "folder_missing": _mend_folder,
    "id_missing": _mend_id,
    "config": _mend_config,
    "head_file": _mend_head,
    "foreign": _move_away,
    "odd_file": _move_away,
    "stale_lock": _sweep,
    "leftover": _sweep,
    "packed_refs": _mend_packed,
    "foreign_ref": _drop_ref,
    "ref": _mend_main,
    "attempt_ref": _mend_attempt,
}
