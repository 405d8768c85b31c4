"""docs/filter.md says what the table of qualifiers says."""

import re

from coordination.queries.filters import TABLE, parse
from scripts.filter_doc import PAGE, page


def test_the_page_is_what_would_be_drawn() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "draw it again with: python -m scripts.filter_doc"


def test_it_shows_every_qualifier_and_every_word() -> None:
    text = page()
    for each in TABLE:
        assert f"| `{each.name}`" in text
        assert all(f"`{word}`" in text or word.startswith("@") or each.name in ("priority", "tier") for word in each.words)


def test_every_line_that_it_shows_can_be_read() -> None:
    text = page().replace("```", "")
    lines = [line for line in re.findall(r"`([^`\n]+)`", text) if re.match(r"-?[a-z]+:.", line)]
    assert len(lines) > 40
    for line in lines:
        parse(line)
