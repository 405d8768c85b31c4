"""Writing versions: blobs, trees and commits, durable before the call returns; no branch of `main` moves here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from repo_store.disk import refusals_named
from repo_store.errors import InvalidName, NothingToSave, StaleBase
from repo_store.history import version_of
from repo_store.limits import Limits
from repo_store.names import MAIN_ROOTS, Roots, validate_path, validate_tree_names
from repo_store.objects import Blob, commit_at, content_of, files_of, require_sound, sync_objects, tree_of, write_tree
from repo_store.people import clean_message, signatures
from repo_store.records import Author, Version


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller wants to save: validated paths with their new content, None for a file to delete."""

    changes: Mapping[str, bytes | None]
    author: Author
    message: str
    when: datetime | None
    roots: Roots | None = MAIN_ROOTS


def drafted(
    changes: Mapping[str, bytes | None],
    author: Author,
    message: str,
    when: datetime | None,
    limits: Limits,
    roots: Roots | None = MAIN_ROOTS,
) -> Draft:
    """Return a draft whose names and file sizes are allowed; raises InvalidName or LimitExceeded before anything is touched."""
    if when is not None and when.tzinfo is None:
        raise ValueError("`when` needs a time zone.")
    limits.check_files(sum(content is not None for content in changes.values()))
    normal: dict[str, bytes | None] = {}
    for path, content in changes.items():
        name = validate_path(path, roots)
        if name in normal:
            raise InvalidName(path, "two of the given names are the same file")
        if content is not None:
            limits.check_file(name, len(content))
        normal[name] = content
    return Draft(normal, author, message, when, roots)


def save(repository: pygit2.Repository, draft: Draft, limits: Limits, *, base: str | None, head: str | None) -> Version:
    """Write `draft` on top of `head` and return the new version, or the one of `head` if nothing would change.

    The whole current version is read first: nothing is ever written on top of damaged objects.
    Raises StaleBase, NothingToSave, NoSuchVersion, InvalidName, LimitExceeded.
    """
    parent = commit_at(repository, head) if head is not None else None
    current, known, sizes = _current(repository, parent)
    if parent is not None and _changes_nothing(current, draft.changes):
        return version_of(repository, parent)
    if base != head:
        raise StaleBase(base, head)
    return commit_on(repository, draft, limits, parent, current, known, sizes)


def seal(repository: pygit2.Repository, draft: Draft, limits: Limits, parent_sha: str | None) -> Version:
    """Write `draft` as one commit on top of `parent_sha`, even if it changes no file."""
    parent = commit_at(repository, parent_sha) if parent_sha is not None else None
    current, known, sizes = _current(repository, parent)
    return commit_on(repository, draft, limits, parent, current, known, sizes)


def commit_on(
    repository: pygit2.Repository,
    draft: Draft,
    limits: Limits,
    parent: pygit2.Commit | None,
    current: Mapping[str, Blob],
    known: set[pygit2.Oid],
    sizes: Mapping[str, int],
) -> Version:
    """Write the objects of one version, synced, and return it; a refusal comes before the first write."""
    size_after = {path: size for path, size in sizes.items() if path not in draft.changes}
    size_after |= {path: len(content) for path, content in draft.changes.items() if content is not None}
    if not size_after and parent is None:
        raise NothingToSave
    limits.check_task(size_after)
    validate_tree_names(size_after)
    for content in draft.changes.values():
        if content is not None:
            require_sound(repository, pygit2.hash(content))
    with refusals_named(Path(repository.path)):
        commit, written = _write_objects(repository, draft, parent, current)
    sync_objects(repository, written - known)
    return version_of(repository, commit_at(repository, str(commit)))


def _write_objects(
    repository: pygit2.Repository, draft: Draft, parent: pygit2.Commit | None, current: Mapping[str, Blob]
) -> tuple[pygit2.Oid, set[pygit2.Oid]]:
    files = {path: blob for path, blob in current.items() if path not in draft.changes}
    written: set[pygit2.Oid] = set()
    for path, content in draft.changes.items():
        if content is not None:
            files[path] = Blob(repository.create_blob(content), FileMode.BLOB)
            written.add(files[path].oid)
    tree, trees = write_tree(repository, files)
    author, committer = signatures(draft.author, draft.when)
    parents = [parent.id] if parent is not None else []
    commit = repository.create_commit(None, author, committer, clean_message(draft.message), tree, parents)
    written |= trees | {commit}
    # libgit2 has reported a write that did not reach a full disk as done.
    for oid in written:
        if oid not in repository:
            raise KeyError(str(oid))
    return commit, written


def _current(repository: pygit2.Repository, parent: pygit2.Commit | None) -> tuple[dict[str, Blob], set[pygit2.Oid], dict[str, int]]:
    if parent is None:
        return {}, set(), {}
    files, trees = files_of(repository, tree_of(repository, parent))
    sizes = {path: len(content_of(repository, blob.oid)) for path, blob in files.items() if blob.mode != FileMode.COMMIT}
    return files, trees | {blob.oid for blob in files.values()}, sizes


def _changes_nothing(current: Mapping[str, Blob], changes: Mapping[str, bytes | None]) -> bool:
    return all(_is_already(current.get(path), content) for path, content in changes.items())


def _is_already(blob: Blob | None, content: bytes | None) -> bool:
    if blob is None or content is None:
        return blob is None and content is None
    return blob.mode == FileMode.BLOB and blob.oid == pygit2.hash(content)
