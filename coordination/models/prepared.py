"""Queries that run with every request, compiled once: Django composes the SQL of a wide query anew each time, which costs
more than the database takes to answer it."""

import re
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

from coordination.models.sql import planned, row

M = TypeVar("M", bound=Model)


class _Plan(NamedTuple):
    sql: str
    params: dict[str, Any]
    model: type[Model]
    columns: Sequence[str]
    start: int
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]
    related: Sequence[Any]


def _named(sql: str) -> str:
    """Give each `%s` the name of its place: p0, p1..."""
    places = count()
    return re.sub(r"%s", lambda _: f"%(p{next(places)})s", sql)


class Prepared(Generic[M]):
    """A query with one value left open. `make` builds it for a value, `sample` is one that occurs nowhere else in it.

    It must select whole rows (`select_related` included), without annotations or prefetching.
    """

    def __init__(self, make: Callable[[Any], QuerySet[M]], sample: Any) -> None:
        self._make = make
        self._sample = sample
        self._plan: _Plan | None = None
        self._lock = threading.Lock()

    def rows(self, value: Any) -> list[M]:
        """Run the query for this value."""
        plan = self._plan or self._compile()
        params = {name: value if param == self._sample else param for name, param in plan.params.items()}
        return [self._instance(plan, list(row)) for row in planned(plan.sql, params)]

    def first(self, value: Any) -> M | None:
        found = self.rows(value)
        return found[0] if found else None

    def _compile(self) -> _Plan:
        with self._lock:
            compiler = self._make(self._sample).query.get_compiler(DEFAULT_DB_ALIAS)
            sql, params = compiler.as_sql()
            info, select = compiler.klass_info or {}, compiler.select or []
            fields = info["select_fields"]
            converters = compiler.get_converters([column[0] for column in select])
            self._plan = _Plan(
                sql=_named(sql),
                params={f"p{place}": param for place, param in enumerate(params)},
                model=info["model"],
                columns=[select[place][0].target.attname for place in fields],
                start=fields[0],
                converters=[(place, convert, expression) for place, (convert, expression) in converters.items()],
                related=get_related_populators(info, select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]  # the stubs are of Django 6
            )
            return self._plan

    @staticmethod
    def _instance(plan: _Plan, values: list[Any]) -> Any:
        for place, converters, expression in plan.converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        instance = row(plan.model, plan.columns, values[plan.start : plan.start + len(plan.columns)])
        for related in plan.related:
            related.populate(values, instance)
        return instance
