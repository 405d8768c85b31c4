"""Judging what a push brings: every tree of every new commit, read raw, so that nothing a parser smooths over slips through.

The names and sizes follow the rules of `names` and `limits`, as a save in the editor does; what only a raw tree can hold
(links, submodules, odd modes, doubled or unsorted entries) is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pygit2
from pygit2.enums import FileMode, ObjectType

from repo_store.errors import InvalidName, LimitExceeded, RefusedPush, printable
from repo_store.limits import Limits
from repo_store.names import MAX_DEPTH, Roots, validate_path, validate_tree_names
from repo_store.objects import Blob

FOLDER = b"40000"
FILES = {b"100644": FileMode.BLOB, b"100755": FileMode.BLOB_EXECUTABLE}
ODD = {b"120000": "a symbolic link", b"160000": "a submodule", b"100664": "a file that its group may write"}
ID_LENGTH = 20

_ENTRY = re.compile(rb"([0-7]{1,7}) ([^\0]*)\0", re.DOTALL)

Rule = Callable[[str, Callable[[], bytes]], None]
"""What the caller says about a file, given its path and a way to read it; raises RefusedPush."""


@dataclass
class Judge:
    """The rules for the trees of one push, and which of them have been read already."""

    repository: pygit2.Repository
    limits: Limits
    roots: Roots | None
    rule: Rule
    _seen: dict[pygit2.Oid, dict[str, Blob]] = field(default_factory=dict)
    _sound: set[tuple[str, pygit2.Oid]] = field(default_factory=set)

    def files_of(self, commit: pygit2.Commit) -> dict[str, Blob]:
        """Return the files of a commit, or raise InvalidName, LimitExceeded or RefusedPush."""
        tree = commit.tree_id
        if tree not in self._seen:
            files = self._walk(tree)
            self._measure(files)
            for path, blob in files.items():
                self._read(path, blob)
            self._seen[tree] = files
        return self._seen[tree]

    def _walk(self, top: pygit2.Oid) -> dict[str, Blob]:
        files: dict[str, Blob] = {}
        pending = [("", top)]
        folders = 0
        while pending:
            prefix, oid = pending.pop()
            folders += 1
            # A tree of trees can unfold to any size; every folder that holds something leads to a file.
            if folders > self.limits.files * MAX_DEPTH:
                raise LimitExceeded("folders", self.limits.files * MAX_DEPTH, folders, "The push holds too many folders; join some.")
            raw = self._raw(oid, ObjectType.TREE)
            if prefix and not raw:
                raise RefusedPush(f"The folder {printable(prefix)} is empty; put a file into it or leave it out.")
            for mode, name, below in entries_of(raw, prefix):
                path = prefix + name
                if mode == FOLDER:
                    if path.count("/") >= MAX_DEPTH:
                        raise InvalidName(path, f"it is nested more than {MAX_DEPTH} folders deep")
                    pending.append((f"{path}/", below))
                    continue
                if validate_path(path, self.roots) != path:
                    raise InvalidName(path, "its letters are not in their normal form (NFC); rename it")
                files[path] = Blob(below, FILES[mode])
                self.limits.check_files(len(files))
        return files

    def _measure(self, files: Mapping[str, Blob]) -> None:
        sizes = {path: self._size(path, blob) for path, blob in files.items()}
        self.limits.check_task(sizes)
        validate_tree_names(files)

    def _size(self, path: str, blob: Blob) -> int:
        try:
            kind, size = self.repository.odb.read_header(blob.oid)
        except KeyError:
            raise RefusedPush(f"The content of {printable(path)} is missing from the push.") from None
        if kind != ObjectType.BLOB:
            raise RefusedPush(f"{printable(path)} is listed as a file and is none.")
        self.limits.check_file(path, size)
        return int(size)

    def _read(self, path: str, blob: Blob) -> None:
        if (path, blob.oid) not in self._sound:
            self.rule(path, partial(self._raw, blob.oid, ObjectType.BLOB))
            self._sound.add((path, blob.oid))

    def _raw(self, oid: pygit2.Oid, kind: ObjectType) -> bytes:
        try:
            found, size = self.repository.odb.read_header(oid)
            if found != kind or size > self.limits.object_bytes:
                raise RefusedPush(f"The object {str(oid)[:10]} is not the {kind.name.lower()} it is listed as, or too large.")
            return bytes(self.repository.odb.read(oid)[1])
        except KeyError:
            raise RefusedPush(f"The object {str(oid)[:10]} is missing from the push.") from None


def entries_of(raw: bytes, prefix: str) -> Iterator[tuple[bytes, str, pygit2.Oid]]:
    """Yield mode, name and id of each entry of a raw tree, or raise RefusedPush or InvalidName at the first odd one."""
    position = 0
    before = b""
    names: set[bytes] = set()
    while position < len(raw):
        found = _ENTRY.match(raw, position)
        if found is None or found.end() + ID_LENGTH > len(raw):
            raise RefusedPush("One of the folders in the push cannot be read: its list of files is damaged.")
        mode, raw_name = found[1], found[2]
        position = found.end() + ID_LENGTH
        name = _decoded(raw_name)
        if mode != FOLDER and mode not in FILES:
            what = ODD.get(mode, f"an entry of mode {mode.decode()}")
            raise RefusedPush(f"{printable(prefix + name)} is {what}; only plain files and folders can be pushed.")
        if not name or "/" in name:
            raise InvalidName(prefix + name, "a name in a folder must not be empty or hold a slash")
        if raw_name in names:
            raise InvalidName(prefix + name, "it is listed twice in its folder")
        names.add(raw_name)
        key = raw_name + (b"/" if mode == FOLDER else b"")
        if key < before:
            raise RefusedPush(f"The folder of {printable(prefix + name)} is not sorted as git sorts; make the commit with git itself.")
        before = key
        yield mode, name, pygit2.Oid(raw=raw[position - ID_LENGTH : position])


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidName(raw.decode("utf-8", "backslashreplace"), "it is not UTF-8") from None
