"""What an authenticator app shows, computed as RFC 6238 says, without the server's own code."""

import base64
import hashlib
import hmac
import struct
import time

STEP = 30  # seconds


def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    """Return the six digits for now, or for some steps of 30 s later."""
    counter = int(time.time()) // STEP + steps_ahead
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
