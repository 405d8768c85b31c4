. "$BRIEF/context/step.sh"

step 30 "Writing output.py"
cat > csvpeek/output.py <<'END'
"""Writes a summary as text, JSON or Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from csvpeek.model import Column

TITLES = (
    "column", "kind", "values", "missing", "distinct", "least", "most", "mean", "most common",
)


def render(columns: Sequence[Column], rows: int, form: str) -> str:
    """Return the summary of a table of `rows` rows in the form `text`, `json` or `markdown`."""
    if form == "json":
        return json.dumps({"rows": rows, "columns": [asdict(each) for each in columns]}, indent=2)
    cells = [[_cell(value) for value in _values(column)] for column in columns]
    return _markdown(cells) if form == "markdown" else _text(cells, rows)


def _values(column: Column) -> list[object]:
    common = ", ".join(f"{value} ({times})" for value, times in column.common)
    return [
        column.name, column.kind, column.count, column.missing, column.distinct,
        column.least, column.most, column.mean, common,
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return " ".join(text.split())


def _text(cells: Sequence[Sequence[str]], rows: int) -> str:
    lines = [TITLES, *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(TITLES))]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([*aligned, "", f"{rows} rows, {len(cells)} columns"])


def _markdown(cells: Sequence[Sequence[str]]) -> str:
    lines = [TITLES, ["---"] * len(TITLES), *cells]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
END

step 80 "Trying the three forms"
"$PYTHON" - <<'END'
import json
from csvpeek.model import Column
from csvpeek.output import render

column = Column("a|b", "whole", 2, 0, 2, 1, 3, 2.0, (("1", 1), ("3", 1)))
assert json.loads(render([column], 2, "json"))["columns"][0]["mean"] == 2.0
text = render([column], 2, "text")
assert text.endswith("2 rows, 1 columns") and not any(line != line.rstrip() for line in text.splitlines())
assert "a\\|b" in render([column], 2, "markdown")
END
result "output.py writes aligned text, JSON that reads back, and Markdown that a pipe does not break."
