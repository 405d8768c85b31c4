"""The door itself: a WSGI application beside Django's, so that no session, cookie or form protection is ever in its way.

A transfer holds no database connection: who asks and what for is settled before the first byte of it.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.core import signals
from django.db import connection

from coordination.errors import MusterError, NotFound, Unauthenticated, Unavailable
from coordination.git_http.addresses import PREFIX, Address, address_of
from coordination.git_http.bodies import body_of
from coordination.git_http.credentials import caller_of
from coordination.git_http.packets import FLUSH, answer_of, packet, read_push
from coordination.operations.pushes import push
from coordination.operations.serving import ready
from coordination.queries.access import Permission, find_task
from coordination.queries.repositories import store, translated

log = logging.getLogger(__name__)

MAX_ASKED = 10_000_000  # bytes of what a client that fetches may say it has
MAX_PUSHED = 66_000_000  # bytes of a push: the largest pack, and what stands before it
CHILDREN = 16  # git processes at once
PATIENCE = 20.0  # seconds a client waits for one of them
LEASE_OPTION = "lease="

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Answer = tuple[str, Iterable[bytes]]

_slots = threading.BoundedSemaphore(CHILDREN)
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large"}
_NEVER_KEEP = [("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"), ("Pragma", "no-cache"), ("X-Content-Type-Options", "nosniff")]


def with_git(application: Application) -> Application:
    """Return an application that answers git itself and hands everything else on."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return _answered(environ, start_response)
        return application(environ, start_response)

    return answer


def _answered(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    # These close and check database connections, as around every other request.
    signals.request_started.send(sender=with_git, environ=environ)
    try:
        kind, body = _answer(environ)
        start_response("200 OK", [("Content-Type", kind), *_NEVER_KEEP])
        return body
    except MusterError as refusal:
        return _refused(refusal, start_response)
    except Exception:
        log.exception("git: %s %s failed", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
        return _refused(Unavailable("Something went wrong on the server; its log says what. Try again in a moment."), start_response)
    finally:
        signals.request_finished.send(sender=with_git)
        if not connection.in_atomic_block:
            connection.close()


def _refused(refusal: MusterError, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), *_NEVER_KEEP]
    if isinstance(refusal, Unauthenticated):
        headers.append(("WWW-Authenticate", 'Basic realm="Muster", charset="UTF-8"'))
    if refusal.retryable:
        headers.append(("Retry-After", "5"))
    body = f"{refusal.sentence}\n".encode()
    start_response(f"{refusal.status} {_REASONS.get(refusal.status, 'Refused')}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _answer(environ: dict[str, Any]) -> Answer:
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    caller = caller_of(authorization)
    address = address_of(environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
    need = Permission.WORK if address.service == "git-receive-pack" else Permission.READ
    task = find_task(caller, address.task_id, need) if not address.slug else _of_project(caller, address, need)
    ready(task)
    protocol = environ.get("HTTP_GIT_PROTOCOL", "")
    if address.is_offer:
        return f"application/x-{address.service}-advertisement", [_offer(address, protocol)]
    if environ.get("CONTENT_TYPE", "") != f"application/x-{address.service}-request":
        raise NotFound("There is no repository at this address.")
    kind = f"application/x-{address.service}-result"
    if address.service == "git-upload-pack":
        return kind, _sent(environ, address, protocol)
    return kind, [_taken(environ, address, authorization)]
