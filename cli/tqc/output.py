"""What a command prints: data on stdout, talk on stderr, colour only on a terminal, nothing that could steer one."""

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from tqc.errors import Problem, TqcError

SCHEMA = "tqc/1"
COLOURS = {
    "waiting": "2", "queued": "36", "claimed": "34", "running": "34", "blocked": "33", "review": "35",
    "done": "32", "failed": "31", "cancelled": "2", "active": "34", "idle": "36", "silent": "33", "retired": "2",
    "planned": "2", "completed": "32", "paused": "33",
}  # fmt: skip
# Control codes, and the marks that turn text around: a title must not write into somebody's terminal.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(text: object) -> str:
    """Return text that may be shown on a terminal; line ends and tabs stay."""
    return UNSAFE.sub("", str(text))


def one_line(text: object) -> str:
    return " ".join(clean(text).split())


def width_of(text: str) -> int:
    return sum(0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def shortened(text: str, width: int) -> str:
    """Cut a line to a number of columns."""
    if width_of(text) <= width:
        return text
    kept, used = "", 1
    for each in text:
        used += width_of(each)
        if used > width:
            break
        kept += each
    return kept + "…"


class Printer:
    """Prints one command's answer, as text or as JSON."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, colour: bool | None = None) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.out: TextIO = sys.stdout
        self.talk: TextIO = sys.stderr
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.colour = (wanted and self.out.isatty()) if colour is None else colour

    def answer(self, kind: str, data: Any, text: Callable[[], Iterable[str]]) -> None:
        """Print the data under its kind, or with the lines of `text` for people."""
        if self.as_json:
            self.json({"schema": SCHEMA, "kind": kind, "data": data})
            return
        for line in text():
            self.line(line)

    def json(self, document: Any, *, indent: int | None = 2) -> None:
        self.line(json.dumps(document, ensure_ascii=self.out.isatty(), indent=indent, default=str))

    def line(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def say(self, text: str) -> None:
        """Tell the reader something that is not the answer."""
        if not self.quiet:
            print(clean(text), file=self.talk, flush=True)

    def error(self, error: TqcError) -> None:
        """Print what went wrong and what to do next."""
        if self.as_json:
            data = dict(error.data) if isinstance(error, Problem) else {}
            told = {"code": error.code, "sentence": error.sentence, "exit_code": error.exit_code, "hint": error.hint, "data": data}
            self.json({"schema": SCHEMA, "kind": "error", "error": told})
        print(f"tqc: {clean(error.sentence)}", file=self.talk)
        if error.hint:
            print(f"     Next: {clean(error.hint)}", file=self.talk)
        self.talk.flush()

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def state(self, word: str, width: int = 0) -> str:
        return self.paint(clean(word).ljust(width), COLOURS.get(word, ""))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]], *, states: Sequence[int] = ()) -> Iterable[str]:
        """Yield the lines of a table; the last column takes what the terminal leaves, the columns in `states` are coloured."""
        cells = [[one_line("" if cell is None else cell) for cell in row] for row in rows]
        widths = [max([width_of(headers[n]), *(width_of(row[n]) for row in cells)]) for n in range(len(headers))]
        if self.out.isatty():
            taken = sum(widths[:-1]) + 2 * (len(widths) - 1)
            widths[-1] = max(20, min(widths[-1], shutil.get_terminal_size().columns - taken))
        yield self.paint("  ".join(_padded(name, width) for name, width in zip(headers, widths, strict=True)).rstrip(), "1")
        for row in cells:
            shown = [_padded(shortened(cell, width), width) for cell, width in zip(row, widths, strict=True)]
            for n in states:
                shown[n] = self.paint(shown[n], COLOURS.get(row[n], ""))
            yield "  ".join(shown).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


class ProgressBar:
    """Shows how far long work is, on a terminal only."""

    def __init__(self, printer: Printer, total: int, what: str) -> None:
        self._printer, self._total, self._what, self._done = printer, max(1, total), what, 0
        self._shown = printer.talk.isatty() and not printer.quiet

    def step(self, count: int = 1) -> None:
        self._done += count
        if self._shown:
            share = min(1.0, self._done / self._total)
            bar = ("█" * round(share * 30)).ljust(30, "░")
            end = "\n" if self._done >= self._total else ""
            print(f"\r{self._what} {bar} {self._done}/{self._total}", end=end, file=self._printer.talk, flush=True)
