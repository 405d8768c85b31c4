. "$BRIEF/context/step.sh"

step 15 "Working out the harvest by hand, to have figures to compare with"
step 40 "Writing summary.py"
cat > csvpeek/summary.py <<'END'
"""Computes what each column of a table holds."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from csvpeek.kinds import kind_of, parse
from csvpeek.model import Column, Table

MOST_COMMON = 3


def summarise(table: Table) -> list[Column]:
    """Return a Column for each column of the table, in its order."""
    return [
        _column(name, [row[place] for row in table.rows])
        for place, name in enumerate(table.header)
    ]


def _column(name: str, values: Sequence[str]) -> Column:
    present = [value.strip() for value in values if value.strip()]
    kind = kind_of(present)
    parsed = [parse(value, kind) for value in present]
    numbers = [value for value in parsed if not isinstance(value, str)]
    times = Counter(present)
    return Column(
        name=name,
        kind=kind,
        count=len(present),
        missing=len(values) - len(present),
        distinct=len(times),
        least=min(parsed, default=None),
        most=max(parsed, default=None),
        mean=fmean(numbers) if numbers else None,
        common=tuple(times.most_common(MOST_COMMON)),
    )
END

step 70 "Comparing with the figures"
"$PYTHON" - <<'END'
import csv, pathlib
from csvpeek.model import Table
from csvpeek.summary import summarise

header, *rows = csv.reader(pathlib.Path("samples/harvest.csv").open(newline=""))
columns = {column.name: column for column in summarise(Table(tuple(header), tuple(map(tuple, rows))))}
trees = columns["trees"]
assert (trees.mean, trees.least, trees.most, trees.kind) == (40.0, 25, 60, "whole"), trees
assert columns["kilos"].missing == columns["picked"].missing == 1
assert columns["orchard"].common[0] == ("North", 2)
empty = summarise(Table(("reply",), (("",), (" ",))))[0]
assert (empty.kind, empty.count, empty.least, empty.mean) == ("empty", 0, None, None)
assert summarise(Table(("n",), ((str(10**30),),)))[0].most == 10**30
END
step 90 "All figures agree"
result "summary.py gives the figures worked out by hand; an empty column is no special case."
