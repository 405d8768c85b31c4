. "$BRIEF/context/step.sh"

step 25 "Reading the rules 1 to 3"
cat > csvpeek/reader.py <<'END'
"""Reads a CSV file into a Table."""

import csv
import sys
from collections.abc import Iterable

from csvpeek.model import Table

DELIMITERS = (",", ";", "\t", "|")


class ReadError(Exception):
    """The file cannot be read; the text says why."""


def read(path: str, delimiter: str | None = None) -> Table:
    """Return the table in the file at `path`, or on standard input for `-`."""
    try:
        if path == "-":
            return _table(sys.stdin.read().splitlines(keepends=True), delimiter)
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _table(list(file), delimiter)
    except OSError as error:
        raise ReadError(f"{path} cannot be opened: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not UTF-8 text; convert it first.") from error
    except csv.Error as error:
        raise ReadError(f"{path} is not a CSV file: {error}.") from error


def _table(lines: list[str], delimiter: str | None) -> Table:
    if not lines or not lines[0].strip():
        raise ReadError("The file has no header; its first line must name the columns.")
    reader = csv.reader(lines, delimiter=delimiter or _delimiter_of(lines[0]))
    header = tuple(name.strip() for name in next(reader))
    return Table(header, tuple(_rows(reader, len(header))))


def _delimiter_of(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _rows(reader: Iterable[list[str]], width: int) -> Iterable[tuple[str, ...]]:
    for row in reader:
        if len(row) > width:
            line = getattr(reader, "line_num", 0)
            raise ReadError(f"Line {line} has {len(row)} values, and the header has {width}.")
        if row:
            yield tuple(row) + ("",) * (width - len(row))
END

step 75 "Trying it on the samples"
"$PYTHON" - <<'END'
from csvpeek.reader import ReadError, read

assert read("samples/visits.csv").rows[4] == ("/contact", "", "")
assert len(read("samples/notes.csv").rows) == 3
for path, word in {"samples/broken.csv": "Line 4", "samples/none.csv": "cannot be opened"}.items():
    try:
        read(path)
    except ReadError as error:
        assert word in str(error), error
    else:
        raise AssertionError(path)
END
result "reader.py reads the good samples and refuses broken.csv with its line."
