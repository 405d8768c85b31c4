"""`manage.py up`: everything that Muster needs, under one supervisor."""

import logging
import signal
import socket
import sys
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections

from worker import startup
from worker.supervisor import Child, Supervisor

log = logging.getLogger("muster")

WEB_KILL_TIMEOUT = 5  # seconds that a web worker gets to finish its requests; waiting clients come back by themselves


class Command(BaseCommand):
    help = "Check, migrate, make the first admin and key, then serve the board and the API and run the jobs, until stopped."
    requires_system_checks: list[str] = []  # `up` runs them itself, with the database's

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--web-only", action="store_true", help="serve, and leave the jobs to another process")
        only.add_argument("--jobs-only", action="store_true", help="run the jobs, and leave serving to another process")
        parser.add_argument("--no-migrate", action="store_true", help="refuse to start if the database is not up to date")

    def handle(self, *args: Any, web_only: bool, jobs_only: bool, no_migrate: bool, **options: Any) -> None:
        try:
            if not jobs_only:
                startup.refuse_a_taken_port(settings.HOST, settings.PORT)
            for warning in startup.refuse_what_checks_refuse():
                log.warning("%s", warning)
            settings.STATIC_ROOT.mkdir(exist_ok=True)  # the web server warns of a directory that is not there
            startup.bring_schema_up_to_date(may_migrate=not no_migrate)
            self._welcome()
        except startup.CannotStart as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip()} Check DATABASE_URL and whether it runs.") from None
        _close_database()
        children = ([] if jobs_only else [_web()]) + ([] if web_only else [_jobs()])
        supervisor = Supervisor(children, cwd=str(settings.BASE_DIR))
        supervisor.run(self._say_when_ready if not jobs_only else lambda: None)
        self.stdout.write("Muster has stopped.")

    def _welcome(self) -> None:
        first, place = startup.make_first_things()
        if first is None:
            return
        self.stdout.write(f"This is the first start. Sign in as {first.username} with the password {first.password}")
        self.stdout.write("Write it down: it is not shown again. Change it with: manage.py changepassword admin")
        if isinstance(place, Exception):
            self.stdout.write(f"{place} Put the agents' key where your agents find it; it is not shown again: {first.key}")
        else:
            self.stdout.write(f"The agents' key lies in {place}, where tqc finds it.")

    def _say_when_ready(self) -> None:
        if not self._is_ready and _answers():
            self._is_ready = True
            self.stdout.write(f"Muster is ready at {settings.PUBLIC_URL}")
            self.stdout.flush()

    _is_ready = False


def _web() -> Child:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", settings.HOST, "--port", str(settings.PORT)]
    command += ["--workers", str(settings.WEB_CONCURRENCY), "--blocking-threads", str(settings.WEB_THREADS)]
    # A client that waits holds a thread, so as many may be let in as there are threads; the rest stand in the backlog.
    command += ["--backpressure", str(settings.WEB_THREADS), "--backlog", "2048"]
    command += ["--workers-kill-timeout", str(WEB_KILL_TIMEOUT), "--respawn-failed-workers", "--respawn-interval", "0.5"]
    command += ["--log-level", "error", "coordination.wsgi:application"]
    return Child("The web server", command, signal.SIGTERM)


def _jobs() -> Child:
    # SIGINT lets the running jobs finish; SIGTERM would interrupt them (B5).
    return Child("The job consumer", [sys.executable, "manage.py", "run_huey"], signal.SIGINT)


def _answers() -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
    try:
        # Cheap while nothing listens: the supervisor must not wait for an answer that cannot come.
        socket.create_connection((host, settings.PORT), timeout=0.2).close()
        with urllib.request.urlopen(f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/livez", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _close_database() -> None:
    """Leave no connection behind in the supervisor: it lives for months and asks nothing."""
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # the PostgreSQL backend's, which the stubs do not know
