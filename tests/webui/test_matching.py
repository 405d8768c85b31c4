"""What two texts have in common: lines, words, rendered prose; and that nobody's text makes it slow or unsafe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.highlighting import Painter, language_of, marked, spelled_out
from webui.matching import Effort, changed_words, paired, runs
from webui.prosediff import compared

LETTERS = st.lists(st.sampled_from("abc"), max_size=12)


def longest_common(old: list[str], new: list[str]) -> int:
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = best[i + 1][j + 1] + 1 if old[i] == new[j] else max(best[i + 1][j], best[i][j + 1])
    return best[0][0]


@given(LETTERS, LETTERS)
def test_runs_are_common_in_order_and_as_long_as_can_be(old: list[str], new: list[str]) -> None:
    found = runs(old, new, Effort())
    reached_old = reached_new = 0
    for i, j, length in found:
        assert i >= reached_old
        assert j >= reached_new
        assert old[i : i + length] == new[j : j + length]
        reached_old, reached_new = i + length, j + length
    assert sum(length for *_, length in found) == longest_common(old, new)


def test_changed_words_are_marked_and_lines_with_little_in_common_are_not() -> None:
    assert changed_words("the quick brown fox", "the slow brown fox jumps", Effort()) == ([(4, 9)], [(4, 8), (18, 24)])
    assert changed_words("the quick brown fox", "an other sentence altogether", Effort()) == ([], [])


def test_a_removed_line_is_paired_with_the_one_it_became() -> None:
    assert paired(["total = count(x)"], ["import sys", "total = count(y)"]) == [(0, 1)]
    assert paired(["a", "b"], ["c", "d"]) == [(0, 0), (1, 1)]


def test_effort_ends_and_what_is_left_counts_as_changed() -> None:
    effort = Effort(left=10)
    old, new = [str(number) for number in range(500)], [str(number) for number in range(499, -1, -1)]
    assert sum(length for *_, length in runs(old, new, effort)) <= 1
    assert effort.left < 0


def test_colours_keep_every_letter_and_name_treacherous_ones() -> None:
    lines = Painter().lines("one", "a.py", "def f():\n    return '<b>' # \u202e x\r\n".encode())
    assert lines[0] == '<span class="k">def</span> <span class="f">f</span>():'
    assert "&lt;b&gt;" in lines[1]
    assert '<span class="odd">U+202E</span>' in spelled_out(lines[1])
    assert lines[2:] == [""]


@pytest.mark.parametrize("content", ["a\rb\n", "\ufeffx = 1\n", "x = 1", "\n\n", ""])
def test_odd_files_have_as_many_lines_as_they_have(content: str) -> None:
    assert len(Painter().lines(content, "a.py", content.encode())) == content.count("\n") + 1


def test_what_is_long_or_unknown_is_shown_without_colour() -> None:
    assert Painter().lines(None, "a.unknown", b"<b>") == ["&lt;b&gt;"]
    assert Painter().lines(None, "a.py", b"x" * 50_000) == ["x" * 50_000]
    assert Painter().lines(None, "a.py", b"\0") == []
    assert language_of("context/A.MD") == "markdown"


def test_marks_end_at_tags() -> None:
    assert marked('a<span class="k">bc</span>&lt;d', [(1, 4)]) == 'a<span class="k"><mark>bc</mark></span><mark>&lt;</mark>d'


def test_rendered_prose_shows_words_that_went_and_came() -> None:
    html = compared("# Plan\n\nRead the old file.\n\n- one\n- two\n", "# Plan\n\nRead the new file.\n\n- one\n- three\n", Effort())
    assert html is not None
    assert "<h3>Plan</h3>" in html
    assert "Read the <del>old</del><ins>new</ins> file." in html
    assert "<li><del>two</del></li><li><ins>three</ins></li>" in html


def test_a_word_that_became_a_link_has_changed() -> None:
    html = compared("See the plan.\n", "See the [plan](https://example.org).\n", Effort())
    assert html is not None
    assert "<del>plan</del>" in html
    assert "<ins>plan</ins></a>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>beacon()</script>",
        '<img src=x onerror="beacon()">',
        "[x](javascript:beacon())",
        "</ins></p><script>beacon()</script>",
        "<!-- -->",
    ],
)
def test_rendered_prose_is_as_safe_as_every_other_text(text: str) -> None:
    for old, new in ((text, ""), ("", text), (text, f"a {text} b"), (f"- {text}\n- b", f"- b\n- {text} c")):
        html = compared(old, new, Effort())
        assert html is not None
        assert "<script" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html


def test_prose_that_is_too_long_is_left_to_the_plain_view() -> None:
    assert compared("x" * 300_000, "", Effort()) is None


def test_much_work_is_given_up_and_nothing_is_lost() -> None:
    effort = Effort(left=2_000)
    html = compared("".join(f"a{n} b{n}\n\n" for n in range(400)), "".join(f"b{n} c{n}\n\n" for n in range(400)), effort)
    assert html is not None
    assert html.count("c399") == 1
    assert html.count("a399") == 1
