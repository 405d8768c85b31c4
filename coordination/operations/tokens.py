"""Lease tokens: derived, never stored, dead with their fence (P2)."""

import hmac
from dataclasses import dataclass

from django.conf import settings

from coordination.errors import Invalid, Refused

PREFIX = "mlt"


@dataclass(frozen=True)
class Holder:
    """Whoever sent a valid lease token: the right to write to one task, as long as the fence is the current one."""

    task_id: int
    fence: int
    key_id: int


def lease_token(task_id: int, fence: int, key_id: int) -> str:
    """Return `mlt_<task>_<fence>_<hmac>`: HMAC-SHA256 over task, fence and key id with the server's secret."""
    return f"{PREFIX}_{task_id}_{fence}_{_mac(task_id, fence, key_id, settings.SECRET_KEY)}"


def holder_of(token: str, task_id: int, key_id: int) -> Holder:
    """Return the right that `token` proves for this task and key.

    Raises Invalid for what is no lease token at all, Refused for one that was given for another task or to another key.
    """
    parts = token.split("_")
    if len(token) > 200 or len(parts) != 4 or parts[0] != PREFIX or not parts[1].isdecimal() or not parts[2].isdecimal():
        raise Invalid("This is not a lease token; send the lease_token that the claim returned.", field="lease_token")
    if int(parts[1]) != task_id:
        raise Refused(f"This lease token is not for #{task_id}; send the one that its claim returned.", field="lease_token")
    fence = int(parts[2])
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(parts[3], _mac(task_id, fence, key_id, secret)):
            return Holder(task_id, fence, key_id)
    raise Refused("This lease token was not given to this key; send the lease_token that the claim returned.", field="lease_token")


def _mac(task_id: int, fence: int, key_id: int, secret: str) -> str:
    return hmac.digest(secret.encode(), f"lease:{task_id}:{fence}:{key_id}".encode(), "sha256").hex()
