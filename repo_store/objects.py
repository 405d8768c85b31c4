"""Reading and building git objects in this process, through libgit2."""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, FileMode, ObjectType, Option

from repo_store.disk import sync_directory
from repo_store.errors import NoSuchFile, NoSuchVersion
from repo_store.records import Author, FileEntry

_LARGEST_OBJECT = 64 << 20
_SHA = re.compile(r"[0-9a-f]{40}")

pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)
# The machine's own git settings must not change what Muster writes or trusts; REPO_ROOT is ours whoever owns the volume.
for _level in (ConfigLevel.SYSTEM, ConfigLevel.GLOBAL, ConfigLevel.XDG):
    pygit2.option(Option.SET_SEARCH_PATH, _level, "")
pygit2.option(Option.SET_OWNER_VALIDATION, False)


@dataclass(frozen=True, slots=True)
class Blob:
    """A file inside a tree."""

    oid: pygit2.Oid
    mode: int = FileMode.BLOB


def get(repository: pygit2.Repository, oid: pygit2.Oid) -> pygit2.Object:
    """Return a sound object; every read of this room comes through here or calls `require_sound` first.

    Raises KeyError if it is missing and GitError if it is damaged.
    """
    require_sound(repository, oid)
    return repository[oid]


def content_of(repository: pygit2.Repository, oid: pygit2.Oid) -> bytes:
    """Return the content of a sound object."""
    require_sound(repository, oid)
    return repository.odb.read(oid)[1]


def blob_content(repository: pygit2.Repository, sha: str) -> bytes | None:
    """Return the content of a file by its blob's full id, or None if there is no such file."""
    if not _SHA.fullmatch(sha):
        return None
    try:
        found = get(repository, pygit2.Oid(hex=sha))
    except KeyError:
        return None
    return found.data if isinstance(found, pygit2.Blob) else None


def require_sound(repository: pygit2.Repository, oid: pygit2.Oid) -> None:
    """Raise GitError if the object has a file of its own that is cut off or altered.

    libgit2 1.9 reads a truncated loose object for ever, holding the interpreter's lock (libgit2 issue 7342), so no such
    object may reach it. Packed objects are safe there.
    """
    name = str(oid)
    try:
        with open(f"{repository.path}objects/{name[:2]}/{name[2:]}", "rb") as file:
            packed = file.read()
    except FileNotFoundError:
        return
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(packed, _LARGEST_OBJECT)
    except zlib.error:
        raise pygit2.GitError(f"object {name} is damaged") from None
    if not stream.eof or sha1(raw, usedforsecurity=False).hexdigest() != name:
        raise pygit2.GitError(f"object {name} is damaged")


@contextmanager
def opened(path: Path) -> Iterator[pygit2.Repository]:
    """Open a repository for one operation: handles are never shared between threads and never kept."""
    repository = pygit2.Repository(str(path))
    try:
        yield repository
    finally:
        repository.free()


def commit_at(repository: pygit2.Repository, sha: str) -> pygit2.Commit:
    """Return a commit by its full id, or raise NoSuchVersion; nothing but a full id is ever looked up."""
    if not _SHA.fullmatch(sha):
        raise NoSuchVersion(sha)
    try:
        found = get(repository, pygit2.Oid(hex=sha))
    except KeyError:
        raise NoSuchVersion(sha) from None
    if found.type != ObjectType.COMMIT:
        raise NoSuchVersion(sha)
    return found.peel(pygit2.Commit)


def has(repository: pygit2.Repository, sha: str) -> bool:
    """Return whether a commit is there."""
    try:
        commit_at(repository, sha)
    except NoSuchVersion:
        return False
    return True


def tree_of(repository: pygit2.Repository, commit: pygit2.Commit) -> pygit2.Tree:
    """Return the tree of a commit; a missing one is a KeyError."""
    tree = get(repository, commit.tree_id)
    if not isinstance(tree, pygit2.Tree):
        raise KeyError(f"{commit.tree_id} is no tree")
    return tree


def files_of(repository: pygit2.Repository, tree: pygit2.Tree) -> tuple[dict[str, Blob], set[pygit2.Oid]]:
    """Return every file below a tree, and the ids of all trees met on the way."""
    files: dict[str, Blob] = {}
    trees = {tree.id}
    pending = [("", tree)]
    while pending:
        prefix, folder = pending.pop()
        for entry in folder:
            path = prefix + decoded(entry.raw_name or b"")
            if entry.filemode == FileMode.TREE:
                trees.add(entry.id)
                below = get(repository, entry.id)
                if not isinstance(below, pygit2.Tree):
                    raise KeyError(f"{entry.id} is no tree")
                pending.append((f"{path}/", below))
            else:
                files[path] = Blob(entry.id, entry.filemode)
    return files, trees


