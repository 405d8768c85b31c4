"""Every way in which a repository can be damaged, by name, with what a check calls it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from repo_store import Finding
from tests.repo_store.conftest import Writer, git

Damage = Callable[[Path, Writer], None]
OLD = 7200


def attempt_of(writer: Writer) -> str:
    assert writer.head is not None
    return writer.seal(1, {"result.json": b"{}"}, [writer.head]).commit


def codes(found: list[Finding]) -> set[str]:
    return {finding.code for finding in found}


def write(path: Path, text: str, *, age: float = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)


def object_file(path: Path, spec: str) -> Path:
    sha = git(path, "rev-parse", spec).strip()
    return path / "objects" / sha[:2] / sha[2:]


def overwrite(file: Path, content: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(content)


def truncate(spec: str) -> Damage:
    return lambda path, _: overwrite(object_file(path, spec), object_file(path, spec).read_bytes()[:10])


def flip(spec: str) -> Damage:
    def damage(path: Path, _: Writer) -> None:
        file = object_file(path, spec)
        content = bytearray(file.read_bytes())
        content[-3] ^= 0x10
        overwrite(file, bytes(content))

    return damage


def delete(spec: str) -> Damage:
    return lambda path, _: object_file(path, spec).unlink()


def point_main_at(text: str) -> Damage:
    return lambda path, _: write(path / "refs/heads/main", text)


def plant(name: str, text: str = "x", age: float = 0) -> Damage:
    return lambda path, _: write(path / name, text, age=age)


def pack_and_poison(path: Path, _: Writer) -> None:
    git(path, "pack-refs", "--all")
    (path / "packed-refs").write_text("garbage refs/heads/main\n")


def move_back(path: Path, _: Writer) -> None:
    git(path, "update-ref", "refs/heads/main", "main~1")


def link_inside(path: Path, _: Writer) -> None:
    (path / "objects/pack/link").symlink_to("/etc")


def symbolic_main(path: Path, _: Writer) -> None:
    git(path, "symbolic-ref", "refs/heads/main", "refs/heads/attempts/1")


def branch_as_folder(path: Path, _: Writer) -> None:
    (path / "refs/heads/main").unlink()
    write(path / "refs/heads/main/deeper", "x")


REPAIRABLE: dict[str, tuple[Damage, str]] = {
    "branch deleted": (lambda path, _: (path / "refs/heads/main").unlink(), "ref"),
    "branch emptied": (point_main_at(""), "ref"),
    "branch is garbage": (point_main_at("garbage"), "ref"),
    "branch points at nothing": (point_main_at("1" * 40 + "\n"), "ref"),
    "branch moved back": (move_back, "ref"),
    "branch is symbolic": (symbolic_main, "ref"),
    "branch is a folder": (branch_as_folder, "ref"),
    "packed branches are garbage": (pack_and_poison, "ref"),
    "branches removed": (lambda path, _: shutil.rmtree(path / "refs"), "folder_missing"),
    "HEAD deleted": (lambda path, _: (path / "HEAD").unlink(), "head_file"),
    "HEAD emptied": (plant("HEAD", ""), "head_file"),
    "HEAD is garbage": (plant("HEAD", "garbage"), "head_file"),
    "HEAD names another branch": (plant("HEAD", "ref: refs/heads/attempts/1\n"), "head_file"),
    "config deleted": (lambda path, _: (path / "config").unlink(), "config"),
    "config is garbage": (plant("config", "[[["), "config"),
    "config runs a hook": (lambda path, _: append(path / "config", "[core]\n\thooksPath = /tmp/x\n"), "config"),
    "config runs a monitor": (lambda path, _: append(path / "config", "[core]\n\tfsmonitor = /tmp/x\n"), "config"),
    "config includes another": (lambda path, _: append(path / "config", "[include]\n\tpath = /tmp/x\n"), "config"),
    "config is a link": (lambda path, _: replace_by_link(path / "config"), "config"),
    "hook planted": (plant("hooks/post-receive", "#!/bin/sh\ntouch /tmp/pwned\n"), "foreign"),
    "alternates planted": (plant("objects/info/alternates", "/tmp/other/objects\n"), "foreign"),
    "attributes planted": (plant("info/attributes", "* filter=x\n"), "foreign"),
    "grafts planted": (plant("info/grafts", "x\n"), "foreign"),
    "shallow planted": (plant("shallow", "x\n"), "foreign"),
    "commondir planted": (plant("commondir", "/tmp/other\n"), "foreign"),
    "replacement planted": (lambda path, _: git(path, "update-ref", f"refs/replace/{'1' * 40}", "main") and None, "foreign"),
    "foreign branch": (lambda path, _: git(path, "update-ref", "refs/heads/evil", "main~2") and None, "foreign_ref"),
    "foreign tag": (lambda path, _: git(path, "update-ref", "refs/tags/v1", "main") and None, "foreign_ref"),
    "foreign branch of garbage": (plant("refs/heads/evil", "garbage"), "foreign_ref"),
    "link inside": (link_inside, "odd_file"),
    "pipe inside": (lambda path, _: os.mkfifo(path / "objects/pack/pipe"), "odd_file"),
    "stale branch lock": (plant("refs/heads/main.lock", age=61), "stale_lock"),
    "stale packed-refs lock": (plant("packed-refs.lock", age=61), "stale_lock"),
    "stale config lock": (plant("config.lock", age=61), "stale_lock"),
    "stale HEAD lock": (plant("HEAD.lock", age=61), "stale_lock"),
    "object of a dead writer": (plant("objects/tmp_object_git2_1234", age=OLD), "leftover"),
    "pack of a dead push": (plant("objects/pack/tmp_pack_1234", age=OLD), "leftover"),
    "quarantine of a dead push": (lambda path, _: old_folder(path / "objects/tmp_objdir-incoming-1"), "leftover"),
    "id file deleted": (lambda path, _: (path / "muster-id").unlink(), "id_missing"),
    "id file emptied": (plant("muster-id", ""), "id_missing"),
}

REBUILDABLE: dict[str, tuple[Damage, str]] = {
    "blob truncated": (truncate("main:instructions.md"), "objects"),
    "tree truncated": (truncate("main^{tree}"), "objects"),
    "folder truncated": (truncate("main:context"), "objects"),
    "commit truncated": (truncate("main"), "commit_missing"),
    "old commit truncated": (truncate("main~1"), "objects"),
    "bit of a blob flipped": (flip("main:context/0.md"), "objects"),
    "bit of a tree flipped": (flip("main^{tree}"), "objects"),
    "bit of a commit flipped": (flip("main"), "commit_missing"),
    "blob deleted": (delete("main:instructions.md"), "objects"),
    "tree deleted": (delete("main^{tree}"), "objects"),
    "commit deleted": (delete("main"), "commit_missing"),
    "old commit deleted": (delete("main~1"), "objects"),
    "old blob deleted": (delete("main~2:instructions.md"), "objects"),
    "objects removed": (lambda path, _: shutil.rmtree(path / "objects"), "folder_missing"),
    "repository removed": (lambda path, _: shutil.rmtree(path), "missing"),
    "repository emptied": (lambda path, _: empty(path), "folder_missing"),
    "repository is a link": (lambda path, _: replace_by_link(path), "not_a_folder"),
    "repository is a file": (lambda path, _: replace_by_file(path), "not_a_folder"),
    "repository of another task": (plant("muster-id", "43\n"), "wrong_id"),
}


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def replace_by_link(path: Path) -> None:
    elsewhere = path.with_name(f"{path.name}-elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replace_by_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("x")


def old_folder(path: Path) -> None:
    path.mkdir()
    os.utime(path, (time.time() - OLD,) * 2)


def empty(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()
