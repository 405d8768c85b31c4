"""A light HTTP client: one kept-alive socket and as few lines as the protocol allows, so that the server is what is measured."""

import socket
from urllib.parse import urlsplit

from bench.fleet import Cycle


class Client:
    """Sends JSON with one key over one connection."""

    def __init__(self, url: str, key: str) -> None:
        address = urlsplit(url)
        self._host = f"{address.hostname}:{address.port}"
        self._socket = socket.create_connection((address.hostname, address.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f" HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: "
        self._left = b""

    def post(self, path: str, body: str) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self._socket.sendall(f"POST {path}{self._head}{len(body)}\r\n\r\n{body}".encode())
        return self._answer()

    def get(self, path: str) -> tuple[int, bytes]:
        self._socket.sendall(f"GET {path}{self._head}0\r\n\r\n".encode())
        return self._answer()

    def close(self) -> None:
        self._socket.close()

    def _answer(self) -> tuple[int, bytes]:
        got = self._left
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        head = got[:end].lower()
        status, body = int(got[9:12]), got[end + 4 :]
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        while len(body) < length:
            body += self._more()
        self._left = body[length:]
        return status, body[:length]

    def _more(self) -> bytes:
        got = self._socket.recv(65536)
        if not got:
            raise ConnectionError("The server closed the connection.")
        return got


def between(text: bytes, before: bytes, after: bytes) -> str:
    """Return what stands between two marks: cheaper than reading the whole answer as JSON."""
    start = text.index(before) + len(before)
    return text[start : text.index(after, start)].decode()


def worker(url: str, key: str, with_brief: bool) -> Cycle:
    """Return the cycle of one agent: claim a task, then complete it; two requests."""
    client = Client(url, key)
    asked = "{}" if with_brief else '{"brief":false}'

    def cycle() -> bool:
        status, body = client.post("/api/v1/tasks/claim", asked)
        if status == 204:
            return False
        if status != 200:
            raise RuntimeError(f"claim answered {status}: {body[:300]!r}")
        token = between(body, b'"lease_token":"', b'"')
        status, body = client.post(f"/api/v1/tasks/{token.split('_')[1]}/complete", f'{{"lease_token":"{token}","result":"Done."}}')
        if status != 200:
            raise RuntimeError(f"complete answered {status}: {body[:300]!r}")
        return True

    return cycle


def caller(url: str, key: str, path: str) -> Cycle:
    """Return the cycle of a client that reads one address over and over."""
    client = Client(url, key)
    return lambda: client.get(path)[0] == 200
