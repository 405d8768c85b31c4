"""Every damage is found, and repaired or rebuilt; until then nothing is served from it or written on top of it."""

from __future__ import annotations

import pytest

from repo_store import DamagedRepo, NoSuchVersion, RepoError
from tests.repo_store.conftest import PAT, Writer, git
from tests.repo_store.damages import REBUILDABLE, REPAIRABLE, Damage, attempt_of, codes, delete, flip, object_file, overwrite, truncate


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
