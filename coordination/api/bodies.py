"""Reading a JSON body strictly, so that both databases are asked to keep the same things and no body can crash a reader.

Not JSON (broken, wrong encoding, too deep, a number of a hundred digits) is Malformed (400). JSON that Muster refuses
(a key twice, NaN, a number beyond 64 bits, NUL, half of a surrogate pair) is Invalid (422).
"""

import json
import math
from typing import Any, NoReturn

from coordination.errors import Invalid, Malformed

DEEPEST = 64
LONGEST_NUMBER = 100  # characters
SMALLEST, LARGEST = -(2**63), 2**64 - 1


def parse(raw: bytes) -> Any:
    """Return what the body says."""
    if not raw.strip():
        raise Malformed("Send a JSON body.")
    try:
        value = DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8; send JSON in UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    # Only an escape can smuggle in NUL or a surrogate, and only brackets nest: most bodies need no walk.
    if b"\\u" in raw or raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _walk(value)
    return value


def is_clean(text: str) -> bool:
    """Return whether both databases can keep the text: no NUL, no half of a surrogate pair."""
    try:
        return "\0" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def _walk(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST + 1:
            raise _too_deep()
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                _refuse_unclean(each)
            elif isinstance(each, list):
                below += each
            elif isinstance(each, dict):
                below += each.keys()
                below += each.values()
        level = below


def _refuse_unclean(text: str) -> None:
    if not is_clean(text):
        raise Invalid("Text with NUL or half of a surrogate pair cannot be stored; remove \\u0000 and lone \\ud800 to \\udfff.")


def _too_deep() -> Malformed:
    return Malformed(f"The body nests deeper than {DEEPEST} levels.")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"{twice[:60]!r} is there twice; send it once.", field=twice[:60])
    return fields


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise Malformed(f"A number has at most {LONGEST_NUMBER} digits.")
    number = int(digits)
    if not SMALLEST <= number <= LARGEST:
        raise Invalid(f"{number} does not fit in 64 bits; send it as text.")
    return number


def _real(digits: str) -> float:
    if len(digits) > LONGEST_NUMBER:
        raise Malformed(f"A number has at most {LONGEST_NUMBER} digits.")
    number = float(digits)
    if not math.isfinite(number):
        raise Invalid(f"{digits} is larger than any number that can be stored.")
    return number


def _no_number(word: str) -> NoReturn:
    raise Invalid(f"{word} is not a number that JSON knows; leave the field out or send null.")


DECODER = json.JSONDecoder(object_pairs_hook=_once_each, parse_int=_whole, parse_float=_real, parse_constant=_no_number)
