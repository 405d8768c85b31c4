"""Only the database's clock decides (P7)."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time, aware, in UTC. SQLite runs inside this process, so its clock is ours."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        value: datetime = cursor.fetchone()[0]
    return value.astimezone(UTC)


def micros(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
