"""A stranger's web server on the loopback: notes every request that reaches it, and serves the pages an attacker would."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Beacon:
    """`hits` are the addresses that were asked for, apart from those of `pages` (path to HTML), which it serves."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, str] = {}
        self.hits: list[str] = []


class _Server(ThreadingHTTPServer):
    beacon: Beacon


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        beacon = self.server.beacon
        page = beacon.pages.get(self.path)
        if page is None:
            beacon.hits.append(f"{self.command} {self.path}")
        body = (page or "").encode()
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_OPTIONS = _answer  # noqa: N815  # the names http.server looks for

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing: the hits are the log."""


@contextmanager
def listening_beacon() -> Iterator[Beacon]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.beacon = Beacon(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.beacon
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
