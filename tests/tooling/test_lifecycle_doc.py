"""docs/lifecycle.md says what coordination/lifecycle.py says."""

from coordination.api.compat import seed004
from coordination.lifecycle import MOVES, Band, DependencyKind, PhaseState, State, band_of
from scripts.lifecycle_doc import OTHER_WORDS, PAGE, TIMES, page


def test_the_page_is_what_would_be_drawn() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "draw it again with: python -m scripts.lifecycle_doc"


def test_it_shows_every_state_move_kind_phase_and_band() -> None:
    text = page()
    for word in (*State, *DependencyKind, *PhaseState, *Band):
        assert f"| `{word}` |" in text
    for move in MOVES:
        assert move.note in text
        for source in move.sources:
            assert any(line.startswith(f"    {source} --> {move.target}:") and move.verb in line for line in text.splitlines())


def test_its_translation_is_the_one_that_the_compatible_paths_use() -> None:
    assert {state: data for state, (_, data) in OTHER_WORDS.items()} == dict(seed004.STATUS)


def test_every_priority_is_in_one_band() -> None:
    assert [band_of(priority) for priority in (0, 20, 21, 50, 51, 100)] == ["critical"] * 2 + ["normal"] * 2 + ["low"] * 2


def test_its_times_are_positive_seconds() -> None:
    assert all(seconds > 0 for seconds, _ in TIMES.values())
