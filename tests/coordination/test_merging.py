"""Two texts that grew from one are put together without losing a line of either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.merging import MIDDLE, MINE, THEIRS, merge

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "- x", "# y"]), max_size=12)
MARKS = {MINE, MIDDLE, THEIRS}


def joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        ("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n"),
        ("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n"),
        ("", "mine\n", "", "mine\n"),
        ("a\n", "a\n", "b", "b"),
        ("a\nb\n", "a\nx\nb\n", "a\nx\nb\n", "a\nx\nb\n"),
    ],
)
def test_changes_of_different_lines_go_together(base: str, mine: str, theirs: str, expected: str) -> None:
    merged = merge(base, mine, theirs)
    assert (merged.text, merged.conflicts) == (expected, 0)


def test_both_texts_of_a_line_that_both_changed_stand_between_marks() -> None:
    merged = merge("a\nb", "a\nx", "a\ny")
    assert merged.conflicts == 1
    assert merged.text == f"a\n{MINE}\nx\n{MIDDLE}\ny\n{THEIRS}\n"


@given(LINES, LINES, LINES)
def test_nothing_that_somebody_added_is_lost(base: list[str], mine: list[str], theirs: list[str]) -> None:
    merged = merge(joined(base), joined(mine), joined(theirs))
    kept = [line for line in merged.text.splitlines() if line not in MARKS]
    for side in (mine, theirs):
        for line in set(side):
            assert kept.count(line) >= side.count(line) - base.count(line), line


@given(LINES, LINES)
def test_a_side_that_changed_nothing_yields(base: list[str], theirs: list[str]) -> None:
    assert merge(joined(base), joined(base), joined(theirs)).text == joined(theirs)
    assert merge(joined(base), joined(theirs), joined(base)).text == joined(theirs)
