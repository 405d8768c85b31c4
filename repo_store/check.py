"""Looking for everything that can be wrong with a repository; `git fsck` alone misses most of it.

fsck finds damaged objects and nothing else: a deleted branch, a stale lock, a planted hook or config pass it. So the
files are compared with what `layout.create` makes, and the branches with what the database says.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from repo_store.errors import NoSuchVersion
from repo_store.gitchild import run_git
from repo_store.layout import CONFIG, FOLDERS, FOREIGN, HEAD, ID_FILE, Layout, read_text
from repo_store.names import ATTEMPT_PREFIX, MAIN_REF, attempt_ref
from repo_store.objects import commit_at, opened
from repo_store.records import Finding
from repo_store.refs import STALE_AFTER

KEPT_PREFIX = "refs/muster/kept/"
PACKED_REFS = "packed-refs"
GARBAGE = "garbage"
LEFTOVER_AFTER = 3600.0

_OURS = re.compile(r"refs/heads/main|refs/heads/attempts/[1-9][0-9]{0,8}|refs/muster/kept/[0-9a-f]{40}")
_SHA = re.compile(r"[0-9a-f]{40}")
_PACKED = re.compile(r"#.*|\^[0-9a-f]{40}|[0-9a-f]{40} refs/\S+")
_LEFTOVER = re.compile(r"(tmp_object_git2_|tmp_obj_|tmp_pack_|tmp_idx_|tmp_rev_|tmp_objdir|incoming-).*|.*\.new")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the database says about one repository."""

    task_id: int
    path: Path
    head: str | None
    attempts: Mapping[int, str]


def findings(layout: Layout, task_id: int, head: str | None, attempts: Mapping[int, str]) -> list[Finding]:
    """Return everything wrong with a repository, in the order in which it is repaired."""
    expected = Expected(task_id, layout.repository(task_id), head, attempts)
    if blocked := _place(expected):
        return blocked if blocked[0].code != "missing" or head or attempts else []
    found = [*_folders(expected), *_identity(expected), *_inside(expected), *_locks(expected)]
    clean = not found
    found += _branches(expected)
    if clean or all(finding.code in ("stale_lock", "leftover") for finding in found):
        found += _objects(expected)
    return found


def _place(expected: Expected) -> list[Finding]:
    for folder in (expected.path.parent.parent, expected.path.parent, expected.path):
        try:
            mode = folder.lstat().st_mode
        except FileNotFoundError:
            return [Finding("missing", expected.path.name, "The repository is not on disk.")]
        if not stat.S_ISDIR(mode):
            return [Finding("not_a_folder", folder.name, f"{folder.name} is a link or a file instead of a folder.")]
    return []


def _folders(expected: Expected) -> Iterator[Finding]:
    for name in FOLDERS:
        if not (expected.path / name).is_dir():
            yield Finding("folder_missing", name, f"The folder {name} is missing.")


def _identity(expected: Expected) -> Iterator[Finding]:
    named = read_text(expected.path / ID_FILE)
    if named is None or not named.strip():
        yield Finding("id_missing", ID_FILE, "The file that names the task is missing or empty.")
    elif named != f"{expected.task_id}\n":
        yield Finding("wrong_id", ID_FILE, f"This is the repository of task {named.strip()[:40]!a}.")
    if read_text(expected.path / "config") != CONFIG:
        yield Finding("config", "config", "The config is not the one Muster wrote.")
    if read_text(expected.path / "HEAD") != HEAD:
        yield Finding("head_file", "HEAD", "HEAD does not name the branch main.")
    for name in FOREIGN:
        if os.path.lexists(expected.path / name):
            yield Finding("foreign", name, f"{name} is there, and Muster does not put it there.")


def _inside(expected: Expected) -> Iterator[Finding]:
    now = time.time()
    for folder, folders, files in os.walk(expected.path):
        for name in (*folders, *files):
            path = Path(folder, name)
            status = path.lstat()
            subject = str(path.relative_to(expected.path))
            if subject.split("/")[0] in FOREIGN or subject in ("config", "HEAD", ID_FILE):
                continue
            if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
                yield Finding("odd_file", subject, f"{subject} is neither a file nor a folder.")
            elif _LEFTOVER.fullmatch(name) and now - status.st_mtime > LEFTOVER_AFTER:
                yield Finding("leftover", subject, f"{subject} was left behind by a writer that died.")


