"""Logs with counts that follow a file through renames, comparisons looked into a part at a time, and origins of lines."""

from __future__ import annotations

import pytest

from repo_store import DiffView, NoSuchVersion, RepoStore
from tests.repo_store.conftest import Writer

TEXT = "".join(f"line {number}\n" for number in range(40)).encode()


def renamed(writer: Writer) -> None:
    writer.save({"context/old.md": TEXT, "instructions.md": b"a\n"}, "First")
    writer.save({"instructions.md": b"a\nb\n"}, "Elsewhere")
    writer.save({"context/old.md": None, "context/new.md": TEXT + b"more\n"}, "Rename")
    writer.save({"context/new.md": TEXT + b"more\nand more\n"}, "After")


def test_the_log_of_a_file_follows_it_where_it_was_renamed(writer: Writer, store: RepoStore) -> None:
    renamed(writer)
    steps = store.steps(42, writer.head, "context/new.md").items
    assert [(step.version.message, step.path) for step in steps] == [
        ("After", "context/new.md"),
        ("Rename", "context/new.md"),
        ("First", "context/old.md"),
    ]
    assert [(count.status, count.old_path, count.additions, count.deletions) for step in steps for count in step.counts] == [
        ("modified", "context/new.md", 1, 0),
        ("renamed", "context/old.md", 1, 0),
        ("added", None, 40, 0),
    ]


def test_the_pages_of_such_a_log_remember_the_name_the_file_had(writer: Writer, store: RepoStore) -> None:
    renamed(writer)
    seen: list[str] = []
    cursor = None
    while True:
        page = store.steps(42, writer.head, "context/new.md", limit=1, after=cursor)
        seen += [step.version.message for step in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["After", "Rename", "First"]


def test_a_log_counts_what_each_version_changed(writer: Writer, store: RepoStore) -> None:
    renamed(writer)
    steps = store.steps(42, writer.head).items
    assert [len(step.counts) for step in steps] == [1, 1, 1, 2]
    assert [step.version.files_changed for step in steps] == [1, 1, 1, 2]
    assert store.steps(42, writer.head).items == steps, "the same when it is remembered"


@pytest.mark.parametrize("cursor", ["zzz", "0" * 40, ":x"])
def test_a_cursor_that_names_no_version_is_refused(writer: Writer, store: RepoStore, cursor: str) -> None:
    renamed(writer)
    if cursor == ":x":
        assert store.steps(42, writer.head, after=cursor).items == ()
        return
    with pytest.raises(NoSuchVersion):
        store.steps(42, writer.head, after=cursor)


def test_a_comparison_lists_all_files_and_looks_into_those_asked_for(writer: Writer, store: RepoStore) -> None:
    first = writer.save({f"context/{number}.md": b"a\n" for number in range(5)}).commit
    writer.save({f"context/{number}.md": b"b\n" for number in range(5)})
    assert writer.head
    found = store.compare(42, first, writer.head, DiffView(first=2, count=2))
    assert [change.path for change in found.changes] == [f"context/{number}.md" for number in range(5)]
    assert [change.path for change, _ in found.files] == ["context/2.md", "context/3.md"]
    assert (found.additions, found.deletions) == (5, 5)
    only = store.compare(42, first, writer.head, DiffView(only="context/4.md"))
    assert [change.path for change, _ in only.files] == ["context/4.md"]
    blob = only.files[0][0].new_blob
    assert blob
    assert store.blobs(42, [blob, "0" * 40, "zzz", writer.head]) == {blob: b"b\n"}


def test_white_space_and_context_are_as_asked(writer: Writer, store: RepoStore) -> None:
    first = writer.save({"context/a.md": TEXT}).commit
    writer.save({"context/a.md": TEXT.replace(b"line 20\n", b"line  20 \n")})
    assert writer.head
    ((_, file),) = store.compare(42, first, writer.head, DiffView(context=5)).files
    assert len(file.hunks[0].lines) == 12
    ((_, file),) = store.compare(42, first, writer.head, DiffView(spaces=False)).files
    assert file.hunks == ()


def test_what_is_not_text_is_not_counted(writer: Writer, store: RepoStore) -> None:
    writer.save({"context/a.bin": b"\0\1\2", "instructions.md": b"a"})
    assert writer.head
    found = [(count.path, count.additions) for count in store.counts(42, None, writer.head)]
    assert found == [("context/a.bin", None), ("instructions.md", 1)]


def test_a_line_s_origin_says_where_to_look_before_it(writer: Writer, store: RepoStore) -> None:
    renamed(writer)
    assert writer.head
    found = store.annotate(42, writer.head, "context/new.md")
    assert len(found.lines) == 42
    of_first, of_more, of_last = (found.origins[found.lines[number].commit] for number in (0, 40, 41))
    assert (of_first.version.message, of_first.path, of_first.before) == ("First", "context/old.md", None)
    assert (of_more.version.message, of_more.path_before) == ("Rename", "context/old.md")
    assert (of_last.path_before, of_last.before) == ("context/new.md", of_more.version.commit)
