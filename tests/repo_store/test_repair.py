"""What a repair does where git and the database disagree: forward, back and kept, or left to a person; nothing is ever lost."""

from __future__ import annotations

import os
import shutil

import pytest

from repo_store import DamagedRepo, MissingRepo, RepoError, RepoLocked, RepoStore
from tests.repo_store.conftest import PAT, Writer, git
from tests.repo_store.damages import attempt_of, codes, overwrite, replace_by_link, write


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
