"""Sending requests with the standard library alone: the commands start five times as fast as with an HTTP library."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tqc.client.wire import Request, Response, read
from tqc.errors import ServerAway

CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes


class PlainTransport:
    """One kept-alive connection a thread; the deadline holds for the exchange as a whole, also against a server that drips."""

    def __init__(self) -> None:
        self._kept = threading.local()

    def send(self, request: Request) -> Response:
        """Send it and return the answer, or raise ServerAway."""
        deadline = time.monotonic() + request.timeout
        kept: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if kept is not None and getattr(self._kept, "origin", "") == _origin(request):
            try:
                return self._exchange(kept, request, deadline)
            except _Stale:
                pass  # the server closed the idle connection before it read anything: ask on a fresh one
        self.close()
        connection = _connect(request, min(CONNECT_SECONDS, request.timeout))
        self._kept.connection, self._kept.origin = connection, _origin(request)
        return self._exchange(connection, request, deadline, fresh=True)

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the answer line by line on a connection of its own; the request's time is the longest silence."""
        connection = _connect(request, CONNECT_SECONDS)
        connection.sock.settimeout(request.timeout)
        try:
            connection.request(request.method, _target(request), headers=dict(request.headers))
            answer = connection.getresponse()
            if answer.status != 200:
                read(Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(LARGEST_ANSWER)))
            while line := answer.readline():
                yield line.decode("utf-8", errors="replace").rstrip("\r\n")
        except (OSError, http.client.HTTPException) as error:
            raise ServerAway(f"{_origin(request)} does not answer: {_words(error)}.", hint="tqc doctor") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close this thread's connection."""
        connection: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is not None:
            connection.close()
            self._kept.connection = None

    def _exchange(self, connection: http.client.HTTPConnection, request: Request, deadline: float, *, fresh: bool = False) -> Response:
        guard = _Deadline(connection, deadline - time.monotonic())
        try:
            with guard:
                connection.request(request.method, _target(request), body=request.body, headers=dict(request.headers))
                answer = connection.getresponse()
                body = answer.read(LARGEST_ANSWER + 1)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self.close()
            if not fresh and not guard.expired:
                raise _Stale from error
            raise _away(request, guard, error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise _away(request, guard, error) from error
        if guard.expired or len(body) > LARGEST_ANSWER:
            self.close()
            raise _away(request, guard, ValueError("the answer is too large"))
        if answer.will_close:
            self.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


class _Stale(Exception):
    """The kept connection was closed by the other side."""


class _Deadline:
    """Cuts the connection when its time is up: a socket's own timeout starts again with every byte."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self.expired = False
        self._socket = connection.sock
        self._timer = threading.Timer(max(0.0, seconds), self._cut)
        self._timer.daemon = True

    def _cut(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _connect(request: Request, seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    try:
        connection.connect()
    except OSError as error:
        raise ServerAway(f"{_origin(request)} does not answer: {_words(error)}.", hint="tqc doctor") from error
    connection.sock.settimeout(None)
    return connection


def _away(request: Request, guard: _Deadline, error: Exception) -> ServerAway:
    what = f"no whole answer within {request.timeout:g} s" if guard.expired else _words(error)
    return ServerAway(f"{_origin(request)} does not answer: {what}.", hint="tqc doctor")


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return (str(error) or type(error).__name__).rstrip(".")


def _origin(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}"


def _target(request: Request) -> str:
    parts = urlsplit(request.url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
