"""Which version brought each line of a file, and what stood there before."""

from __future__ import annotations

import pygit2

from repo_store.counting import counts_between
from repo_store.history import version_of
from repo_store.objects import author_of, commit_at, decoded, file_at, files_of, require_sound, time_of, tree_of
from repo_store.records import Annotated, BlameLine, Origin


def blame_of(repository: pygit2.Repository, sha: str, path: str) -> list[BlameLine]:
    """Return each line of a file with the version that last touched it."""
    return _blamed(repository, sha, path)[0]


def annotated(repository: pygit2.Repository, sha: str, path: str) -> Annotated:
    """Return the same with each version that is named, and where the file was before it."""
    lines, paths = _blamed(repository, sha, path)
    return Annotated(tuple(lines), {commit: _origin(repository, commit, there) for commit, there in paths.items()})


def _origin(repository: pygit2.Repository, commit: str, path: str) -> Origin:
    version = version_of(repository, commit_at(repository, commit))
    counts = counts_between(repository, version.parent, commit)
    old_path = next((count.old_path for count in counts if count.path == path), None)
    return Origin(version, path, version.parent if old_path else None, old_path)


def _blamed(repository: pygit2.Repository, sha: str, path: str) -> tuple[list[BlameLine], dict[str, str]]:
    """Return the lines, and the name that the file had in each version that brought some of them."""
    commit = commit_at(repository, sha)
    content = file_at(repository, commit, path).data
    if not content:
        return [], {}
    texts = decoded(content).split("\n")
    _require_sound_history(repository, commit)
    lines: list[BlameLine] = []
    paths: dict[str, str] = {}
    for hunk in repository.blame(path, newest_commit=commit.id):
        origin = commit_at(repository, str(hunk.final_commit_id))
        author, when = author_of(origin.author), time_of(origin.author)
        paths.setdefault(str(origin.id), hunk.orig_path or path)
        for number in range(hunk.final_start_line_number, hunk.final_start_line_number + hunk.lines_in_hunk):
            lines.append(BlameLine(str(origin.id), author, when, number, texts[number - 1].removesuffix("\r")))
    return lines, paths


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
