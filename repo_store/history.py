"""Who changed what and when: the versions behind a commit, and the version behind each line."""

from __future__ import annotations

import pygit2

from repo_store.objects import Blob, author_of, commit_at, decoded, entry_id, file_at, files_of, require_sound, time_of, tree_of
from repo_store.records import BlameLine, Page, Version

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


def blame_of(repository: pygit2.Repository, sha: str, path: str) -> list[BlameLine]:
    """Return each line of a file with the version that last touched it."""
    commit = commit_at(repository, sha)
    content = file_at(repository, commit, path).data
    if not content:
        return []
    texts = decoded(content).split("\n")
    _require_sound_history(repository, commit)
    lines: list[BlameLine] = []
    for hunk in repository.blame(path, newest_commit=commit.id):
        origin = commit_at(repository, str(hunk.final_commit_id))
        author, when = author_of(origin.author), time_of(origin.author)
        for number in range(hunk.final_start_line_number, hunk.final_start_line_number + hunk.lines_in_hunk):
            lines.append(BlameLine(str(origin.id), author, when, number, texts[number - 1].removesuffix("\r")))
    return lines


def _require_sound_history(repository: pygit2.Repository, commit: pygit2.Commit) -> None:
    # Where a path ends, libgit2's blame compares it with every other file of that version to find a rename.
    blobs: set[pygit2.Oid] = set()
    seen = {commit.id}
    pending = [commit]
    while pending:
        version = pending.pop()
        files, _ = files_of(repository, tree_of(repository, version))
        for blob in {blob.oid for blob in files.values()} - blobs:
            require_sound(repository, blob)
            blobs.add(blob)
        for parent in version.parent_ids:
            if parent not in seen:
                seen.add(parent)
                pending.append(commit_at(repository, str(parent)))