def entries_of(repository: pygit2.Repository, files: Mapping[str, Blob]) -> Iterator[FileEntry]:
    """Yield the files as records, sorted by path."""
    for path, blob in sorted(files.items()):
        size = 0 if blob.mode == FileMode.COMMIT else repository.odb.read_header(blob.oid)[1]
        yield FileEntry(path=path, size=size, blob=str(blob.oid), mode=int(blob.mode))


def blob_at(repository: pygit2.Repository, commit: pygit2.Commit, path: str) -> pygit2.Blob | None:
    """Return the file at a path, or None; symlinks are not followed, folders are no files."""
    found: pygit2.Object = tree_of(repository, commit)
    for part in path.split("/"):
        entry = _entry(found, part)
        if entry is None or entry.filemode == FileMode.COMMIT:
            return None
        found = get(repository, entry.id)
    return found if isinstance(found, pygit2.Blob) else None


def file_at(repository: pygit2.Repository, commit: pygit2.Commit, path: str) -> pygit2.Blob:
    """Return the file at a path, or raise NoSuchFile."""
    blob = blob_at(repository, commit, path)
    if blob is None:
        raise NoSuchFile(path, str(commit.id))
    return blob


def entry_id(repository: pygit2.Repository, commit: pygit2.Commit, path: str) -> pygit2.Oid | None:
    """Return the id of the file or folder at a path without reading it, or None."""
    found: pygit2.Object = tree_of(repository, commit)
    parts = path.split("/")
    for depth, part in enumerate(parts, start=1):
        entry = _entry(found, part)
        if entry is None:
            return None
        if depth == len(parts):
            return entry.id
        found = get(repository, entry.id)
    return None


def _entry(folder: pygit2.Object, name: str) -> pygit2.Object | None:
    if not isinstance(folder, pygit2.Tree) or not name or "\0" in name or not _encodable(name):
        return None
    try:
        return folder[name]
    except KeyError:
        return None


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_tree(repository: pygit2.Repository, files: Mapping[str, Blob]) -> tuple[pygit2.Oid, set[pygit2.Oid]]:
    """Write the trees that hold these files; return the topmost one and the ids of all of them."""
    written: set[pygit2.Oid] = set()

    def write(folder: Mapping[str, Blob]) -> pygit2.Oid:
        builder = repository.TreeBuilder()
        below: dict[str, dict[str, Blob]] = {}
        for path, blob in folder.items():
            top, slash, rest = path.partition("/")
            if slash:
                below.setdefault(top, {})[rest] = blob
            else:
                builder.insert(top, blob.oid, blob.mode)
        for name, inside in below.items():
            builder.insert(name, write(inside), FileMode.TREE)
        oid = builder.write()
        written.add(oid)
        return oid

    return write(files), written


def sync_objects(repository: pygit2.Repository, oids: set[pygit2.Oid]) -> None:
    """Make sure that new objects are whole and that their names survive a power cut.

    libgit2 syncs an object and its folder, but not the folder's own name in `objects`; and an object that an interrupted
    writer or a failing disk left behind it takes as written.
    """
    for oid in oids:
        require_sound(repository, oid)
    path = Path(repository.path)
    folders = {path / "objects" / str(oid)[:2] for oid in oids}
    for folder in folders:
        if os.path.isdir(folder):
            sync_directory(folder)
    sync_directory(path / "objects")


def is_ancestor(repository: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid) -> bool:
    """Return whether `new` is `old` or has grown from it."""
    seen = {new}
    pending = [new]
    while pending:
        oid = pending.pop()
        if oid == old:
            return True
        for parent in commit_at(repository, str(oid)).parent_ids:
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
    return False


def is_regular(mode: int) -> bool:
    """Return whether a tree entry is a file with content: no symlink, no submodule."""
    return stat.S_ISREG(mode)


def author_of(signature: pygit2.Signature) -> Author:
    """Return who a signature names."""
    return Author(name=decoded(signature.raw_name), email=decoded(signature.raw_email))


def time_of(signature: pygit2.Signature) -> datetime:
    """Return when a signature was made, in UTC; a date no calendar has becomes the epoch."""
    try:
        return datetime.fromtimestamp(signature.time, timezone(timedelta(minutes=signature.offset))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def decoded(raw: bytes) -> str:
    """Return text that other programs may have written in any encoding."""
    return raw.decode("utf-8", "replace")
