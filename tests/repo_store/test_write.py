"""Writing versions and moving branches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from repo_store import (
    Author,
    DamagedRepo,
    InvalidName,
    LimitExceeded,
    Limits,
    MissingRepo,
    NoSuchFile,
    NoSuchVersion,
    NothingToSave,
    RefMoved,
    RepoLocked,
    RepoStore,
    StaleBase,
)
from tests.repo_store.conftest import JARED, NOON, PAT, Writer, git


def test_the_first_file_makes_the_repository(writer: Writer) -> None:
    assert not writer.path.exists()
    version = writer.save({"instructions.md": b"Build it.\n"}, "Write the instructions")
    assert (version.parent, version.author, version.message, version.files_changed) == (None, PAT, "Write the instructions", 1)
    assert git(writer.path, "log", "--format=%an <%ae> %cn <%ce> %s", "main").strip() == (
        "Pat Planner <pat@example.org> Muster <muster@localhost> Write the instructions"
    )
    assert git(writer.path, "fsck", "--full", "--strict") == ""


def test_a_new_repository_holds_nothing_of_the_machine(writer: Writer) -> None:
    writer.save({"instructions.md": b"x"})
    assert sorted(path.name for path in writer.path.iterdir()) == ["HEAD", "config", "muster-id", "objects", "refs"]
    assert (writer.path / "muster-id").read_text() == "42\n"
    assert list((writer.store.layout.workshop()).iterdir()) == []


def test_its_place_comes_from_the_id_alone(store: RepoStore) -> None:
    places = {task_id: store.layout.repository(task_id).relative_to(store.layout.root) for task_id in (1, 255, 256, 2**63 - 1)}
    assert [str(place) for place in places.values()] == ["01/00/1.git", "ff/00/255.git", "00/01/256.git", f"ff/ff/{2**63 - 1}.git"]


@pytest.mark.parametrize("task_id", [0, -1, 2**63, True, "7", "../7", 1.0, None])
def test_it_refuses_an_id_that_is_no_positive_number(store: RepoStore, task_id: int) -> None:
    with pytest.raises(InvalidName, match="positive whole number"):
        store.read_file(task_id, "0" * 40, "instructions.md")


def test_it_refuses_a_stale_base_and_names_both_versions(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one"})
    second = writer.save({"instructions.md": b"two"})
    with pytest.raises(StaleBase) as stale:
        writer.store.write_version(
            42, head=second.commit, base=first.commit, changes={"instructions.md": b"three"}, author=JARED, message="late"
        )
    assert (stale.value.base, stale.value.head) == (first.commit, second.commit)
    assert "save again" in str(stale.value)


def test_a_stale_save_that_changes_nothing_is_no_conflict(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one"})
    second = writer.save({"instructions.md": b"two"})
    same = writer.store.write_version(
        42,
        head=second.commit,
        base=first.commit,
        changes={"instructions.md": b"two", "context/gone.md": None},
        author=JARED,
        message="same",
    )
    assert same == second


def test_it_deletes_a_file(writer: Writer) -> None:
    writer.save({"instructions.md": b"one", "context/a.md": b"a", "context/b/c.md": b"c"})
    version = writer.save({"context/b/c.md": None})
    assert [entry.path for entry in writer.store.list_files(42, version.commit)] == ["context/a.md", "instructions.md"]


def test_the_last_file_can_be_deleted_and_the_task_written_again(writer: Writer) -> None:
    writer.save({"instructions.md": b"one"})
    emptied = writer.save({"instructions.md": None})
    assert writer.store.list_files(42, emptied.commit) == []
    writer.save({"instructions.md": b"two"})
    assert writer.store.check_repo(42, writer.head) == []


def test_it_refuses_a_first_version_without_files(writer: Writer) -> None:
    for changes in ({}, {"instructions.md": None}):
        with pytest.raises(NothingToSave):
            writer.save(changes)


def test_it_refuses_a_bad_name_before_touching_the_disk(writer: Writer) -> None:
    with pytest.raises(InvalidName):
        writer.save({"instructions.md": b"x", "context/../../x": b"y"})
    assert not writer.store.layout.root.exists()


def test_it_refuses_twins_in_the_resulting_tree(writer: Writer) -> None:
    writer.save({"context/A.md": b"x"})
    with pytest.raises(InvalidName, match="only in case"):
        writer.save({"context/a.md": b"x"})
    writer.save({"context/a.md": b"x", "context/A.md": None})
    with pytest.raises(InvalidName, match="same file"):
        writer.save({"context/\u00fc.md": b"x", "context/u\u0308.md": b"y"})


@pytest.mark.parametrize(
    ("limits", "changes", "name", "actual"),
    [
        (Limits(file_bytes=10), {"context/a.md": b"x" * 11}, "file_bytes", 11),
        (Limits(files=2), {f"context/{n}.md": b"x" for n in range(3)}, "files", 3),
        (Limits(task_bytes=10), {"context/a.md": b"x" * 6, "context/b.md": b"x" * 5}, "task_bytes", 11),
    ],
)
def test_it_names_the_limit_that_would_be_passed(tmp_path: Path, limits: Limits, changes: dict[str, bytes], name: str, actual: int) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        Writer(RepoStore(tmp_path, limits), 1).save(changes)
    assert (refusal.value.limit, refusal.value.actual) == (name, actual)
    assert f"{getattr(limits, name):,}" in str(refusal.value)


def test_limits_count_the_files_already_there(tmp_path: Path) -> None:
    writer = Writer(RepoStore(tmp_path, Limits(files=2, task_bytes=10)), 1)
    writer.save({"context/a.md": b"x" * 5, "context/b.md": b"x" * 5})
    with pytest.raises(LimitExceeded, match="3 files"):
        writer.save({"context/c.md": b""})
    with pytest.raises(LimitExceeded, match="11 bytes"):
        writer.save({"context/a.md": b"x" * 6})
    writer.save({"context/a.md": None, "context/c.md": b"x" * 5})


def test_the_default_limits_are_the_documented_ones() -> None:
    assert (Limits().file_bytes, Limits().files, Limits().task_bytes) == (1_000_000, 200, 20_000_000)


@pytest.mark.parametrize(
    ("author", "name", "email"),
    [
        (Author("Eve <root@localhost>\ncommitter Muster", "a@b"), "Eve root@localhost committer Muster", "a@b"),
        (Author("", ""), "unknown", "unknown@localhost"),
        (Author("<>", "\n<>"), "unknown", "unknown@localhost"),
        (Author("\u202eevil\u202c \0\x1b[31m", "x\0y@z>\nfoo"), "evil [31m", "xy@zfoo"),
        (Author("\ud800", "\udfff"), "unknown", "unknown@localhost"),
        (Author("Zo\u00eb \U0001f600", "zoe@example.org"), "Zo\u00eb \U0001f600", "zoe@example.org"),
        (Author("x" * 5000, "y" * 5000), "x" * 200, "y" * 200),
    ],
    ids=range(7),
)
def test_an_author_cannot_break_out_of_its_line(writer: Writer, author: Author, name: str, email: str) -> None:
    version = writer.save({"instructions.md": b"x"}, author=author)
    assert version.author == Author(name, email)
    assert git(writer.path, "log", "-1", "--format=%an|%ae|%cn|%ce", "main").strip() == f"{name}|{email}|Muster|muster@localhost"
    assert git(writer.path, "fsck", "--strict") == ""


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Say it\0twice", "Say ittwice"),
        ("", "Change the files"),
        ("\n \0\u200b", "Change the files"),
        ("One\r\n\r\nTwo \u202e\ud800", "One\n\nTwo"),
        ("x" * 20_000, "x" * 10_000),
    ],
    ids=range(5),
)
def test_a_message_is_kept_without_what_cannot_be_seen(writer: Writer, message: str, kept: str) -> None:
    assert writer.save({"instructions.md": b"x"}, message).message == kept
    assert git(writer.path, "fsck", "--strict") == ""


def test_a_date_outside_the_calendar_of_git_is_brought_inside(store: RepoStore) -> None:
    for task_id, year in enumerate((1, 1969, 2026, 9999), start=1):
        when = datetime(year, 1, 1, tzinfo=UTC)
        version = store.write_version(task_id, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m", when=when)
        assert 1970 <= version.when.year <= 2099
        assert git(store.layout.repository(task_id), "fsck", "--strict", version.commit) == ""
    with pytest.raises(ValueError, match="time zone"):
        store.write_version(9, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m", when=datetime(2026, 1, 1))


def test_the_same_save_is_the_same_commit(store: RepoStore) -> None:
    versions = {
        store.write_version(1, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m", when=NOON).commit
        for _ in range(3)
    }
    assert len(versions) == 1


def test_a_version_is_on_no_branch_until_the_ref_moves(store: RepoStore) -> None:
    version = store.write_version(1, head=None, base=None, changes={"instructions.md": b"x"}, author=PAT, message="m")
    assert store.tip(1) is None
    assert store.read_file(1, version.commit, "instructions.md") == b"x"
    assert store.advance_ref(1, version.commit) is True
    assert store.tip(1) == version.commit


def test_two_savers_may_advance_the_ref_in_the_wrong_order(store: RepoStore) -> None:
    def write(head: str | None, text: bytes) -> str:
        return store.write_version(1, head=head, base=head, changes={"instructions.md": text}, author=PAT, message="m").commit

    first = write(None, b"1")
    second = write(first, b"2")
    store.advance_ref(1, first)
    third = write(second, b"3")
    assert store.advance_ref(1, third) is True
    assert store.advance_ref(1, second) is False
    assert store.tip(1) == third
    stranger = write(first, b"other")
    with pytest.raises(RefMoved):
        store.advance_ref(1, stranger)


def test_only_branches_of_the_task_move_and_only_to_versions(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one"})
    with pytest.raises(NoSuchVersion):
        writer.store.advance_ref(42, "0" * 40)
    with pytest.raises(InvalidName):
        writer.store.advance_ref(42, first.commit, "refs/heads/other")


def test_a_seal_grows_from_the_commit_that_was_given_and_then_from_the_branch(writer: Writer) -> None:
    given = writer.save({"instructions.md": b"Build it."})
    writer.save({"instructions.md": b"Build it better."})
    sealed = writer.seal(1, {"result.json": b"{}"}, [given.commit])
    assert sealed.parent == given.commit
    assert git(writer.path, "diff", "--name-status", "main...attempts/1").split() == ["A", "result.json"]
    again = writer.seal(1, {"late.json": b"{}"}, [sealed.commit, given.commit])
    assert again.parent == sealed.commit
    assert writer.store.tip(42, "refs/heads/attempts/1") == again.commit
    assert writer.store.check_repo(42, writer.head, {1: again.commit}) == []


def test_a_seal_may_bring_no_file(writer: Writer) -> None:
    given = writer.save({"instructions.md": b"x"})
    sealed = writer.seal(3, {}, [given.commit])
    assert (sealed.parent, sealed.files_changed) == (given.commit, 0)


def test_a_seal_of_a_task_without_files_makes_the_repository(writer: Writer) -> None:
    sealed = writer.seal(1, {"result.json": b"{}"}, [])
    assert sealed.parent is None
    assert writer.store.tip(42) is None
    assert writer.store.check_repo(42, None, {1: sealed.commit}) == []


def test_a_seal_refuses_hostile_names_too(writer: Writer) -> None:
    given = writer.save({"instructions.md": b"x"})
    with pytest.raises(InvalidName):
        writer.seal(1, {".git/config": b"x"}, [given.commit])
    with pytest.raises(InvalidName):
        writer.seal(0, {"a": b"x"}, [given.commit])


def test_restore_brings_back_one_file(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one", "context/a.md": b"a"})
    second = writer.save({"instructions.md": b"two", "context/a.md": b"b"})
    restored = writer.store.restore(42, head=second.commit, from_commit=first.commit, path="context/a.md", author=PAT)
    assert writer.store.read_files(42, restored.commit) == {"instructions.md": b"two", "context/a.md": b"a"}
    with pytest.raises(NoSuchFile):
        writer.store.restore(42, head=second.commit, from_commit=first.commit, path="context/none.md", author=PAT)


def test_restore_brings_back_a_whole_version(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one", "context/a.md": b"a"})
    second = writer.save({"instructions.md": b"two", "context/a.md": None, "context/b.md": b"b"})
    restored = writer.store.restore(42, head=second.commit, from_commit=first.commit, author=PAT)
    assert (restored.tree, restored.parent) == (first.tree, second.commit)
    assert writer.store.restore(42, head=restored.commit, from_commit=first.commit, author=PAT) == restored


@pytest.mark.parametrize("version", ["", "main", "HEAD", "refs/heads/main", "--output=/tmp/x", "0" * 39, "0" * 41, "A" * 40, "\u0661" * 40])
def test_only_a_full_commit_id_names_a_version(writer: Writer, version: str) -> None:
    writer.save({"instructions.md": b"x"})
    with pytest.raises(NoSuchVersion):
        writer.store.read_file(42, version, "instructions.md")


def test_it_writes_nothing_on_top_of_a_head_that_is_not_there(writer: Writer) -> None:
    writer.save({"instructions.md": b"x"})
    with pytest.raises(NoSuchVersion):
        writer.store.write_version(42, head="0" * 40, base="0" * 40, changes={"instructions.md": b"y"}, author=PAT, message="m")
    with pytest.raises(MissingRepo, match="repocheck"):
        writer.store.write_version(43, head="0" * 40, base="0" * 40, changes={"instructions.md": b"y"}, author=PAT, message="m")
    assert not writer.store.layout.repository(43).exists()


def test_it_refuses_a_repository_of_another_task(store: RepoStore) -> None:
    one, two = Writer(store, 1), Writer(store, 2)
    version = one.save({"instructions.md": b"one"})
    two.save({"instructions.md": b"two"})
    one.path.rename(one.path.with_name("aside"))
    two.path.rename(one.path)
    with pytest.raises(DamagedRepo, match="another task"):
        store.read_file(1, version.commit, "instructions.md")


def test_a_writer_waits_no_longer_than_its_patience(tmp_path: Path) -> None:
    writer = Writer(RepoStore(tmp_path, patience=0.05), 42)
    writer.save({"instructions.md": b"x"})
    with writer.store.locked(42) as path:
        assert path == writer.path
        with pytest.raises(RepoLocked, match="Try again"):
            writer.save({"instructions.md": b"y"})
    writer.save({"instructions.md": b"y"})


def test_the_servers_own_git_settings_change_nothing(writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_ALTERNATE_OBJECT_DIRECTORIES"):
            patch.setenv(name, str(tmp_path / "elsewhere" / name))
        patch.setenv("GIT_CONFIG_COUNT", "1")
        patch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
        patch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
        writer.save({"instructions.md": b"x"})
        writer.store.pack(42)
        assert writer.store.check_repo(42, writer.head) == []
    assert not (tmp_path / "elsewhere").exists()
