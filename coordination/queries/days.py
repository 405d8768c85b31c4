"""Days as the reader's clock counts them, in words that both databases understand and answer quickly."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Any

from django.db import connection

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Days:
    """The days from `first` to `last`, both included, in one time zone."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def until(cls, moment: datetime, count: int, zone: tzinfo) -> "Days":
        """Return the `count` days that end with the one of `moment`."""
        last = moment.astimezone(zone).date()
        return cls(last - timedelta(days=count - 1), last, zone)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """When the day after the last one begins."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone).astimezone(UTC)

    @property
    def before(self) -> "Days":
        """As many days as these, just before them."""
        return Days(self.first - timedelta(days=len(self)), self.first - timedelta(days=1), self.zone)

    @cached_property
    def changes(self) -> list[tuple[datetime, int]]:
        """When the clock was put to another offset from UTC, in seconds, oldest first; the first one stands before all."""
        moments = [datetime.combine(self.first + timedelta(days=number), time(), UTC) for number in range(-2, len(self) + 3)]
        found = [(moments[0], self._offset(moments[0]))]
        for before, after in itertools.pairwise(moments):
            if self._offset(before) != self._offset(after):
                found.append((self._change_between(before, after), self._offset(after)))
        return found

    def _offset(self, moment: datetime) -> int:
        offset = moment.astimezone(self.zone).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def _change_between(self, before: datetime, after: datetime) -> datetime:
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) / 2
            before, after = (middle, after) if self._offset(middle) == self._offset(before) else (before, middle)
        return after.replace(microsecond=0)

    def number(self, column: str) -> str:
        """Return SQL for the number of the day since 1970 of a time; its parameters are `params`."""
        whens = [f"WHEN {column} >= %(change{place})s THEN {offset}" for place, (_, offset) in enumerate(self.changes) if place]
        offset = f"CASE {' '.join(reversed(whens))} ELSE {self.changes[0][1]} END" if whens else str(self.changes[0][1])
        if connection.vendor == "postgresql":
            return f"floor((extract(epoch FROM {column}) + {offset}) / 86400)::bigint"
        return f"(CAST(strftime('%%s', {column}) AS integer) + {offset}) / 86400"

    @property
    def params(self) -> dict[str, Any]:
        return {f"change{place}": moment for place, (moment, _) in enumerate(self.changes) if place} | {"start": self.start}


def seconds(later: str, earlier: str) -> str:
    """Return SQL for the seconds between two times."""
    if connection.vendor == "postgresql":
        return f"extract(epoch FROM {later} - {earlier})::float8"
    return f"((julianday({later}) - julianday({earlier})) * 86400.0)"


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=int(number))
