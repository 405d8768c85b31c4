"""The little of Muster's API that the demo needs, with nothing but Python's standard library."""

import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

TIMEOUT = 40  # seconds; longer than the longest wait that the server grants
TRIES = 6


class Refusal(Exception):
    """The server said no; `code` is stable, the text is for people."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(f"{status} {code}: {sentence}")
        self.status = status
        self.code = code


class Muster:
    """One caller of the API."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.key = key

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Post once, however often it has to be sent: a lost answer is asked for again under the same Idempotency-Key."""
        return self._send("POST", path, body or {}, {"Idempotency-Key": uuid.uuid4().hex})

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PUT", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PATCH", path, body)

    def text(self, path: str) -> str:
        return str(self._send("GET", path, None, raw=True))

    def items(self, path: str) -> list[Any]:
        """Return every item of a list, page by page."""
        found: list[Any] = []
        cursor = None
        while True:
            joint = "&" if "?" in path else "?"
            page = self.get(f"{path}{joint}cursor={cursor}" if cursor else path)
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None, *, raw: bool = False
    ) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})},
        )
        for tries_left in reversed(range(TRIES)):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    content = answer.read()
                    return content.decode() if raw else json.loads(content) if content else None
            except urllib.error.HTTPError as error:
                refusal = _refusal(error)
                if error.code not in (429, 503) or not tries_left:
                    raise refusal from None
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if not tries_left:
                    raise
            time.sleep(0.2 * 2 ** (TRIES - tries_left))
        raise AssertionError("unreachable: the last try returns or raises")


def _refusal(error: urllib.error.HTTPError) -> Refusal:
    try:
        told = json.loads(error.read())
        return Refusal(error.code, str(told.get("code", "")), str(told.get("detail") or told.get("title") or ""))
    except (ValueError, AttributeError):
        return Refusal(error.code, "", error.reason)
