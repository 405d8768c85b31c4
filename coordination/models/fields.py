"""Column types shared by several nouns."""

from enum import StrEnum

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]


class TransactionId(Func):
    """The writing transaction's number: lets readers of the event log stop before transactions still in flight.

    SQLite has one writer at a time, so its ids are in commit order already and the number is always 0.
    """

    template = "0"
    output_field = models.BigIntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        return super().as_sql(compiler, connection, template="(pg_current_xact_id()::text::bigint)")
