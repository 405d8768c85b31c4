"""What happens before anything is served: is the machine fit, is the schema right, is there somebody to sign in."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from huey.contrib.djhuey import HUEY

from coordination.operations.bootstrap import FirstStart, bootstrap
from worker.profiles import ProfileError, config_path, write_profile
from worker.queue import JobQueue

MIGRATION_LOCK = 7236003
OURS = ("coordination", "webui", "worker")


class CannotStart(Exception):
    """Muster must not start; the text says why and what to do."""


def refuse_what_checks_refuse() -> list[str]:
    """Run the system checks and return the warnings; raise CannotStart with every error and its hint."""
    found = checks.run_checks(databases=["default"])
    errors = [message for message in found if message.level >= checks.ERROR and not message.is_silenced()]
    if errors:
        raise CannotStart("\n".join(_sentence(message) for message in errors))
    return [_sentence(message) for message in found if message.level == checks.WARNING and not message.is_silenced()]


def _sentence(message: checks.CheckMessage) -> str:
    return f"{message.id}: {message.msg}" + (f" {message.hint}" if message.hint else "")


def refuse_a_taken_port(host: str, port: int) -> None:
    """Raise CannotStart if nothing could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used: {error.strerror}. Stop what uses it, or choose another: PORT={port + 1}."
            ) from error


def bring_schema_up_to_date(*, may_migrate: bool) -> None:
    """Migrate, one node at a time; refuse a database that a newer Muster has migrated (B8)."""
    with _migration_lock():
        refuse_a_newer_schema()
        executor = MigrationExecutor(connection)
        waiting = [
            f"{migration.app_label}.{migration.name}" for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
        ]
        if waiting and not may_migrate:
            raise CannotStart(f"The database is older than this code: {waiting[0]} is not applied. Run `manage.py migrate` first.")
        if may_migrate:  # also when nothing waits: a migration that was killed may have left its last steps undone
            call_command("migrate", interactive=False, verbosity=0)
        if isinstance(HUEY, JobQueue) and settings.ON_POSTGRES:
            HUEY.make_tables()


def refuse_a_newer_schema() -> None:
    loader = MigrationLoader(connection)
    unknown = sorted(
        f"{app}.{name}" for app, name in loader.applied_migrations if app in OURS and (app, name) not in loader.disk_migrations
    )
    if unknown:
        raise CannotStart(
            f"The database is newer than this code: it has {unknown[-1]}, which version {settings.VERSION} does not know. "
            "Start the version that made it, or restore the backup from before the upgrade."
        )


@contextmanager
def _migration_lock() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A migration may take longer than any request may; the other nodes wait for it here.
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        return
    fd = os.open(settings.MUSTER_HOME / "migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def make_first_things() -> tuple[FirstStart | None, Path | ProfileError]:
    """Fill an empty database. Return what was made, and where the key lies or why it could not be written down."""
    place: list[Path | ProfileError] = [config_path()]

    def keep(key: str) -> None:
        try:
            place[0] = write_profile(settings.PUBLIC_URL, key)
        except ProfileError as error:
            place[0] = error

    return bootstrap(keep), place[0]
