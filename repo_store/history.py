"""Who changed what and when: the versions behind a commit, and the version behind each line."""

from __future__ import annotations

import pygit2
from pygit2.enums import DiffOption

from repo_store.errors import NoSuchVersion
from repo_store.objects import author_of, commit_at, decoded, entry_id, file_at, time_of, tree_of
from repo_store.records import BlameLine, Page, Version


def version_of(repository: pygit2.Repository, commit: pygit2.Commit) -> Version:
    """Return a commit as a record."""
    parent = commit.parent_ids[0] if commit.parent_ids else None
    return Version(
        commit=str(commit.id),
        parent=str(parent) if parent else None,
        tree=str(commit.tree_id),
        author=author_of(commit.author),
        when=time_of(commit.author),
        message=decoded(commit.raw_message).rstrip("\n"),
        files_changed=_count_changes(repository, commit, parent),
    )


def _count_changes(repository: pygit2.Repository, commit: pygit2.Commit, parent: pygit2.Oid | None) -> int:
    tree = tree_of(repository, commit)
    flags = DiffOption.SKIP_BINARY_CHECK
    if parent is None:
        return len(tree.diff_to_tree(flags=flags))
    return len(tree.diff_to_tree(tree_of(repository, commit_at(repository, str(parent))), flags=flags))


def page_of_versions(repository: pygit2.Repository, head: str, path: str | None, limit: int, after: str | None) -> Page[Version]:
    """Return up to `limit` versions from `head` back (or from behind the cursor `after`); with `path` only those that changed it.

    Follows first parents: `main` is a line, and an attempt grows from one version of it.
    """
    commit = _start(repository, head, after)
    items: list[Version] = []
    while commit is not None:
        parent = commit_at(repository, str(commit.parent_ids[0])) if commit.parent_ids else None
        if path is None or _touches(repository, commit, parent, path):
            if len(items) == limit:
                return Page(tuple(items), items[-1].commit if items else None)
            items.append(version_of(repository, commit))
        commit = parent
    return Page(tuple(items), None)


def _start(repository: pygit2.Repository, head: str, after: str | None) -> pygit2.Commit | None:
    newest = commit_at(repository, head)
    if after is None:
        return newest
    last = commit_at(repository, after)
    if last.id != newest.id and not repository.descendant_of(newest.id, last.id):
        raise NoSuchVersion(after)
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
    lines: list[BlameLine] = []
    for hunk in repository.blame(path, newest_commit=commit.id):
        origin = commit_at(repository, str(hunk.final_commit_id))
        author, when = author_of(origin.author), time_of(origin.author)
        for number in range(hunk.final_start_line_number, hunk.final_start_line_number + hunk.lines_in_hunk):
            lines.append(BlameLine(str(origin.id), author, when, number, texts[number - 1].removesuffix("\r")))
    return lines
