"""/livez, /readyz, /health: is the process up, can it work, and seed 004's shape of the same. No key is asked for."""

import os
import tempfile

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from coordination.api.answers import reply
from coordination.models import SweepMark
from coordination.models.clock import now


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return reply({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """It can work: the database answers and has this version's tables, and repositories can be written."""
    checks = {"database": _database(), "repositories": _repositories()}
    checks["migrations"] = _migrations() if checks["database"] == "ok" else "unknown"
    ready = all(state == "ok" for state in checks.values())
    return reply(
        {"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503, {"Retry-After": "2"} if not ready else {}
    )


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Seed 004's health check."""
    if (database := _database()) != "ok":
        return reply({"status": "unhealthy", "database": database, "version": settings.VERSION}, 503, {"Retry-After": "2"})
    mark = SweepMark.objects.values_list("swept_at", flat=True).first()
    told = {"status": "healthy", "service": "muster", "version": settings.VERSION, "database": "ok", "timestamp": now(), "last_sweep": mark}
    return reply(told)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return "The database does not answer."
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return "The database does not answer."
    return "ok" if not behind else f"{len(behind)} migrations are not applied; run: python manage.py migrate"


def _repositories() -> str:
    try:
        os.makedirs(settings.REPO_ROOT, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.REPO_ROOT):
            return "ok"
    except OSError as error:
        return f"REPO_ROOT cannot be written: {error.strerror}."
