"""Taking in a push: unpack it beside the repository, judge it there, and only then move its objects in.

Nothing of a refused push is ever reachable: until `admit`, its objects lie in a folder of their own, which goes away.
`git index-pack --strict` does what git's own receive-pack does here. It leaves names and modes to `trees`, which says it
in better words; the branch moves later, after the row in the database (P14).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pygit2
from pygit2.enums import ObjectType

from repo_store.disk import sync_directory, sync_tree
from repo_store.errors import LimitExceeded, NoSuchVersion, RefusedPush, printable
from repo_store.gitchild import start_git
from repo_store.limits import Limits
from repo_store.names import Roots
from repo_store.objects import Blob, author_of, commit_at, decoded, files_of, opened
from repo_store.people import COMMITTER, OWN_DOMAIN, is_plain
from repo_store.trees import Judge, Rule

PACK_MARK = b"PACK"
HEADER = 12  # bytes of a pack before its first object
# What `trees` judges itself, and git would refuse in its own words.
OURS = ",".join(
    f"{name}=ignore"
    for name in (
        *("badFilemode", "duplicateEntries", "emptyName", "fullPathname", "hasDot", "hasDotdot", "hasDotgit", "nullSha1", "treeNotSorted"),
        *("zeroPaddedFilemode", "gitmodulesBlob", "gitmodulesLarge", "gitmodulesMissing", "gitmodulesName", "gitmodulesParse"),
        *("gitmodulesPath", "gitmodulesSymlink", "gitmodulesUpdate", "gitmodulesUrl", "gitattributesSymlink", "gitignoreSymlink"),
        *("gitattributesBlob", "gitattributesLarge", "gitattributesLineLength", "gitattributesMissing", "mailmapSymlink"),
    )
)
_COMPLAINT = re.compile(r"^(?:fatal|error): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Pushed:
    """What a branch would gain: its new commits, oldest first, and the files of the newest that differ from the old tip."""

    commits: tuple[str, ...]
    changes: Mapping[str, bytes | None]
    message: str


@dataclass(frozen=True)
class Terms:
    """What a branch accepts.

    `old` is where it stands, `grown_from` the commit that it must contain; `linear` refuses merges; `email` is the pusher's,
    the only one of this server's own that new commits may carry; `rule` looks at the content of each file.
    """

    branch: str
    old: str | None
    grown_from: str | None
    roots: Roots | None
    linear: bool
    email: str
    rule: Rule


@dataclass
class Parcel:
    """A push that has been unpacked, and is not part of the repository yet."""

    path: Path
    quarantine: Path
    limits: Limits
    is_empty: bool = True
    _is_admitted: bool = field(default=False)

    def inspect(self, new: str, terms: Terms) -> Pushed:
        """Judge every commit that `new` adds to the branch. Raises RefusedPush, InvalidName, LimitExceeded."""
        with opened(self.path) as repository, opened(self.path) as before:
            if not self.is_empty:
                repository.odb.add_disk_alternate(str(self.quarantine))
            judge = Judge(repository, self.limits, terms.roots, terms.rule)
            known = _ancestors(repository, [each for each in (terms.old, terms.grown_from) if each])
            commits = self._new_commits(repository, new, known)
            _refuse_dropping(repository, new, terms)
            for commit in commits:
                if commit.id not in before:
                    _refuse_false_names(commit, terms.email)
                if terms.linear and len(commit.parent_ids) > 1:
                    raise RefusedPush(
                        f"{str(commit.id)[:10]} is a merge, and {terms.branch} is one line of versions. "
                        "Put your commits on top of it instead: git pull --rebase."
                    )
                judge.files_of(commit)
            target = _commit(repository, new)
            files = judge.files_of(_commit(repository, terms.old)) if terms.old else {}
            changes = _changes(repository, files, judge.files_of(target))
            return Pushed(tuple(str(commit.id) for commit in commits), changes, decoded(target.raw_message).split("\n", 1)[0][:200])

    def files_at(self, commit: str) -> dict[str, bytes]:
        """Return every file of a commit that was inspected, with its content, by its path."""
        with opened(self.path) as repository:
            if not self.is_empty:
                repository.odb.add_disk_alternate(str(self.quarantine))
            files, _ = files_of(repository, _commit(repository, commit).tree)
            return {path: bytes(repository.odb.read(blob.oid)[1]) for path, blob in files.items()}

    def admit(self) -> None:
        """Move the objects into the repository, durable; until a branch names them nobody meets them."""
        if self.is_empty or self._is_admitted:
            return
        sync_tree(self.quarantine)
        packs = self.path / "objects" / "pack"
        # The index makes a pack visible, so it comes last.
        for file in sorted((self.quarantine / "pack").iterdir(), key=lambda file: file.suffix == ".idx"):
            os.replace(file, packs / file.name)
        sync_directory(packs)
        self._is_admitted = True

    def _new_commits(self, repository: pygit2.Repository, new: str, known: set[pygit2.Oid]) -> list[pygit2.Commit]:
        """Return the commits behind `new` that are not `known`, each after its parents."""
        ordered: dict[pygit2.Oid, pygit2.Commit] = {}
        met: set[pygit2.Oid] = set()
        pending = [(_commit(repository, new), False)]
        while pending:
            commit, is_left = pending.pop()
            if is_left:
                ordered[commit.id] = commit
            elif commit.id not in known and commit.id not in met:
                met.add(commit.id)
                if len(met) > self.limits.push_commits:
                    raise LimitExceeded(
                        "push_commits",
                        self.limits.push_commits,
                        len(met),
                        f"The push brings more than {self.limits.push_commits:,} commits; squash them, or push them in parts.",
                    )
                pending.append((commit, True))
                pending += [(_commit(repository, str(parent)), False) for parent in commit.parent_ids]
        return list(ordered.values())


@contextmanager
def unpacked(path: Path, pack: IO[bytes], limits: Limits) -> Iterator[Parcel]:
    """Unpack what follows in `pack` beside a repository. Raises RefusedPush, LimitExceeded."""
    quarantine = path / "objects" / f"tmp_objdir-incoming-{uuid.uuid4().hex}"
    parcel = Parcel(path, quarantine, limits)
    start = pack.tell()
    header = pack.read(HEADER)
    try:
        if header:
            _check_header(header, limits)
        if int.from_bytes(header[8:], "big"):
            (quarantine / "pack").mkdir(parents=True)
            _unpack(path, quarantine, pack, start, limits)
            parcel.is_empty = False
            _measure(quarantine, limits)
        yield parcel
    finally:
        shutil.rmtree(quarantine, ignore_errors=True)


def _check_header(header: bytes, limits: Limits) -> None:
    if len(header) < HEADER or not header.startswith(PACK_MARK):
        raise RefusedPush("What was sent is no git pack; push again.")
    if (count := int.from_bytes(header[8:], "big")) > limits.push_objects:
        raise LimitExceeded(
            "push_objects",
            limits.push_objects,
            count,
            f"The push brings {count:,} objects; it may bring {limits.push_objects:,}. Push it in parts, or leave history out.",
        )


def _unpack(path: Path, quarantine: Path, pack: IO[bytes], start: int, limits: Limits) -> None:
    # The child reads the descriptor, which stands where our buffer has read ahead to.
    os.lseek(pack.fileno(), start, os.SEEK_SET)
    objects = {"GIT_OBJECT_DIRECTORY": str(quarantine), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(path / "objects")}
    arguments = ("index-pack", "--stdin", "--fix-thin", f"--strict={OURS}", f"--max-input-size={limits.pack_bytes}")
    with (
        tempfile.TemporaryFile() as told,
        start_git(path, *arguments, stdin=pack, stdout=told, stderr=told, seconds=limits.push_seconds, extra=objects) as child,
    ):
        code = child.wait()
        told.seek(0)
        text = told.read(10_000).decode("utf-8", "replace")
    if code != 0:
        raise _refusal(text, code)


def _refusal(text: str, code: int) -> RefusedPush:
    complaints = _COMPLAINT.findall(text)
    if any("memory" in each or "mmap" in each for each in complaints) or code < 0 or code > 128 + 2:
        return RefusedPush("The push unpacks to more than the server takes; leave out large or deeply packed files.")
    if any("did not receive expected object" in each or "unresolved delta" in each for each in complaints):
        return RefusedPush("The push is incomplete: it leaves out objects that the server does not have. Fetch, then push again.")
    what = printable(complaints[0] if complaints else text.strip(), 200)
    return RefusedPush(f"git finds a fault in what was pushed: {what}.")


def _measure(quarantine: Path, limits: Limits) -> None:
    """Refuse objects of a size that no rule would allow, before anything reads them."""
    odb = pygit2.Odb(str(quarantine))
    for oid in odb:
        kind, size = odb.read_header(oid)
        if size > limits.object_bytes:
            raise LimitExceeded(
                "file_bytes",
                limits.file_bytes,
                size,
                f"The push holds {'a file' if kind == ObjectType.BLOB else 'an object'} of {size:,} bytes; "
                f"a file may have {limits.file_bytes:,}. Shorten or split it.",
            )


def _commit(repository: pygit2.Repository, sha: str) -> pygit2.Commit:
    try:
        return commit_at(repository, sha)
    except (NoSuchVersion, pygit2.GitError) as error:
        raise RefusedPush(f"{sha[:10]} is no commit that the push brings or the server has.") from error


def _ancestors(repository: pygit2.Repository, tips: list[str]) -> set[pygit2.Oid]:
    found: set[pygit2.Oid] = set()
    pending = [pygit2.Oid(hex=tip) for tip in tips]
    while pending:
        oid = pending.pop()
        if oid not in found:
            found.add(oid)
            pending += commit_at(repository, str(oid)).parent_ids
    return found


def _refuse_dropping(repository: pygit2.Repository, new: str, terms: Terms) -> None:
    for needed in (terms.old, terms.grown_from):
        if needed and pygit2.Oid(hex=needed) not in _ancestors(repository, [new]):
            raise RefusedPush(
                f"{terms.branch} must grow from {needed[:10]}; nothing that it holds may be dropped, so force pushes are refused. "
                "Fetch, put your commits on top (git pull --rebase) and push again."
            )


def _refuse_false_names(commit: pygit2.Commit, email: str) -> None:
    short = str(commit.id)[:10]
    for signature in (commit.author, commit.committer):
        person = author_of(signature)
        if not is_plain(person.name) or not is_plain(person.email):
            raise RefusedPush(f"The author of {short} has invisible characters in the name; set user.name and user.email and commit again.")
        if person.email == COMMITTER.email or (person.email.endswith(OWN_DOMAIN) and person.email != email):
            raise RefusedPush(
                f"{short} is signed {printable(person.email)}, a name that only Muster gives; set user.email to your own and commit again."
            )


def _changes(repository: pygit2.Repository, old: Mapping[str, Blob], new: Mapping[str, Blob]) -> dict[str, bytes | None]:
    changed: dict[str, bytes | None] = {path: None for path in old if path not in new}
    for path, blob in new.items():
        if path not in old or old[path].oid != blob.oid:
            changed[path] = bytes(repository.odb.read(blob.oid)[1])
    return changed
