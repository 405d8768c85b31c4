"""Servers that begin with something in them: it is made once for a run of the tests and copied for each server."""

import fcntl
import hashlib
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from psycopg import sql

from tests.servers import MusterServer, running_muster
from tests.servers.muster import Beside, muster_environment
from tests.servers.process import wait_until

SERVE = (sys.executable, "-m", "tests.journeys.serve", "--migrated")
MIGRATE = "from django.core.management import call_command; call_command('migrate', verbosity=0)"


@dataclass(frozen=True)
class Kind:
    """What servers begin with: what `code` makes, in Muster's Django, on top of another kind."""

    name: str
    code: str
    base: "Kind | None" = None


EMPTY = Kind("empty", f"{MIGRATE}; from webui.static_files import gather; gather()")  # as `up` begins


@dataclass(frozen=True)
class Prepared:
    """A kind, made: a directory to copy, on PostgreSQL a database as well, and what the code printed."""

    home: Path
    database: str
    told: str


def prepared(kind: Kind) -> Prepared:
    """Return the kind, made by whichever of the run's processes wants it first."""
    room = _room()
    room.mkdir(parents=True, exist_ok=True)
    made = room / kind.name
    with (room / f"{kind.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(kind, made)
    return Prepared(made / "home", _template(kind), (made / "told").read_text())


def _room() -> Path:
    return Path(os.environ["MUSTER_TEST_HOME"]) / "prepared"


def _make(kind: Kind, made: Path) -> None:
    draft = made.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    base = prepared(kind.base) if kind.base else None
    if base:
        shutil.copytree(base.home, draft / "home")
    else:
        (draft / "home").mkdir(parents=True)
    url = ""
    if settings.ON_POSTGRES:
        drop(_template(kind))
        url = create(_template(kind), template=base.database if base else "")
    beside = Beside(muster_environment(draft / "home", database_url=url), draft / "log")
    try:
        (draft / "told").write_text(beside.run(kind.code))
    finally:
        beside.close()
    draft.rename(made)


def _template(kind: Kind) -> str:
    return f"{_prefix()}_{kind.name}" if settings.ON_POSTGRES else ""


def _prefix() -> str:
    return "muster_made_" + hashlib.sha256(os.environ["MUSTER_TEST_HOME"].encode()).hexdigest()[:12]


def create(name: str, *, template: str = "") -> str:
    """Create a database on the run's PostgreSQL, empty or as a copy of another that nobody uses, and return its address."""
    copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        # The server may hear later than we that a process which used it is gone.
        used = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        wait_until(
            lambda: not template or connection.execute(used, [template]).fetchone() is None, what=f"The end of all use of {template}"
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def drop(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_all_prepared() -> None:
    """Remove what this run prepared from the PostgreSQL server, which may be somebody's."""
    if not _room().exists():
        return
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_prefix()]).fetchall()
    for (name,) in found:
        drop(name)


@contextmanager
def serving(
    kind: Kind, *, redis_url: str = "", ready_path: str = "/livez", environment: Mapping[str, str] | None = None
) -> Iterator[MusterServer]:
    """Yield the web server alone, on a copy of what the kind holds and a database of the kind this run is about."""
    begun = prepared(kind)
    name = f"muster_{uuid.uuid4().hex[:12]}"
    url = create(name, template=begun.database) if settings.ON_POSTGRES else ""
    try:
        with running_muster(
            database_url=url,
            redis_url=redis_url,
            command=SERVE,
            environment=environment,
            ready_path=ready_path,
            contents=begun.home,
        ) as server:
            yield server
    finally:
        if url:
            drop(name)
