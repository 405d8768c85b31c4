"""Two people with the same form: what one of them left alone does not write over what the other changed."""

from collections.abc import Mapping
from typing import Any

from coordination.errors import StaleVersion

MOST_QUOTED = 200  # characters of what somebody else wrote


def changed_here(sent: Mapping[str, str], wanted: Mapping[str, Any], now: object) -> dict[str, Any]:
    """Return the fields that were changed since the form was shown, which it tells as `was_<field>`.

    StaleVersion if `now`, the row as it stands, holds something else for one of them: somebody changed that meanwhile.
    """
    found = {}
    for name, value in wanted.items():
        was, stands = _as_text(sent.get(f"was_{name}")), _as_text(getattr(now, name))
        if f"was_{name}" in sent and was == _as_text(value):
            continue
        if f"was_{name}" in sent and stands not in (was, _as_text(value)):
            label = name.replace("_", " ")
            quoted = f"“{stands[:MOST_QUOTED]}{'…' if len(stands) > MOST_QUOTED else ''}”" if stands else "empty"
            raise StaleVersion(
                f"Somebody changed the {label} meanwhile; it is {quoted} now. Close this, open it again and decide.", field=name
            )
        found[name] = value
    return found


def _as_text(value: object) -> str:
    """Return a value as a hidden field of the form tells it."""
    if isinstance(value, bool):
        return "on" if value else ""
    text = "\n".join(value) if isinstance(value, list | tuple) else str(value or "")
    return text.replace("\r\n", "\n").strip()
