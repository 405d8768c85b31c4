"""POSTs that may be sent twice: the effect happens once, the answer is repeated (P10)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from coordination.errors import Invalid, KeyInFlight, KeyReused
from coordination.models import IdempotentRequest
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.operations.atomic import atomically

MAX_KEY = 255


@dataclass(frozen=True)
class Answer:
    """An HTTP status and the JSON to send with it."""

    status: int
    body: Any


@atomically
def once(owner: str, route: str, key: str, body: bytes, run: Callable[[], Answer]) -> Answer:
    """Run `run` and store its answer in the same transaction, or return the answer that is stored.

    An error is not stored, because it left no effect; nor is "nothing to claim" (204), which is worth asking again.
    Raises KeyInFlight while the first request still runs, KeyReused when the body differs from the first one.
    """
    if not key or not key.isprintable() or len(key) > MAX_KEY:
        raise Invalid(f"An Idempotency-Key has 1 to {MAX_KEY} printable characters.", field="Idempotency-Key")
    body_hash = hashlib.sha256(body).hexdigest()
    _refuse_in_flight(f"{owner} {route} {key}")
    earlier = IdempotentRequest.objects.filter(owner=owner, route=route, key=key).first()
    if earlier:
        if earlier.body_hash != body_hash:
            raise KeyReused("This Idempotency-Key came with another body before; use a new key for a new request.", field="Idempotency-Key")
        return Answer(earlier.status, earlier.answer)
    answer = run()
    if answer.status != 204:
        IdempotentRequest.objects.create(
            owner=owner, route=route, key=key, body_hash=body_hash, status=answer.status, answer=answer.body, created_at=now()
        )
    return answer


def _refuse_in_flight(name: str) -> None:
    """Let one request with this key run at a time. SQLite has one writer anyway: there the second one waits and gets the answer."""
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    if not rows("SELECT pg_try_advisory_xact_lock(%s)", [number])[0][0]:
        raise KeyInFlight("The first request with this Idempotency-Key is still running; repeat it in a moment.")
