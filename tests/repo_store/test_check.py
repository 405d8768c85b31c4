"""Every way in which a repository can be damaged: found, and repaired or rebuilt."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from repo_store import DamagedRepo, Finding, MissingRepo, NoSuchVersion, RepoError, RepoLocked, RepoStore
from tests.repo_store.conftest import PAT, Writer, git

Damage = Callable[[Path, Writer], None]
OLD = 7200


@pytest.fixture
def damaged(store: RepoStore) -> Writer:
    """A task with three versions and an attempt, about to be damaged."""
    writer = Writer(store, 42)
    for n in range(3):
        writer.save({"instructions.md": b"version %d\n" % n, f"context/{n}.md": b"%d" % n})
    return writer


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


def test_a_healthy_repository_has_no_findings(damaged: Writer) -> None:
    sealed = attempt_of(damaged)
    assert damaged.store.check_repo(42, damaged.head, {1: sealed}) == []
    assert damaged.store.repair_repo(42, damaged.head, {1: sealed}) == []
    assert damaged.store.check_repo(99, None) == []


@pytest.mark.parametrize(("damage", "code"), REPAIRABLE.values(), ids=REPAIRABLE)
def test_it_finds_and_repairs(damaged: Writer, damage: Damage, code: str) -> None:
    sealed = attempt_of(damaged)
    assert damaged.head is not None
    damage(damaged.path, damaged)
    assert code in codes(damaged.store.check_repo(42, damaged.head, {1: sealed}))
    found = damaged.store.repair_repo(42, damaged.head, {1: sealed})
    assert code in codes(found)
    assert [finding for finding in found if not finding.repaired] == []
    assert damaged.store.check_repo(42, damaged.head, {1: sealed}) == []
    assert damaged.store.tip(42) == damaged.head
    damaged.save({"instructions.md": b"goes on\n"})
    assert git(damaged.path, "fsck", "--full", "--strict") == ""


@pytest.mark.parametrize(("damage", "code"), REBUILDABLE.values(), ids=REBUILDABLE)
def test_it_finds_what_only_a_rebuild_can_mend(damaged: Writer, damage: Damage, code: str) -> None:
    current = damaged.store.read_files(42, damaged.head or "")
    damage(damaged.path, damaged)
    assert code in codes(damaged.store.check_repo(42, damaged.head))
    found = damaged.store.repair_repo(42, damaged.head)
    assert [finding for finding in found if not finding.repaired] != []
    version = damaged.store.rebuild(42, current, author=PAT, message="Rebuild from the database")
    assert damaged.store.check_repo(42, version.commit) == []
    assert damaged.store.read_files(42, version.commit) == current


@pytest.mark.parametrize(
    "damage",
    [
        truncate("main:context/0.md"),
        flip("main:context/0.md"),
        delete("main:context/0.md"),
        truncate("main^{tree}"),
        delete("main:context"),
    ],
    ids=range(5),
)
def test_nothing_is_written_on_top_of_a_damaged_head(damaged: Writer, damage: Damage) -> None:
    damage(damaged.path, damaged)
    with pytest.raises(DamagedRepo, match="repocheck --repair"):
        damaged.save({"instructions.md": b"more\n"})


@pytest.mark.parametrize(
    "name",
    [
        "config runs a hook",
        "alternates planted",
        "commondir planted",
        "hook planted",
        "HEAD deleted",
        "config is garbage",
        "config is a link",
    ],
)
def test_nothing_is_served_from_a_repository_that_could_lead_elsewhere(damaged: Writer, name: str) -> None:
    REPAIRABLE[name][0](damaged.path, damaged)
    for act in (
        lambda: damaged.store.read_file(42, damaged.head or "", "instructions.md"),
        lambda: damaged.save({"instructions.md": b"more\n"}),
    ):
        with pytest.raises(DamagedRepo):
            act()


@pytest.mark.parametrize("name", ["repository is a link", "repository is a file", "repository removed", "objects removed"])
def test_nothing_is_served_from_the_wrong_place(damaged: Writer, name: str) -> None:
    REBUILDABLE[name][0](damaged.path, damaged)
    with pytest.raises((DamagedRepo, NoSuchVersion)):
        damaged.store.read_file(42, damaged.head or "", "instructions.md")
    with pytest.raises(RepoError):
        damaged.save({"instructions.md": b"more\n"})


@pytest.mark.parametrize("length", [0, 1, 2, 10, 20, -1])
@pytest.mark.parametrize("spec", ["main", "main^{tree}", "main:context", "main:instructions.md", "main~1", "main~1:instructions.md"])
def test_no_truncated_object_stops_a_reader(damaged: Writer, spec: str, length: int) -> None:
    store, head = damaged.store, damaged.head or ""
    file = object_file(damaged.path, spec)
    overwrite(file, file.read_bytes()[:length])
    refused = 0
    for read in (
        lambda: store.history(42, head),
        lambda: store.history(42, head, path="context/0.md"),
        lambda: store.blame(42, head, "instructions.md"),
        lambda: store.diff(42, None, head),
        lambda: store.archive(42, head),
        lambda: store.list_files(42, head),
        lambda: store.read_files(42, head),
        lambda: store.advance_ref(42, head),
    ):
        try:
            read()
        except DamagedRepo:
            refused += 1
    assert refused > 0


def test_a_save_does_not_trust_an_object_that_is_already_there(damaged: Writer) -> None:
    store = damaged.store
    lost = store.write_version(42, head=damaged.head, base=damaged.head, changes={"context/new.md": b"new\n"}, author=PAT, message="m")
    file = object_file(damaged.path, f"{lost.commit}:context/new.md")
    overwrite(file, file.read_bytes()[:5])
    with pytest.raises(DamagedRepo):
        damaged.save({"context/new.md": b"new\n"})


def test_a_rebuild_deletes_nothing(damaged: Writer) -> None:
    before = git(damaged.path, "rev-parse", "main").strip()
    damaged.store.rebuild(42, {"instructions.md": b"x"}, author=PAT, message="Rebuild")
    (aside,) = damaged.store.layout.quarantine().iterdir()
    assert git(aside, "rev-parse", "main").strip() == before


def test_a_planted_hook_is_set_aside_not_deleted(damaged: Writer) -> None:
    write(damaged.path / "hooks/post-receive", "#!/bin/sh\n")
    damaged.store.repair_repo(42, damaged.head)
    (aside,) = damaged.store.layout.quarantine().iterdir()
    assert (aside / "post-receive").read_text() == "#!/bin/sh\n"


def test_a_branch_ahead_of_the_database_is_kept_when_it_moves_back(damaged: Writer) -> None:
    newer = damaged.head
    older = damaged.store.version(42, newer or "").parent
    found = damaged.store.repair_repo(42, older)
    assert [(finding.code, finding.repaired) for finding in found] == [("ref", True)]
    assert damaged.store.tip(42) == older
    assert git(damaged.path, "rev-parse", f"refs/muster/kept/{newer}").strip() == newer
    assert damaged.store.check_repo(42, older) == []


def test_a_crash_before_the_database_knew_leaves_only_garbage(damaged: Writer) -> None:
    damaged.store.write_version(42, head=damaged.head, base=damaged.head, changes={"instructions.md": b"lost"}, author=PAT, message="m")
    assert damaged.store.check_repo(42, damaged.head) == []


def test_a_crash_before_the_branch_moved_is_repaired_forward(damaged: Writer) -> None:
    version = damaged.store.write_version(
        42, head=damaged.head, base=damaged.head, changes={"instructions.md": b"kept"}, author=PAT, message="m"
    )
    assert codes(damaged.store.check_repo(42, version.commit)) == {"ref"}
    assert all(finding.repaired for finding in damaged.store.repair_repo(42, version.commit))
    assert damaged.store.tip(42) == version.commit


def test_a_task_whose_first_save_never_reached_the_database_is_healthy(store: RepoStore) -> None:
    store.write_version(5, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m")
    assert store.check_repo(5, None) == []


def test_a_branch_that_the_database_does_not_know_is_taken_away_and_kept(damaged: Writer) -> None:
    head = damaged.head
    assert codes(damaged.store.check_repo(42, None)) == {"ref"}
    assert all(finding.repaired for finding in damaged.store.repair_repo(42, None))
    assert damaged.store.tip(42) is None
    assert git(damaged.path, "rev-parse", f"refs/muster/kept/{head}").strip() == head


def test_a_lost_attempt_branch_is_put_back(damaged: Writer) -> None:
    sealed = attempt_of(damaged)
    (damaged.path / "refs/heads/attempts/1").unlink()
    assert codes(damaged.store.check_repo(42, damaged.head, {1: sealed})) == {"attempt_ref"}
    assert all(finding.repaired for finding in damaged.store.repair_repo(42, damaged.head, {1: sealed}))
    assert damaged.store.tip(42, "refs/heads/attempts/1") == sealed


def test_a_push_that_the_database_has_not_recorded_is_reported_and_left(damaged: Writer) -> None:
    sealed = attempt_of(damaged)
    later = damaged.seal(1, {"more.json": b"{}"}, [sealed]).commit
    found = damaged.store.repair_repo(42, damaged.head, {1: sealed})
    assert [(finding.code, finding.repaired) for finding in found] == [("attempt_ref", False)]
    assert damaged.store.tip(42, "refs/heads/attempts/1") == later


def test_a_fresh_lock_is_respected_and_a_stale_one_removed_by_the_next_save(damaged: Writer) -> None:
    lock = damaged.path / "refs/heads/main.lock"
    write(lock, "x")
    assert damaged.store.check_repo(42, damaged.head) == []
    with pytest.raises(RepoLocked, match="Try again in a minute"):
        damaged.save({"instructions.md": b"blocked\n"})
    write(lock, "x", age=61)
    damaged.save({"instructions.md": b"saved\n"})
    assert not lock.exists()


def test_swapped_repositories_are_both_refused(store: RepoStore) -> None:
    one, two = Writer(store, 1), Writer(store, 2)
    one.save({"instructions.md": b"one"})
    two.save({"instructions.md": b"two"})
    aside = one.path.with_name("aside")
    one.path.rename(aside)
    two.path.rename(one.path)
    aside.rename(two.path)
    for writer in (one, two):
        assert "wrong_id" in codes(store.check_repo(writer.task_id, writer.head))
        with pytest.raises(DamagedRepo):
            store.list_files(writer.task_id, writer.head or "")


def test_a_missing_repository_is_told_apart(damaged: Writer) -> None:
    shutil.rmtree(damaged.path)
    with pytest.raises(MissingRepo):
        damaged.store.list_files(42, damaged.head or "")
    assert damaged.store.tip(42) is None


def test_a_shard_that_is_a_link_is_left_to_a_person(damaged: Writer) -> None:
    replace_by_link(damaged.path.parent)
    found = damaged.store.repair_repo(42, damaged.head)
    assert [(finding.code, finding.repaired) for finding in found] == [("not_a_folder", False)]
    for act in (
        lambda: damaged.store.read_file(42, damaged.head or "", "instructions.md"),
        lambda: damaged.save({"instructions.md": b"more\n"}),
        lambda: damaged.store.rebuild(42, {"instructions.md": b"x"}, author=PAT, message="m"),
    ):
        with pytest.raises(DamagedRepo):
            act()


def test_a_packed_repository_is_healthy_and_goes_on(damaged: Writer) -> None:
    sealed = attempt_of(damaged)
    waiting = damaged.store.write_version(
        42, head=damaged.head, base=damaged.head, changes={"instructions.md": b"not yet on main\n"}, author=PAT, message="m"
    )
    before = damaged.store.history(42, damaged.head)
    damaged.store.pack(42)
    assert list((damaged.path / "objects/pack").glob("*.pack")) != []
    assert damaged.store.check_repo(42, damaged.head, {1: sealed}) == []
    assert damaged.store.history(42, damaged.head) == before
    assert damaged.store.advance_ref(42, waiting.commit) is True
    damaged.head = waiting.commit
    damaged.save({"context/after.md": b"x"})
    assert damaged.store.check_repo(42, damaged.head, {1: sealed}) == []


@pytest.mark.parametrize("cut", [10, 500])
def test_a_truncated_pack_is_found(damaged: Writer, cut: int) -> None:
    for n in range(20):
        damaged.save({f"context/long{n}.md": os.urandom(500)})
    damaged.store.pack(42)
    (pack,) = (damaged.path / "objects/pack").glob("*.pack")
    overwrite(pack, pack.read_bytes()[:-cut])
    assert damaged.store.check_repo(42, damaged.head) != []
    with pytest.raises(RepoError):
        damaged.store.read_files(42, damaged.head or "")
