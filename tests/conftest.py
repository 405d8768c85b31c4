"""Fixtures that every room's tests share: fresh databases, Redis, a live server, a browser."""

import gc
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, expect

from tests.prepared import EMPTY, create, drop, drop_all_prepared, prepared
from tests.servers import MusterServer, ServerError, running_muster, throwaway_postgres, throwaway_redis
from tests.servers.browser import launch_arguments

# How long one example takes, or is made, says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("muster", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True)
hypothesis.settings.load_profile("muster")
# So does how long a page takes to load, or to show what is expected of it; what never comes still fails.
PATIENCE = 60_000  # ms
expect.set_options(timeout=PATIENCE)

# A test that asks for one of these, or is marked django_db, behaves differently on another database.
DATABASE_FIXTURES = {
    *("db", "transactional_db", "django_db_reset_sequences", "fresh_database_url"),
    *("muster", "site", "sample", "engine", "shop"),
}
# Their tests start servers and other processes and wait for them: they go first, so that none of them is the last to end.
STARTING_PROCESSES = ("worker", "journeys", "git_http", "tooling")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-database", action="store_true", help="run only the tests that touch the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    dropped = [item for item in items if not _belongs_here(item, only_database=config.getoption("--only-database"))]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        gone = set(dropped)
        items[:] = [item for item in items if item not in gone]
    items.sort(key=_turn)


def pytest_collection_finish() -> None:
    # What was imported and collected stays to the end: the collector of garbage need not look at all of it again and again.
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    is_xdist_worker = hasattr(config, "workerinput")
    if settings.ON_POSTGRES and not is_xdist_worker:
        drop_all_prepared()


def _belongs_here(item: pytest.Item, *, only_database: bool) -> bool:
    if once := item.get_closest_marker("once"):
        return bool(once.args[0] == ("postgres" if settings.ON_POSTGRES else "sqlite"))
    return not only_database or _touches_the_database(item)


def _touches_the_database(item: pytest.Item) -> bool:
    # What a browser does with a page is the same over any database; the pages themselves are also asked for without one.
    if "page" in getattr(item, "fixturenames", ()):
        return False
    return item.get_closest_marker("django_db") is not None or bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


def _turn(item: pytest.Item) -> int:
    room = _room(item)
    return STARTING_PROCESSES.index(room) if room in STARTING_PROCESSES else len(STARTING_PROCESSES)


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath).parts[1]


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Let Django take the test database that is there: django_db_modify_db_settings has made it."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Begin the test database as a copy of one that was migrated once for the whole run."""
    test = connection.settings_dict["TEST"]
    test["MIGRATE"] = False
    begun = prepared(EMPTY)
    if settings.ON_POSTGRES:
        test["NAME"] = test["NAME"] or f"test_{connection.settings_dict['NAME']}"
        drop(test["NAME"])
        create(test["NAME"], template=begun.database)
    else:
        Path(test["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(begun.home / "muster.sqlite3", test["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's test database; threads that a test left waiting must not keep it from being removed."""
    yield
    if settings.ON_POSTGRES:
        drop(settings.DATABASES["default"]["NAME"])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server's maintenance address, whichever database the run is about: TEST_DATABASE_URL or a throw-away one."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield named
        return
    with throwaway_postgres(fsync=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis for this test process alone: TEST_REDIS_URL or a throw-away one. Tests that kill or flush start their own."""
    if named := os.environ.get("TEST_REDIS_URL"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield urlsplit(named)._replace(path=f"/{int(worker) + 1}").geturl()
        return
    with throwaway_redis() as server:
        yield server.url


@pytest.fixture
def fresh_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, of the kind this run is about, for processes of their own; gone after the test."""
    with fresh_database(tmp_path) as url:
        yield url


@contextmanager
def fresh_database(directory: Path) -> Iterator[str]:
    """Yield the address of an empty database, of the kind this run is about, and remove it afterwards."""
    if not settings.ON_POSTGRES:
        yield f"sqlite:///{directory / 'muster.sqlite3'}"
        return
    name = f"muster_{uuid.uuid4().hex[:12]}"
    try:
        yield create(name)
    finally:
        drop(name)


@pytest.fixture
def muster(fresh_database_url: str) -> Iterator[MusterServer]:
    """A real Muster in processes of its own, on an empty database of the kind this run is about."""
    with running_muster(database_url=fresh_database_url) as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """pytest-playwright's: which browser `page` opens, and how."""
    try:
        return launch_arguments()
    except ServerError as error:
        remedy = str(error)
    pytest.fail(remedy, pytrace=False)


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    """pytest-playwright's, whose pages wait as long as `expect` does."""
    browser.on("context", lambda context: context.set_default_timeout(PATIENCE))
    return browser


@pytest.fixture(scope="session")
def base_url() -> str:
    """No address is every page's: tests open `muster.url`. (The plugin's own fixture is deprecated by pytest.)"""
    return ""
