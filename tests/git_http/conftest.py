"""One live server for a file of tests; each test makes a task of its own."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.git_http.cast import SETUP, Clone, Shop
from tests.servers import running_muster


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    command = (sys.executable, "-m", "tests.journeys.serve")
    with fresh_database(tmp_path_factory.mktemp("db")) as url, running_muster(database_url=url, command=command) as server:
        told = server.manage("shell", "--no-imports", "-c", SETUP)
        yield Shop(server, json.loads(told.partition("KEYS ")[2]))


@pytest.fixture
def task(shop: Shop) -> int:
    """A task with instructions and one file of context."""
    return shop.task(files={"context/a.md": "one\n"})


@pytest.fixture
def pats(shop: Shop, task: int, tmp_path: Path) -> Clone:
    """Pat's clone of the task: a planner's."""
    return shop.clone(task, "pat", tmp_path / "pats")
