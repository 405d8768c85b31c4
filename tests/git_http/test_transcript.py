"""docs/git.md shows what really happens."""

from pathlib import Path

from tests.git_http.cast import Shop
from tests.git_http.transcript import SESSIONS, recorded, sessions


def test_the_recorded_sessions_happen_again_word_for_word(shop: Shop, tmp_path: Path) -> None:
    assert set(recorded()) == set(SESSIONS)
    assert sessions(shop, tmp_path) == recorded()
