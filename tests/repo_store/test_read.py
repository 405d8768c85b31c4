"""Reading files, histories, differences, blame and archives."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest

from repo_store import Author, FileEntry, Line, NoSuchFile, NoSuchVersion, RepoStore
from tests.repo_store.conftest import JARED, PAT, Writer, git


@pytest.mark.parametrize(
    "path",
    ["", "/", "context", "context/", "/instructions.md", "context/none.md", "instructions.md/x", "../x", "a\0b", "\ud800", "x" * 9000],
)
def test_it_says_when_a_version_has_no_such_file(writer: Writer, path: str) -> None:
    version = writer.save({"instructions.md": b"x", "context/a.md": b"a"})
    for read in (writer.store.read_file, writer.store.blame):
        with pytest.raises(NoSuchFile) as refusal:
            read(42, version.commit, path)
        assert str(refusal.value).isascii()


def test_it_returns_the_bytes_as_they_were_saved(writer: Writer) -> None:
    content = bytes(range(256)) * 10
    version = writer.save({"context/data.bin": content})
    assert writer.store.read_file(42, version.commit, "context/data.bin") == content


def test_it_lists_files_with_their_size(writer: Writer) -> None:
    version = writer.save({"instructions.md": b"four", "context/b/c.md": b"", "context/a.md": b"a"})
    assert writer.store.list_files(42, version.commit) == [
        FileEntry("context/a.md", 1, "2e65efe2a145dda7ee51d1741299f848e5bf752e", 0o100644),
        FileEntry("context/b/c.md", 0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", 0o100644),
        FileEntry("instructions.md", 4, git(writer.path, "rev-parse", "main:instructions.md").strip(), 0o100644),
    ]


def test_a_tree_or_blob_id_is_no_version(writer: Writer) -> None:
    version = writer.save({"instructions.md": b"x"})
    with pytest.raises(NoSuchVersion):
        writer.store.list_files(42, version.tree)


def test_history_comes_in_pages_newest_first(writer: Writer) -> None:
    commits = [writer.save({"instructions.md": b"%d" % n}, f"Version {n}").commit for n in range(7)]
    page = writer.store.history(42, writer.head, limit=3)
    assert [version.message for version in page.items] == ["Version 6", "Version 5", "Version 4"]
    seen = list(page.items)
    while page.next:
        page = writer.store.history(42, writer.head, limit=3, after=page.next)
        seen += page.items
    assert [version.commit for version in seen] == commits[::-1]
    assert [version.files_changed for version in seen] == [1] * 7


def test_the_last_page_has_no_cursor(writer: Writer) -> None:
    for n in range(4):
        writer.save({"instructions.md": b"%d" % n})
    first = writer.store.history(42, writer.head, limit=2)
    assert writer.store.history(42, writer.head, limit=2, after=first.next).next is None
    assert writer.store.history(42, None).items == ()


def test_a_cursor_that_is_no_version_is_refused(writer: Writer) -> None:
    writer.save({"instructions.md": b"x"})
    for cursor in ("", "main", "0" * 40):
        with pytest.raises(NoSuchVersion):
            writer.store.history(42, writer.head, after=cursor)


def test_history_of_a_path_holds_only_what_changed_it(writer: Writer) -> None:
    writer.save({"instructions.md": b"1"}, "start")
    writer.save({"context/a.md": b"1"}, "add a")
    writer.save({"instructions.md": b"2", "context/b/c.md": b"1"}, "other")
    writer.save({"context/a.md": b"2"}, "change a")
    writer.save({"context/a.md": None}, "delete a")
    messages = [version.message for version in writer.store.history(42, writer.head, path="context/a.md").items]
    assert messages == ["delete a", "change a", "add a"]
    assert [v.message for v in writer.store.history(42, writer.head, path="context/b").items] == ["other"]
    page = writer.store.history(42, writer.head, path="context/a.md", limit=2)
    rest = writer.store.history(42, writer.head, path="context/a.md", limit=2, after=page.next)
    assert [version.message for version in (*page.items, *rest.items)] == messages


def test_a_diff_names_files_hunks_and_lines(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one\ntwo\nthree\n", "context/old.md": b"stays the same\n" * 5, "context/x.bin": b"\0\1"})
    second = writer.save(
        {
            "instructions.md": b"one\n2\nthree\nfour",
            "context/old.md": None,
            "context/new.md": b"stays the same\n" * 5,
            "context/x.bin": b"\0\2",
            "context/added.md": b"+\n",
        }
    )
    diff = writer.store.diff(42, first.commit, second.commit)
    by_path = {file.path: file for file in diff.files}
    assert {path: file.status for path, file in by_path.items()} == {
        "context/added.md": "added",
        "context/new.md": "renamed",
        "context/x.bin": "modified",
        "instructions.md": "modified",
    }
    assert by_path["context/new.md"].old_path == "context/old.md"
    assert (by_path["context/added.md"].old_path, by_path["context/x.bin"].binary) == (None, True)
    (hunk,) = by_path["instructions.md"].hunks
    assert hunk.header == "@@ -1,3 +1,4 @@"
    assert hunk.lines == (
        Line(" ", 1, 1, "one"),
        Line("-", 2, None, "two"),
        Line("+", None, 2, "2"),
        Line(" ", 3, 3, "three"),
        Line("+", None, 4, "four"),
        Line("\\", None, None, "No newline at end of file"),
    )
    assert (diff.additions, diff.deletions, diff.truncated) == (3, 1, False)


def test_a_diff_from_nothing_adds_everything(writer: Writer) -> None:
    version = writer.save({"instructions.md": b"one\ntwo\n"})
    diff = writer.store.diff(42, None, version.commit)
    assert [(file.status, file.new_path, file.additions) for file in diff.files] == [("added", "instructions.md", 2)]
    assert writer.store.diff(42, version.commit, version.commit).files == ()


def test_a_diff_of_a_deletion_has_no_new_path(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"x", "context/a.md": b"a\n"})
    second = writer.save({"context/a.md": None})
    (file,) = writer.store.diff(42, first.commit, second.commit).files
    assert (file.status, file.old_path, file.new_path, file.path, file.deletions) == ("deleted", "context/a.md", None, "context/a.md", 1)


def test_a_huge_diff_is_cut_but_counted_whole(writer: Writer) -> None:
    version = writer.save({f"context/{n}.md": b"x\n" * 15_000 for n in range(3)})
    diff = writer.store.diff(42, None, version.commit)
    assert [file.truncated for file in diff.files] == [False, True, True]
    assert (diff.additions, diff.truncated) == (45_000, True)


def test_the_unified_text_can_be_applied(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one\ntwo\n", "context/a.md": b"a\n", "context/bad.md": b"\xff\n"})
    second = writer.save({"instructions.md": b"one\n2", "context/a.md": None, "context/b.md": "\u00fc\n".encode()})
    text = writer.store.unified_diff(42, first.commit, second.commit)
    work = writer.store.layout.root / "work"
    subprocess.run(["git", "clone", "-q", str(writer.path), str(work)], check=True)
    git(work, "checkout", "-q", first.commit)
    subprocess.run(["git", "apply", "--index", "-"], input=text.encode(), cwd=work, check=True)
    assert git(work, "write-tree").strip() == second.tree


def test_blame_names_the_version_of_each_line(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one\r\ntwo\nthree"}, author=PAT)
    second = writer.save({"instructions.md": b"one\r\n2\nthree"}, author=JARED)
    lines = writer.store.blame(42, second.commit, "instructions.md")
    assert [(line.line_no, line.text, line.commit, line.author) for line in lines] == [
        (1, "one", first.commit, PAT),
        (2, "2", second.commit, JARED),
        (3, "three", first.commit, PAT),
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"one", b"\0\1\n\2", b"\xff\xfe\n", b"\n\n\n"])
def test_blame_agrees_with_git_on_odd_files(writer: Writer, content: bytes) -> None:
    version = writer.save({"context/odd.md": content})
    expected = (
        git(writer.path, "blame", "--porcelain", version.commit, "--", "context/odd.md").count("\n\t") if b"\xff" not in content else 1
    )
    assert len(writer.store.blame(42, version.commit, "context/odd.md")) == expected


def test_an_archive_is_always_the_same(writer: Writer) -> None:
    first = writer.save({"instructions.md": b"one", "context/a.md": b"a"})
    writer.save({"instructions.md": b"two"})
    packed = writer.store.archive(42, first.commit)
    assert packed == writer.store.archive(42, first.commit)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert {member.name: (member.uid, member.mode) for member in tar} == {
            "task-42/context/a.md": (0, 0o644),
            "task-42/instructions.md": (0, 0o644),
        }
        content = tar.extractfile("task-42/instructions.md")
        assert content is not None
        assert content.read() == b"one"


def test_it_lists_the_tasks_on_disk(store: RepoStore) -> None:
    for task_id in (1, 300):
        Writer(store, task_id).save({"instructions.md": b"x"}, author=Author("a", "b"))
    assert sorted(store.task_ids()) == [1, 300]
