"""The guide to the board names the pages and their keys as they are."""

from pathlib import Path

from webui.places import EVERYWHERE, OF_PROJECT

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "board.md"


def test_the_guide_names_every_page_and_its_keys() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    rows = [line for line in guide.splitlines() if line.startswith("|")]
    for place in (*EVERYWHERE, *OF_PROJECT):
        assert any(place.title in row and f"`g {place.key}`" in row for row in rows), (
            f"docs/board.md does not say `g {place.key}`: {place.title}"
        )


def test_no_two_pages_share_a_key() -> None:
    keys = [place.key for place in (*EVERYWHERE, *OF_PROJECT)]
    assert len(keys) == len(set(keys))
