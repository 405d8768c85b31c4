"""The few statements that are written out: hot paths, and set-wise updates that the ORM cannot say.

One text serves both databases; `any_of` and `skip_locked` are the only words that differ.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import JSONField, Model
from django.db.models.base import ModelState
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.json import Jsonb

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

    Planning such a statement takes longer than running it, and psycopg's cursor costs more than libpq's call, so both are left
    out. Alone, it is a transaction of its own; inside one, a part of it. It writes a cast where a value alone has no type.
    """
    database = connections[DEFAULT_DB_ALIAS]  # once: the proxy `connection` looks its thread's up at every mention
    if database.vendor != "postgresql":
        return rows(statement, params)
    database.ensure_connection()
    database.validate_no_broken_transaction()
    if database.queries_logged:
        database.queries_log.append({"sql": statement, "time": "0"})
    with database.wrap_database_errors:
        return _answer(database.connection, statement, params)


class _Session:
    """What belongs to one connection: the names of the statements that it knows, and the reader of what it answers."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.known: set[bytes] = set()
        # Every connection of Django's keeps to UTC, so psycopg's own reader of times, which is compiled, says what Django's says.
        self._context = connection.cursor()
        self._context.adapters.register_loader("timestamptz", TimestamptzLoader)
        self._reader: Any = Transformer(self._context)

    def rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        self._reader.set_pgresult(result)
        found: list[tuple[Any, ...]] = self._reader.load_rows(0, result.ntuples, tuple)
        return found


_sessions: "WeakKeyDictionary[psycopg.Connection[Any], _Session]" = WeakKeyDictionary()


def _answer(connection: "psycopg.Connection[Any]", statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    session = _sessions.get(connection)
    if session is None:
        session = _sessions[connection] = _Session(connection)
    text, name, names = _numbered(statement)
    server = connection.pgconn
    if not connection.autocommit and server.transaction_status == TransactionStatus.IDLE:
        _checked(server.exec_(b"BEGIN"))  # psycopg says it with the first statement of a transaction, and this may be it
    if name not in session.known:
        _checked(server.prepare(name, text))
        session.known.add(name)
    values: list[Any] = [_written(params[each]) for each in names]  # psycopg's types forget that a value may be NULL
    return session.rows(_checked(server.exec_prepared(name, values)))


def _checked(result: PGresult) -> PGresult:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    error = error_from_result(result)
    raise error if error.sqlstate else psycopg.OperationalError(str(error))  # without a state, the connection is gone


@lru_cache(maxsize=100)
def _numbered(statement: str) -> tuple[bytes, bytes, list[str]]:
    """Return the statement with $1 for the first of the names and so on, as PostgreSQL counts parameters, and a name for it."""
    names = list(dict.fromkeys(NAMED.findall(statement)))
    text = NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", statement).encode()
    return text, b"planned_" + sha256(text).hexdigest()[:16].encode(), names


def _written(value: Any) -> bytes | None:
    """Write a parameter as PostgreSQL reads it."""
    if value is None:
        return None
    text = _array(value) if isinstance(value, list) else json.dumps(value) if isinstance(value, dict) else str(value)
    if "\0" in text:  # libpq would keep what stands before it
        raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
    return text.encode()


def _array(values: list[Any]) -> str:
    """Write a list of ids or words; in quotation marks neither a comma nor a brace ends a word."""
    return "{" + ",".join('"' + str(each).replace("\\", "\\\\").replace('"', '\\"') + '"' for each in values) + "}"


NAMED = re.compile(r"%\((\w+)\)s")


def columns(model: type[Model], table: str) -> str:
    """Return the columns of `model` for a SELECT, from the table that the statement calls `table`."""
    return ", ".join(f"{table}.{field.column}" for field in model._meta.concrete_fields)


@lru_cache(maxsize=100)
def _layout(model: type[Model]) -> tuple[list[str], list[int]]:
    """Return the attributes of a row of `model`, and which of them are JSON."""
    fields = model._meta.concrete_fields
    return [field.attname for field in fields], [place for place, field in enumerate(fields) if isinstance(field, JSONField)]


def row(model: type[M], names: Iterable[str], values: Iterable[Any]) -> M:
    """Return a row of `model` as `Model.from_db` would, which sets one attribute after the other, and tells signals that nobody hears."""
    made = model.__new__(model)
    made.__dict__.update(zip(names, values, strict=True))
    made._state = ModelState()
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS
    return made


def instance(model: type[M], values: Sequence[Any]) -> M:
    """Return the row of `model` that begins a row read by `planned`, whose first columns are `columns(model, ...)`."""
    names, json_places = _layout(model)
    read = list(values[: len(names)])
    for place in json_places:
        read[place] = orjson.loads(read[place])
    return row(model, names, read)


def known(model: type[M], joined: Mapping[str, Model], names: Sequence[str], values: Sequence[Any]) -> M:
    """Return a row of `model` of which these columns are known, and the rows that it refers to; others are read when asked for."""
    made = row(model, names, values)
    made._state.fields_cache.update(joined)  # as setting them one by one would do, with all the checks that a stranger needs
    return made


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


def run(statement: str, params: Params = ()) -> int:
    """Return the number of rows that the statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _adapt(params))
        return int(cursor.rowcount)


def count_anew(*models: type[Model]) -> None:
    """Let PostgreSQL look at how many rows there are now. It would do so by itself, but up to a minute later."""
    if connection.vendor == "postgresql":
        run(f"ANALYZE (SKIP_LOCKED) {', '.join(model._meta.db_table for model in models)}")


def _adapt(params: Params) -> Any:
    if isinstance(params, Mapping):
        return {name: param(value) for name, value in params.items()}
    return [param(value) for value in params]
