"""The key in a git request: `Authorization: Basic` with any user and the key as password, or `Authorization: Bearer`."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from coordination.errors import Unauthenticated
from coordination.operations.admission import admit
from coordination.queries.access import Caller

KEY_MARK = "mst_"
ASK = "Give your API key as the password, with any user name; people make one on their settings page."


def key_in(authorization: str) -> str:
    """Return the key in this header. Raises Unauthenticated if there is none."""
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic" and value:
        return _password(value)
    raise Unauthenticated(ASK)


def caller_of(environ: Mapping[str, Any]) -> Caller:
    """Return whose key it is: one check, whichever way the key came."""
    return admit(key_in(environ.get("HTTP_AUTHORIZATION", "")), environ.get("REMOTE_ADDR", ""))


def _password(value: str) -> str:
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated(ASK) from None
    # `http://KEY@host/...` sends the key as the user.
    if user.startswith(KEY_MARK) and password in ("", user):
        return user
    if not colon or not password:
        raise Unauthenticated(ASK)
    return password
