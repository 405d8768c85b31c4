# Generated from tqc/client/aio/asking.py by cli/generate_client.py: change that file.
"""How every call of the client is made: the repeats, the pages, the idempotency keys."""

import json
import os
import time
from collections.abc import Iterator, Callable, Mapping
from typing import Any

from tqc.client.sync.over_httpx import HttpxTransport
from tqc.client.wire import Transport, Query, Server, pause_before, read, worth_repeating
from tqc.errors import TqcError

STREAM_SILENCE = 60.0  # seconds without a word, not even a ping, after which a stream counts as broken


class Asking:
    """Sends requests; the calls themselves are in the classes that build on this one."""

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        agent: str = "",
        timeout: float = 30.0,
        patience: float = 20.0,
        transport: Transport | None = None,
    ) -> None:
        self.server = Server(url, key, agent)
        self.timeout = timeout
        self.patience = patience
        self._transport = transport or HttpxTransport()

    def __enter__(self) -> "Asking":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        timeout: float | None = None,
        idempotency_key: str = "",
        headers: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> Any:
        """Send one request to a path below /api/v1 and return what the answer says; for what has no method here."""
        if method == "POST":
            idempotency_key = idempotency_key or os.urandom(16).hex()
        request = self.server.request(
            method,
            path,
            query=query,
            body=body,
            timeout=timeout or self.timeout,
            idempotency_key=idempotency_key,
            headers=headers,
        )
        # A changed PUT or PATCH may be asked twice only because it names the version that it changes.
        repeatable = method in ("GET", "POST", "DELETE") or bool(headers and "If-Match" in headers)
        until = time.monotonic() + (self.patience if patience is None else patience)
        attempt = 0
        while True:
            try:
                return read(self._transport.send(request))
            except TqcError as error:
                attempt += 1
                pause = pause_before(attempt, error)
                if not repeatable or not worth_repeating(error) or time.monotonic() + pause > until:
                    raise
            time.sleep(pause)

    def _pages(self, path: str, query: Query) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self.ask("GET", path, query={**query, "cursor": cursor})
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _stream(self, path: str, query: Query, on_open: Callable[[], None] | None) -> Iterator[Any]:
        """Yield the data of each message of an event stream until it ends or breaks."""
        headers = {"Accept": "text/event-stream"}
        request = self.server.request("GET", path, query=query, headers=headers, timeout=STREAM_SILENCE)
        until = time.monotonic() + self.patience
        opened = False
        try:
            for line in self._transport.stream(request):
                if not opened and on_open:
                    on_open()
                opened = True
                if line.startswith("data:"):
                    yield json.loads(line[5:])
        except TqcError as error:
            if not opened and (not worth_repeating(error) or time.monotonic() > until):
                raise
        time.sleep(1.0)

    def _as(self, agent: str | None) -> str | None:
        return agent or self.server.agent or None


def sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not said: the server reads a field that is there, also a null."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
