"""The few statements that are written out: hot paths, and set-wise updates that the ORM cannot say.

One text serves both databases; `any_of` and `skip_locked` are the only words that differ.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

M = TypeVar("M", bound=Model)


def any_of(ids: Iterable[int]) -> tuple[str, Any]:
    """Return SQL for `IN these ids` and its one parameter, whatever their number."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)", list(ids)
    return "IN (SELECT value FROM json_each(%s))", json.dumps(list(ids))


def skip_locked() -> str:
    return "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def param(value: Any) -> Any:
    """Adapt a value for a raw statement as the ORM would have."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, dict):
        return Jsonb(value) if connection.vendor == "postgresql" else json.dumps(value)
    return value


Params = Sequence[Any] | Mapping[str, Any]


def rows(statement: str, params: Params = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _adapt(params))
        return cursor.fetchall() if cursor.description else []


def planned(statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement of the hottest paths, which PostgreSQL parses and plans once for each connection.

    Planning such a statement takes longer than running it. Alone, it is a transaction of its own; inside one, a part of it.
    """
    database = connections[DEFAULT_DB_ALIAS]  # once: the proxy `connection` looks its thread's up at every mention
    if database.vendor != "postgresql":
        return rows(statement, params)
    database.ensure_connection()
    database.validate_no_broken_transaction()
    if database.queries_logged:
        database.queries_log.append({"sql": statement, "time": "0"})
    text, names = _numbered(statement)
    with database.wrap_database_errors, psycopg.RawCursor(database.connection) as cursor:
        cursor.execute(text, [_fixed(params[name]) for name in names], prepare=True)
        return cursor.fetchall()


@lru_cache(maxsize=100)
def _numbered(statement: str) -> tuple[bytes, list[str]]:
    """Return the statement with $1 for the first of the names and so on, which is how PostgreSQL itself counts parameters."""
    names = list(dict.fromkeys(NAMED.findall(statement)))
    return NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", statement).encode(), names


NAMED = re.compile(r"%\((\w+)\)s")


def columns(model: type[Model], table: str) -> str:
    """Return the columns of `model` for a SELECT, from the table that the statement calls `table`."""
    return ", ".join(f"{table}.{field.column}" for field in model._meta.concrete_fields)


def instance(model: type[M], values: Sequence[Any]) -> M:
    """Return the row of `model` that begins a row read by `planned`, whose first columns are `columns(model, ...)`."""
    fields = model._meta.concrete_fields
    read = [json.loads(value) if isinstance(field, JSONField) else value for field, value in zip(fields, values, strict=False)]
    return model.from_db(connection.alias, [field.attname for field in fields], read)


def insertion(model: type[Model], **given: str) -> str:
    """Return `INSERT INTO .. SELECT ..`, to be followed by its FROM: the given columns, and for every other its default."""
    for field in model._meta.concrete_fields:
        has_own = field.primary_key or field.null or field.has_db_default()
        if field.column and field.column not in given and not has_own:
            given[field.column] = _literal(field.get_default())
    return f"INSERT INTO {model._meta.db_table} ({', '.join(given)}) SELECT {', '.join(given.values())}"


def _literal(value: Any) -> str:
    """Write a default of ours as SQL: a number, a word of the code, or an empty container."""
    return str(value) if isinstance(value, int) else f"'{value if isinstance(value, str) else json.dumps(value)}'"


def width(model: type[Model]) -> int:
    return len(model._meta.concrete_fields)


def _fixed(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Int8(value)
    return Jsonb(value) if isinstance(value, dict) else value


def run(statement: str, params: Params = ()) -> int:
    """Return the number of rows that the statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _adapt(params))
        return int(cursor.rowcount)


def _adapt(params: Params) -> Any:
    if isinstance(params, Mapping):
        return {name: param(value) for name, value in params.items()}
    return [param(value) for value in params]
