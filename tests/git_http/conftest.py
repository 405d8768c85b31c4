"""One live server for a file of tests; each test makes a task of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop, open_shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


@pytest.fixture
def task(shop: Shop) -> int:
    """A task with instructions and one file of context."""
    return shop.task(files={"context/a.md": "one\n"})


@pytest.fixture
def pats(shop: Shop, task: int, tmp_path: Path) -> Clone:
    """Pat's clone of the task: a planner's."""
    return shop.clone(task, "pat", tmp_path / "pats")
