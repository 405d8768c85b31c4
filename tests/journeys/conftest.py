"""A real web server on an empty database of this run's kind, with ada and a sample project, and a browser that is signed in."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.conftest import fresh_database
from tests.journeys.machines import Engine
from tests.servers import MusterServer, running_muster

PASSWORD = "correct horse battery"
CREATE_ADA = "from coordination.models import User; User.objects.create_superuser('ada', 'ada@example.org', '{}')"


@pytest.fixture
def site(fresh_database_url: str) -> Iterator[MusterServer]:
    """Serves the pages; its `manage` runs commands beside it, as another door would."""
    command = (sys.executable, "-m", "tests.journeys.serve")
    with running_muster(database_url=fresh_database_url, command=command, ready_path="/login") as server:
        server.manage("shell", "--no-imports", "-c", CREATE_ADA.format(PASSWORD))
        yield server


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A server for the agents' journeys, shared by the tests of a module: project `shop` with one phase, and a key of each scope."""
    with fresh_database(tmp_path_factory.mktemp("engine")) as url:
        command = (sys.executable, "-m", "tests.journeys.serve")
        with running_muster(database_url=url, command=command, environment={"BLOCKING_THREADS": "64"}) as server:
            yield Engine(server)


@pytest.fixture
def sample(site: MusterServer) -> MusterServer:
    site.manage("sampleplan")
    return site


def sign_in(page: Page, site: MusterServer) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/")
