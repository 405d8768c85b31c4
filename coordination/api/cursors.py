"""Opaque cursors: where a page ended, in a form that nobody is tempted to build."""

import base64
import binascii
from collections.abc import Sequence

import orjson

from coordination.errors import Invalid

Position = list[int | str]


def encode(position: Sequence[int | str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(position))).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> Position:
    """Return the position that `encode` was given; refuse anything else."""
    try:
        position = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise _wrong() from None
    if not isinstance(position, list) or [type(part) for part in position] != list(kinds):
        raise _wrong()
    if any((isinstance(part, int) and abs(part) >= 2**63) or (isinstance(part, str) and "\0" in part) for part in position):
        raise _wrong()
    return position


def _wrong() -> Invalid:
    return Invalid("This cursor is not one that a list gave; start again without it.", field="cursor")
