"""`manage.py up`: everything that Muster needs, under one supervisor."""

import logging
import signal
import sys
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from worker import startup
from worker.supervise import Orders

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
            if not jobs_only:
                call_command("gatherstatic", stdout=StringIO())
            startup.bring_schema_up_to_date(may_migrate=not no_migrate)
            self._welcome()
        except startup.CannotStart as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip()} Check DATABASE_URL and whether it runs.") from None
        _orders(serve=not jobs_only, work=not web_only).follow()

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


def _orders(*, serve: bool, work: bool) -> Orders:
    return Orders(
        children=[*([_web()] if serve else []), *([_jobs()] if work else [])],
        host=settings.HOST,
        port=settings.PORT,
        public_url=settings.PUBLIC_URL if serve else "",
        log_level=settings.LOG_LEVEL,
        directory=str(settings.BASE_DIR),
    )


def _web() -> tuple[str, list[str], int]:
    # HTTP/2 is a proxy's business: looking out for it costs every waiting client 12 KB.
    command = [sys.executable, "-m", "coordination.web", "--interface", "wsgi", "--http", "1", "--no-ws"]
    command += ["--host", settings.HOST, "--port", str(settings.PORT)]
    command += ["--workers", str(settings.WEB_CONCURRENCY), "--blocking-threads", str(settings.WEB_THREADS)]
    # A client that waits holds a thread, so as many may be let in as there are threads; the rest stand in the backlog.
    command += ["--backpressure", str(settings.WEB_THREADS), "--backlog", "2048"]
    command += ["--workers-kill-timeout", str(WEB_KILL_TIMEOUT), "--respawn-failed-workers", "--respawn-interval", "0.5"]
    command += ["--log-level", "error", "--factory", "coordination.web:application"]
    return "The web server", command, signal.SIGTERM


def _jobs() -> tuple[str, list[str], int]:
    # SIGINT lets the running jobs finish; SIGTERM would interrupt them (B5). The checks, which `up` has made, would load every
    # page and the API into a process that serves neither: 35 MB.
    return "The job consumer", [sys.executable, "manage.py", "run_huey", "--skip-checks"], signal.SIGINT
