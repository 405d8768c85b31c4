"""Two texts side by side: which lines differ, and which words in them."""

from hypothesis import given
from hypothesis import strategies as st

from webui.differences import changed_lines, side_by_side

TEXTS = st.lists(st.sampled_from(["a", "b c", "b d", "", "e"]), max_size=15).map("\n".join)


def test_changed_words_are_marked_within_their_line() -> None:
    row = next(row for row in side_by_side("read every line\n", "read each line\n").rows if row.kind == "changed")
    assert [(piece.text, piece.is_changed) for piece in row.old] == [("read ", False), ("every", True), (" line", False)]
    assert [piece.text for piece in row.new if piece.is_changed] == ["each"]


def test_far_lines_are_left_out() -> None:
    lines = [f"line {number}" for number in range(100)]
    found = side_by_side("\n".join(lines), "\n".join([*lines[:50], "new", *lines[50:]]))
    assert (found.additions, found.deletions) == (1, 0)
    assert [row.kind for row in found.rows] == ["gap", "same", "same", "same", "added", "same", "same", "same", "gap"]


@given(TEXTS, TEXTS)
def test_every_line_that_differs_is_shown(old: str, new: str) -> None:
    rows = changed_lines(old, new).rows
    shown = ["".join(piece.text for piece in row.new) for row in rows if row.kind == "added"]
    gone = ["".join(piece.text for piece in row.old) for row in rows if row.kind == "removed"]
    before, after = old.splitlines(), new.splitlines()
    for line in set(before) | set(after):
        assert shown.count(line) - gone.count(line) == after.count(line) - before.count(line), line


def test_texts_of_many_lines_are_compared_in_time() -> None:
    old, new = "\n".join(f"x{n}" for n in range(30_000)), "\n".join(f"y{n}" for n in range(30_000))
    assert side_by_side(old, new).rows