def _locks(expected: Expected) -> Iterator[Finding]:
    now = time.time()
    for path in sorted(expected.path.rglob("*.lock")):
        subject = str(path.relative_to(expected.path))
        if now - path.lstat().st_mtime > STALE_AFTER:
            yield Finding("stale_lock", subject, f"{subject} was left behind by a writer that died and blocks every other.")


def _branches(expected: Expected) -> Iterator[Finding]:
    if packed_lines(expected.path)[1]:
        yield Finding("packed_refs", PACKED_REFS, f"{PACKED_REFS} holds lines that name no branch.")
    on_disk = refs_on_disk(expected.path)
    for ref in sorted(on_disk):
        if not _OURS.fullmatch(ref):
            yield Finding("foreign_ref", ref, f"The branch {ref!a} is there, and Muster does not put it there.")
        elif on_disk[ref] == GARBAGE and ref.startswith(KEPT_PREFIX):
            yield Finding("foreign_ref", ref, f"The branch {ref} names no commit.")
    if on_disk.get(MAIN_REF) != expected.head:
        yield Finding("ref", MAIN_REF, f"main stands at {on_disk.get(MAIN_REF)}, the database says {expected.head}.")
    for number, sha in sorted(expected.attempts.items()):
        ref = attempt_ref(number)
        if on_disk.get(ref) != sha:
            yield Finding("attempt_ref", ref, f"{ref} stands at {on_disk.get(ref)}, the database says {sha}.")
    for ref, sha in sorted(on_disk.items()):
        if sha == GARBAGE and ref.startswith(ATTEMPT_PREFIX) and int(ref.removeprefix(ATTEMPT_PREFIX)) not in expected.attempts:
            yield Finding("attempt_ref", ref, f"{ref} names no commit.")


def refs_on_disk(path: Path) -> dict[str, str]:
    """Return every branch as the files say, with GARBAGE for one that names no commit; works when git cannot open the repository."""
    found: dict[str, str] = {}
    for line in packed_lines(path)[0]:
        sha, _, ref = line.partition(" ")
        if ref and not line.startswith(("#", "^")):
            found[ref] = sha
    for folder, folders, files in os.walk(path / "refs"):
        for name in (*files, *(each for each in folders if Path(folder, each).is_symlink())):
            file = Path(folder, name)
            if name.endswith(".lock"):
                continue
            text = (read_text(file) or "").removesuffix("\n")
            found[str(file.relative_to(path))] = text if _SHA.fullmatch(text) else GARBAGE
    if (path / MAIN_REF).is_dir() and not (path / MAIN_REF).is_symlink():
        found[MAIN_REF] = GARBAGE
    return found


def packed_lines(path: Path) -> tuple[list[str], list[str]]:
    """Return the lines of `packed-refs` that git understands, and the others."""
    file = path / PACKED_REFS
    if not file.is_file() or file.is_symlink():
        return [], []
    lines = file.read_text("utf-8", "replace").splitlines()
    good = [line for line in lines if _PACKED.fullmatch(line)]
    return good, [line for line in lines if not _PACKED.fullmatch(line)]


def _objects(expected: Expected) -> Iterator[Finding]:
    wanted = [sha for sha in (expected.head, *expected.attempts.values()) if sha]
    missing = [sha for sha in wanted if not has_commit(expected.path, sha)]
    for sha in missing:
        yield Finding("commit_missing", sha, f"The commit {sha} that the database names is missing or damaged.")
    tips = [sha for sha in refs_on_disk(expected.path).values() if sha != GARBAGE]
    heads = sorted({sha for sha in (*wanted, *tips) if sha not in missing and has_commit(expected.path, sha)})
    try:
        result = run_git(expected.path, "fsck", "--full", "--strict", "--no-dangling", "--no-progress", *heads, timeout=300)
    except subprocess.TimeoutExpired:
        yield Finding("objects", "objects", "git fsck did not end within 300 seconds.")
        return
    complaints = [line for line in result.stdout.splitlines() if line and not line.startswith(("notice:", "dangling "))]
    if result.returncode != 0:
        yield Finding("objects", "objects", f"git fsck says: {'; '.join(complaints)[:500] or result.returncode}")


def has_commit(path: Path, sha: str) -> bool:
    """Return whether a commit is there and readable."""
    try:
        with opened(path) as repository:
            commit_at(repository, sha)
    except (NoSuchVersion, pygit2.GitError, KeyError, ValueError):
        return False
    return True
