"""The values of a filter that are compared: numbers, dates and ages."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils import timezone

from coordination.models.clock import now
from coordination.queries.access import Caller

SIGNS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
LOOKUPS = {"exact": Exact, "gt": GreaterThan, "gte": GreaterThanOrEqual, "lt": LessThan, "lte": LessThanOrEqual}
YOUNGER = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}  # an age of more than 2 d is a time before then
UNITS = {"s": "seconds", "min": "minutes", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"([0-9]{1,4}) ?(s|min|m|h|d|w)")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile(r"[0-9]{1,18}")
AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

AGES = "an age such as <2d (within two days) or >3h (longer ago), in s, min, h, d or w"
DATES = f"a day such as 2026-03-01, >=2026-03-01 or 2026-03-01..2026-03-31, or {AGES}"
WHOLES = "a whole number such as 3, >1 or 2..5"
AMOUNTS = "an amount such as 2.50, >1 or 0.5..2"


class BadValue(ValueError):
    """What is wrong with a value, as a sentence."""


@dataclass(frozen=True)
class Scene:
    """Who asks, and when. The database's clock is asked only by a filter that speaks of time."""

    caller: Caller

    @cached_property
    def now(self) -> datetime:
        return now()


Bounds = list[tuple[str, str]]
Find = Callable[[Sequence[str], Scene], Q]


def bounds(value: str) -> Bounds:
    """Return the lookups that `>3`, `2..5` or `4` stand for, each with its operand."""
    low, dots, high = value.partition("..")
    if dots:
        found = [(lookup, side) for lookup, side in (("gte", low), ("lte", high)) if side not in ("", "*")]
        if not found:
            raise BadValue("Write where the range begins or where it ends.")
        return found
    for sign, lookup in SIGNS.items():
        if value.startswith(sign):
            return [(lookup, value[len(sign) :].strip())]
    return [("exact", value)]


def whole(operand: str) -> int:
    if not WHOLE.fullmatch(operand):
        raise BadValue(f"Write {WHOLES}.")
    return int(operand)


def amount(operand: str) -> Decimal:
    if not AMOUNT.fullmatch(operand):
        raise BadValue(f"Write {AMOUNTS}.")
    return Decimal(operand)


def moments(lookup: str, operand: str, at: datetime) -> list[tuple[str, datetime]]:
    """Return the lookups of a time, which is a day, a moment, or an age seen from `at`."""
    if age := AGE.fullmatch(operand):
        if lookup == "exact":
            raise BadValue(f"Write <{operand} for within the last {operand}, or >{operand} for longer ago.")
        return [(YOUNGER[lookup], at - timedelta(**{UNITS[age[2]]: int(age[1])}))]
    try:
        moment = datetime.fromisoformat(operand)
    except ValueError as error:
        raise BadValue(f"Write {DATES}.") from error
    if not 1970 <= moment.year <= 2999:
        raise BadValue("The year must be between 1970 and 2999.")
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    return _of_day(lookup, moment) if DAY.fullmatch(operand) else [(lookup, moment.astimezone(UTC))]


def _of_day(lookup: str, start: datetime) -> list[tuple[str, datetime]]:
    following = timezone.make_aware(timezone.make_naive(start) + timedelta(days=1))
    sides = {
        "exact": [("gte", start), ("lt", following)],
        "gt": [("gte", following)],
        "gte": [("gte", start)],
        "lt": [("lt", start)],
        "lte": [("lt", following)],
    }
    return sides[lookup]


def compared(field: str | Combinable, lookup: str, operand: object) -> Q:
    if isinstance(field, str):
        return Q(**{f"{field}__{lookup}": operand})
    return Q(LOOKUPS[lookup](field, operand))


def any_of(found: Sequence[Q]) -> Q:
    together = Q()
    for each in found:
        together |= each
    return together


def numbers(field: str | Combinable, read: Callable[[str], object] = whole) -> Find:
    """Return the condition of a number."""

    def find(values: Sequence[str], scene: Scene) -> Q:
        return any_of([_all(compared(field, lookup, read(operand)) for lookup, operand in bounds(value)) for value in values])

    return find


def times(field: str | Combinable) -> Find:
    """Return the condition of a time."""

    def find(values: Sequence[str], scene: Scene) -> Q:
        found = []
        for value in values:
            sides = [side for lookup, operand in bounds(value) for side in moments(lookup, operand, scene.now)]
            found.append(_all(compared(field, lookup, moment) for lookup, moment in sides))
        return any_of(found)

    return find


def _all(found: Iterable[Q]) -> Q:
    together = Q()
    for each in found:
        together &= each
    return together


def read_whole(value: str) -> str:
    for _, operand in bounds(value):
        whole(operand)
    return value


def read_amount(value: str) -> str:
    for _, operand in bounds(value):
        amount(operand)
    return value


def read_time(value: str) -> str:
    for lookup, operand in bounds(value):
        moments(lookup, operand, datetime.now(UTC))
    return value


def read_age(value: str) -> str:
    for _, operand in bounds(read_time(value)):
        if not AGE.fullmatch(operand):
            raise BadValue(f"Write {AGES}.")
    return value
