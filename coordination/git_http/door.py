"""The door itself: a WSGI application beside Django's, so that no session, cookie or form protection is ever in its way.

A transfer holds no database connection: who asks and what for is settled before the first byte of it.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core import signals
from django.db import connection

from coordination.errors import MediaRefused, MusterError, Unauthenticated, Unavailable
from coordination.git_http.addresses import PREFIX, Address, address_of
from coordination.git_http.bodies import body_of
from coordination.git_http.credentials import caller_of
from coordination.git_http.packets import FLUSH, answer_of, packet, read_push
from coordination.operations.plan_pushes import push_plan
from coordination.operations.pushes import Options, Verdict, push
from coordination.operations.serving import ready, ready_plan
from coordination.queries.access import Caller, Permission, find_project, find_task
from coordination.queries.repositories import plan_store, store, translated
from repo_store import RepoStore, Service

log = logging.getLogger(__name__)

MAX_ASKED = 10_000_000  # bytes of what a client that fetches may say it has
MAX_PUSHED = 66_000_000  # bytes of a push: the largest pack, and what stands before it
CHILDREN = 16  # git processes at once
PATIENCE = 20.0  # seconds a client waits for one of them
LEASE_OPTION = "lease="
PREVIEW_OPTION = "preview"
NEEDS = {"git-upload-pack": Permission.READ, "git-receive-pack": Permission.WORK}

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Answer = tuple[str, Iterable[bytes]]

_slots = threading.BoundedSemaphore(CHILDREN)
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large"}
_NEVER_KEEP = [
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Pragma", "no-cache"),
    ("X-Content-Type-Options", "nosniff"),
]


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
    except Exception:  # git gets a sentence whatever happens
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
    caller = caller_of(environ)
    address = address_of(environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
    place = _place(caller, address)
    protocol = environ.get("HTTP_GIT_PROTOCOL", "")
    if address.is_offer:
        place.make_ready()
        return f"application/x-{address.service}-advertisement", [_offer(place, address.service, protocol)]
    if environ.get("CONTENT_TYPE", "") != f"application/x-{address.service}-request":
        raise MediaRefused(f"Send application/x-{address.service}-request, as git does.")
    kind = f"application/x-{address.service}-result"
    if address.service == "git-upload-pack":
        return kind, _sent(environ, place, protocol)
    return kind, [_taken(environ, place)]


@dataclass(frozen=True)
class _Place:
    """A repository that the caller may reach: where it is, how it is made ready, and who judges a push to it."""

    store: RepoStore
    number: int
    make_ready: Callable[[], None]
    push: Callable[..., list[Verdict]]


def _place(caller: Caller, address: Address) -> _Place:
    need = NEEDS[address.service]
    if not address.task_id:
        project = find_project(caller, address.slug, Permission.PLAN if need > Permission.READ else need)
        return _Place(plan_store(), project.pk, partial(ready_plan, project), partial(push_plan, project.pk))
    task = find_task(caller, address.task_id, need, slug=address.slug)
    return _Place(store(), task.pk, partial(ready, task), partial(push, task.pk))


def _offer(place: _Place, service: Service, protocol: str) -> bytes:
    with _slot(), translated():
        branches = place.store.offer(place.number, service, protocol)
    # Version 2 has its own greeting, and git shows no banner before it.
    is_v2 = branches.startswith(packet(b"version 2\n"))
    banner = b"" if is_v2 else packet(f"# service={service}\n".encode()) + FLUSH
    return banner + branches


def _sent(environ: dict[str, Any], place: _Place, protocol: str) -> Iterable[bytes]:
    connection.close()
    _enter()
    try:
        with body_of(environ, MAX_ASKED) as asked, translated():
            return _Transfer(place.store.send_pack(place.number, asked, protocol))
    except BaseException:
        _slots.release()
        raise


def _taken(environ: dict[str, Any], place: _Place) -> bytes:
    connection.close()
    with body_of(environ, MAX_PUSHED) as body:
        request = read_push(body)
        if not request.commands:
            return b""
        tokens = [option.removeprefix(LEASE_OPTION) for option in request.options if option.startswith(LEASE_OPTION)]
        token = tokens[0] if tokens else environ.get("HTTP_X_LEASE_TOKEN", "")
        with _slot():
            options = Options(token, PREVIEW_OPTION in request.options)
            verdicts = place.push(request.commands, body, ask=partial(caller_of, environ), options=options)
    words = [word for verdict in verdicts for word in (verdict.sentence, *verdict.notes) if word]
    return answer_of(request, verdicts, list(dict.fromkeys(words)))


class _Transfer:
    """The bytes of an answer on their way; `close`, which the server always calls, ends git and frees its place."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            try:
                self._pieces.close()  # type: ignore[attr-defined]  # a generator
            finally:
                _slots.release()


def _enter() -> None:
    if not _slots.acquire(timeout=PATIENCE):
        raise Unavailable("The server is busy with other clones and pushes; try again in a moment.")


@contextmanager
def _slot() -> Iterator[None]:
    _enter()
    try:
        yield
    finally:
        _slots.release()
