"""Conditions on lists that are kept as JSON, which the two databases ask in words of their own."""

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, TextField, Value
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler


class Holds(Func):
    """Whether a list holds a text. `contains` on JSON is PostgreSQL's alone."""

    output_field = BooleanField()
    template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s)"
    arg_joiner = ") WHERE value = "

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        return super().as_sql(compiler, connection, template="(%(expressions)s))", arg_joiner=" @> jsonb_build_array(")


class Mentions(Func):
    """Whether a text of a list is like a pattern, capital letters or not."""

    output_field = BooleanField()
    template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s ESCAPE '\\')"
    arg_joiner = ") WHERE value LIKE "

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        template = "EXISTS (SELECT 1 FROM jsonb_array_elements_text(%(expressions)s)"
        return super().as_sql(compiler, connection, template=template, arg_joiner=") text WHERE text ILIKE ")


def holds(column: str, word: str) -> Holds:
    return Holds(F(column), Cast(Value(word), TextField()))


def mentions(column: str, word: str) -> Mentions:
    return Mentions(F(column), Cast(Value(f"%{connection.ops.prep_for_like_query(word)}%"), TextField()))
