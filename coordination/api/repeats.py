"""Idempotency-Key at the door: which owner, which route, which body; the promise itself is operations.idempotency (P10)."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpResponse

from coordination.api.answers import nothing, reply
from coordination.api.door import Request
from coordination.api.problems import body_of
from coordination.errors import LeaseLost
from coordination.operations.idempotency import Answer, once

LONGEST_ROUTE = 200


def once_only(request: Request, run: Callable[[], Answer], rebuild: Callable[[Any], Any] | None = None) -> HttpResponse:
    """Run once for each Idempotency-Key, or just run when there is none.

    `rebuild` makes the body to send out of the body that `run` returned and that was stored: for answers that hold
    what must not be stored.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key:
        return _sent(run(), rebuild)
    ran = False

    def run_and_note() -> Answer:
        nonlocal ran
        ran = True
        answer = run()
        return Answer(answer.status, orjson.loads(orjson.dumps(answer.body, default=str)))

    answer = once(request.auth.identity, _route(request), key, request.body, run_and_note)
    response = _sent(answer, rebuild)
    if not ran:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def kept_work(request: Request, run: Callable[[], Answer]) -> HttpResponse:
    """Like `once_only`, for reports of a lost lease: the refusal is an answer too, because it left a late result (P5)."""

    def refused_or_not() -> Answer:
        try:
            return run()
        except LeaseLost as refusal:
            return Answer(refusal.status, body_of(request, refusal))

    if not request.META.get("HTTP_IDEMPOTENCY_KEY"):
        return _sent(run(), None)
    response = once_only(request, refused_or_not)
    if response.status_code == LeaseLost.status:
        response.headers["Content-Type"] = "application/problem+json"
    return response


def _sent(answer: Answer, rebuild: Callable[[Any], Any] | None) -> HttpResponse:
    if answer.status == 204:
        return nothing()
    return reply(rebuild(answer.body) if rebuild else answer.body, answer.status)


def _route(request: Request) -> str:
    route = f"{request.method} {request.path}"
    return route if len(route) <= LONGEST_ROUTE else hashlib.sha256(route.encode()).hexdigest()
