. "$BRIEF/context/step.sh"

step 30 "Writing kinds.py"
cat > csvpeek/kinds.py <<'END'
"""Tells what kind of values a column holds."""

import re
from collections.abc import Callable, Iterable
from datetime import date

WHOLE = re.compile(r"[+-]?[0-9]+")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
YES_NO = frozenset({"yes", "no", "true", "false"})


def kind_of(values: Iterable[str]) -> str:
    """Return the first kind that every one of the values has, or `empty` if there are none."""
    stripped = [value.strip() for value in values]
    if not stripped:
        return "empty"
    return next((kind for kind, fits in TESTS.items() if all(map(fits, stripped))), "text")


def parse(value: str, kind: str) -> int | float | str:
    """Return a value of a column of this kind as a number, or as text."""
    if kind == "whole":
        return int(value)
    return float(value) if kind == "decimal" else value.strip()


def _is_date(value: str) -> bool:
    if not DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


TESTS: dict[str, Callable[[str], bool]] = {
    "whole": lambda value: WHOLE.fullmatch(value) is not None,
    "decimal": lambda value: DECIMAL.fullmatch(value) is not None,
    "date": _is_date,
    "yes/no": lambda value: value.lower() in YES_NO,
}
END

step 80 "Trying every kind"
"$PYTHON" - <<'END'
from csvpeek.kinds import kind_of, parse

cases = {
    "whole": ["1", " -12"], "decimal": ["1", "2.5", "1e-3"], "date": ["2026-03-01"],
    "yes/no": ["Yes", "FALSE"], "text": ["nan", "inf"], "empty": [],
}
for kind, values in cases.items():
    assert kind_of(values) == kind, (kind, values)
    [parse(value, kind) for value in values]
assert kind_of(["1_000"]) == kind_of(["2026-02-30"]) == "text"
END
result "kinds.py tells the six kinds apart; nan, inf and 1_000 are text."
