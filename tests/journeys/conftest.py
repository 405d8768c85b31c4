"""Real web servers on a database of this run's kind, empty but for ada or with a sample project, and a browser that is signed in."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.journeys.machines import SET_UP, Engine
from tests.prepared import EMPTY, Kind, prepared, serving
from tests.servers import MusterServer

PASSWORD = "correct horse battery"
ADA = Kind(
    "ada",
    f"""
import json
from django.conf import settings
from django.test import Client
from coordination.models import User
ada = User.objects.create_superuser("ada", "ada@example.org", {PASSWORD!r})
client = Client()
client.force_login(ada)
print(json.dumps({{settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}}))
""",
    EMPTY,
)
# Nobody works on the sample while the tests run, so those who seem to hold a task are given time for it.
SAMPLE = Kind(
    "sample",
    """
from datetime import timedelta
from django.core.management import call_command
from coordination.models import Lease
from coordination.models.clock import now
call_command("sampleplan")
Lease.objects.update(expires_at=now() + timedelta(days=2))
""",
    ADA,
)
ENGINE = Kind("engine", SET_UP, EMPTY)


@pytest.fixture
def site() -> Iterator[MusterServer]:
    """Serves the pages, to nobody but ada; its `shell` does what another door would."""
    with serving(ADA, ready_path="/login") as server:
        yield server


@pytest.fixture
def sample() -> Iterator[MusterServer]:
    """A server with ada and the sample project, for one test."""
    with serving(SAMPLE, ready_path="/login") as server:
        yield server


@pytest.fixture(scope="module")
def shared() -> Iterator[MusterServer]:
    """A server with ada and the sample project, for a file whose tests do not need what another one left and leave each other alone."""
    with serving(SAMPLE, ready_path="/login") as server:
        yield server


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A server for the agents' journeys, shared by the tests of a module: project `shop` with one phase, and a key of each scope."""
    with serving(ENGINE) as server:
        yield Engine(server, keys=prepared(ENGINE).told)


def keep_toasts(page: Page) -> None:
    """Let toasts stay as they do while nobody looks at the window: a busy machine may need longer than they stay otherwise."""
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")


def sign_in(page: Page, site: MusterServer) -> None:
    """Give the browser a session of ada's. (test_shell.py and the journeys sign in by the form.)"""
    cookies = json.loads(prepared(ADA).told)
    page.context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
