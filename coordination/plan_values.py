"""Reading the front matter of a plan: which settings each kind of file knows, and every mistake told with its file and field."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from coordination.lifecycle import DependencyKind

MAX_TOLD = 50


class BadValue(ValueError):
    """A value that a setting cannot have; the message says what to write."""


@dataclass(frozen=True)
class Mistake:
    """One thing to mend in one file of a plan; `field` is "" when it is about the file itself."""

    file: str
    field: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.sentence}" if self.field else f"{self.file}: {self.sentence}"


@dataclass
class Mistakes:
    """Everything found wrong so far: a planner mends ten mistakes in one go rather than in ten."""

    found: list[Mistake] = field(default_factory=list)

    def add(self, file: str, field: str, sentence: str) -> None:
        if len(self.found) < MAX_TOLD:
            self.found.append(Mistake(file, field, sentence))


@dataclass(frozen=True)
class Waits:
    """One entry of a task's `needs` or `after`: the key of another task, and on which end of it this one runs."""

    on: str
    kind: str


Reader = Callable[[Any], Any]


def read_settings(settings: Mapping[str, Any], readers: Mapping[str, Reader], file: str, mistakes: Mistakes) -> dict[str, Any]:
    """Return the value of each setting that is given and good; the others are noted as mistakes."""
    values: dict[str, Any] = {}
    for name, raw in settings.items():
        reader = readers.get(name)
        if reader is None:
            mistakes.add(file, name, f"This is no setting here{did_you_mean(name, readers)}. There are {', '.join(sorted(readers))}.")
            continue
        if raw is None:
            continue
        try:
            values[name] = reader(raw)
        except BadValue as error:
            mistakes.add(file, name, str(error))
    return values


def did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def text(longest: int) -> Reader:
    def read(raw: Any) -> str:
        if not isinstance(raw, str) or not raw.strip():
            raise BadValue(f"Write words, not {raw!r}; put quotes round what looks like a number or a date.")
        if len(raw.strip()) > longest:
            raise BadValue(f"It has {len(raw.strip())} characters; the longest that fits is {longest}.")
        return raw.strip()

    return read


def whole(low: int, high: int) -> Reader:
    def read(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
            raise BadValue(f"Write a whole number from {low} to {high}, not {raw!r}.")
        return raw

    return read


def one_of(words: type[StrEnum]) -> Reader:
    def read(raw: Any) -> str:
        if not isinstance(raw, str) or raw not in list(words):
            raise BadValue(f"Write one of {', '.join(words)}, not {raw!r}{did_you_mean(str(raw), words)}.")
        return str(words(raw))

    return read


def numbers_of(words: type[StrEnum], number: Reader) -> Reader:
    """Read a number for some of the words."""
    word = one_of(words)

    def read(raw: Any) -> dict[str, int]:
        if not isinstance(raw, dict):
            raise BadValue(f"Write a number for some of {', '.join(words)}, such as {{{next(iter(words))}: 5}}, not {raw!r}.")
        return {word(name): number(value) for name, value in raw.items()}

    return read


def yes_or_no(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise BadValue(f"Write true or false, not {raw!r}.")
    return raw


def amount(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw < 0:
        raise BadValue(f"Write an amount such as 12.50, not {raw!r}.")
    return str(raw)


def words(longest: int, most: int = 50) -> Reader:
    """Read one entry or a list of them, each a line of text."""
    one = text(longest)

    def read(raw: Any) -> list[str]:
        entries = raw if isinstance(raw, list) else [raw]
        if len(entries) > most:
            raise BadValue(f"These are {len(entries)} entries; at most {most} fit.")
        return [one(entry) for entry in entries]

    return read


def moment(raw: Any) -> datetime:
    if isinstance(raw, datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=UTC)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
    raise BadValue(f"Write a time such as 2026-12-24T18:00:00Z, not {raw!r}.")


def waits(default: DependencyKind) -> Reader:
    """Read keys of tasks, each alone or as `{on: key, kind: failure}`."""

    def read(raw: Any) -> list[Waits]:
        return [_wait(entry, default) for entry in (raw if isinstance(raw, list) else [raw])]

    return read


def _wait(entry: Any, default: DependencyKind) -> Waits:
    if isinstance(entry, str) and entry.strip():
        return Waits(entry.strip(), default)
    if isinstance(entry, dict) and set(entry) <= {"on", "kind"} and isinstance(entry.get("on"), str):
        return Waits(entry["on"].strip(), one_of(DependencyKind)(entry.get("kind", default.value)))
    raise BadValue(f"Write the key of a task, or {{on: key, kind: finished}}, not {entry!r}.")
