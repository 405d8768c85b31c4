"""Who changed what and when: the versions behind a commit."""

from __future__ import annotations

import pygit2

from repo_store.counting import counts_between
from repo_store.objects import Blob, author_of, commit_at, decoded, entry_id, files_of, time_of, tree_of
from repo_store.records import FileCount, Page, Step, Version

Listings = dict[pygit2.Oid, dict[str, Blob]]


def version_of(repository: pygit2.Repository, commit: pygit2.Commit, listings: Listings | None = None) -> Version:
    """Return a commit as a record; `listings` saves reading the same tree again for its child."""
    parent = commit.parent_ids[0] if commit.parent_ids else None
    return Version(
        commit=str(commit.id),
        parent=str(parent) if parent else None,
        tree=str(commit.tree_id),
        author=author_of(commit.author),
        when=time_of(commit.author),
        message=decoded(commit.raw_message).rstrip("\n"),
        files_changed=_count_changes(repository, commit, parent, {} if listings is None else listings),
    )


def _count_changes(repository: pygit2.Repository, commit: pygit2.Commit, parent: pygit2.Oid | None, listings: Listings) -> int:
    after = _listing(repository, commit, listings)
    before = _listing(repository, commit_at(repository, str(parent)), listings) if parent else {}
    return sum(before.get(path) != blob for path, blob in after.items()) + sum(path not in after for path in before)


def _listing(repository: pygit2.Repository, commit: pygit2.Commit, listings: Listings) -> dict[str, Blob]:
    if commit.tree_id not in listings:
        listings[commit.tree_id] = files_of(repository, tree_of(repository, commit))[0]
    return listings[commit.tree_id]


def page_of_versions(repository: pygit2.Repository, head: str, path: str | None, limit: int, after: str | None) -> Page[Version]:
    """Return up to `limit` versions from `head` back (or from behind the cursor `after`); with `path` only those that changed it.

    Follows first parents: `main` is a line, and an attempt grows from one version of it.
    """
    commit = _start(repository, head, after)
    items: list[Version] = []
    listings: Listings = {}
    while commit is not None:
        parent = commit_at(repository, str(commit.parent_ids[0])) if commit.parent_ids else None
        if path is None or _touches(repository, commit, parent, path):
            if len(items) == limit:
                return Page(tuple(items), items[-1].commit if items else None)
            items.append(version_of(repository, commit, listings))
        commit = parent
    return Page(tuple(items), None)


def _start(repository: pygit2.Repository, head: str, after: str | None) -> pygit2.Commit | None:
    if after is None:
        return commit_at(repository, head)
    last = commit_at(repository, after)
    return commit_at(repository, str(last.parent_ids[0])) if last.parent_ids else None


def _touches(repository: pygit2.Repository, commit: pygit2.Commit, parent: pygit2.Commit | None, path: str) -> bool:
    before = entry_id(repository, parent, path) if parent is not None else None
    return entry_id(repository, commit, path) != before


def page_of_steps(repository: pygit2.Repository, head: str, path: str | None, limit: int, after: str | None) -> Page[Step]:
    """Return versions as `page_of_versions` does, each with what it changed; with `path` the file is followed where it was renamed.

    The cursor names the last version and, behind a colon, the name that the file had before it.
    """
    last, _, name_there = (after or "").partition(":")
    path = name_there or path
    commit = _start(repository, head, last or None)
    items: list[Step] = []
    while commit is not None:
        parent = commit_at(repository, str(commit.parent_ids[0])) if commit.parent_ids else None
        if path is None or _touches(repository, commit, parent, path):
            if len(items) == limit:
                return Page(tuple(items), f"{items[-1].version.commit}:{path or ''}".rstrip(":"))
            step = _step(repository, commit, path)
            items.append(step)
            path = next((count.old_path for count in step.counts if count.path == path and count.old_path), path)
        commit = parent
    return Page(tuple(items), None)


def _step(repository: pygit2.Repository, commit: pygit2.Commit, path: str | None) -> Step:
    parent = str(commit.parent_ids[0]) if commit.parent_ids else None
    counts = counts_between(repository, parent, str(commit.id))
    version = Version(
        commit=str(commit.id),
        parent=parent,
        tree=str(commit.tree_id),
        author=author_of(commit.author),
        when=time_of(commit.author),
        message=decoded(commit.raw_message).rstrip("\n"),
        files_changed=len(counts),
    )
    return Step(version, _of_file(counts, path) if path else counts, path)


def _of_file(counts: tuple[FileCount, ...], path: str) -> tuple[FileCount, ...]:
    return tuple(count for count in counts if path in (count.path, count.old_path))
