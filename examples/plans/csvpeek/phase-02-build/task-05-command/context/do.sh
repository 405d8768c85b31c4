. "$BRIEF/context/step.sh"

step 30 "Writing cli.py after docs/usage.md"
cat > csvpeek/cli.py <<'END'
"""The command csvpeek."""

import argparse
import os
import sys
from collections.abc import Sequence

from csvpeek import __version__
from csvpeek.output import render
from csvpeek.reader import ReadError, read
from csvpeek.summary import summarise

FORMS = ("text", "json", "markdown")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        print(_summary(options))
    except ReadError as error:
        print(f"csvpeek: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # What is left to flush at the end would raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _summary(options: argparse.Namespace) -> str:
    table = read(options.file, options.delimiter)
    for name in options.column or ():
        if name not in table.header:
            raise ReadError(f"There is no column {name!r}; there are: {', '.join(table.header)}.")
    columns = [
        column for column in summarise(table) if not options.column or column.name in options.column
    ]
    return render(columns, len(table.rows), options.form)


def _character(text: str) -> str:
    if len(text) != 1:
        raise argparse.ArgumentTypeError("a delimiter is one character")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("csvpeek", description="Tell what is in a CSV file.")
    parser.add_argument("file", metavar="FILE", help="the CSV file; - reads standard input")
    parser.add_argument("--form", choices=FORMS, default="text", help="how it is written")
    parser.add_argument("--delimiter", type=_character, help="the character between two values")
    parser.add_argument("--column", action="append", metavar="NAME", help="show this one only")
    parser.add_argument("--version", action="version", version=f"csvpeek {__version__}")
    return parser
END
cat > csvpeek/__main__.py <<'END'
"""Lets `python -m csvpeek` run the command."""

import sys

from csvpeek.cli import main

sys.exit(main())
END

step 75 "Trying every option"
"$PYTHON" -m csvpeek samples/harvest.csv
"$PYTHON" -m csvpeek --form markdown --column trees --column kilos samples/harvest.csv | grep -q trees
"$PYTHON" -m csvpeek --form json - < samples/visits.csv | "$PYTHON" -m json.tool > /dev/null
"$PYTHON" -m csvpeek --version | grep -q 1.0.0
for call in samples/broken.csv "--column x samples/notes.csv"; do
    status=0
    # The words of the call are separate arguments.
    # shellcheck disable=SC2086
    "$PYTHON" -m csvpeek $call 2> "$BRIEF/stderr" || status=$?
    test "$status" = 2
    test "$(wc -l < "$BRIEF/stderr")" = 1
done
result "python -m csvpeek follows docs/usage.md: three forms, two exit statuses, five options."
