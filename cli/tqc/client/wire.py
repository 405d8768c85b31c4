"""What a request and an answer are, without any way to send them, and which requests may be sent twice."""

import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from tqc import __version__
from tqc.errors import NotConfigured, Problem, ServerAway, TqcError, UsageError, problem_of

AGENT_HEADER = f"tqc/{__version__}"
Query = Mapping[str, "str | int | float | bool | Sequence[str] | None"]
LONGEST_PAUSE = 30.0  # seconds between two tries


@dataclass(frozen=True)
class Request:
    """`timeout` is the time in seconds for the whole exchange, however slowly its bytes arrive."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout: float = 30.0


@dataclass(frozen=True)
class Response:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """Anything that can send a request. Raises ServerAway when there is no answer."""

    def send(self, request: Request) -> Response: ...
    def stream(self, request: Request) -> Iterator[str]: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    async def send(self, request: Request) -> Response: ...
    def stream(self, request: Request) -> AsyncIterator[str]: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class Server:
    """The server's address and the key that opens it; `agent` is sent where a key serves several agents."""

    url: str
    key: str = ""
    agent: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotConfigured(f"{self.url!r} is no address of a server; it looks like http://host:8000.", hint="tqc init --url URL")
        if parts.username or parts.password:
            raise UsageError("Addresses end up in logs: take the user and password out of it, and give the key on its own.")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        timeout: float = 30.0,
        idempotency_key: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Return the request for a path below /api/v1, or for a path from the root if it starts with two slashes."""
        base = self.url.rstrip("/")
        address = base + path[1:] if path.startswith("//") else f"{base}/api/v1{path}"
        if question := query_string(query or {}):
            address += f"?{question}"
        sent = {"Accept": "application/json", "User-Agent": AGENT_HEADER, **(headers or {})}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if self.agent:
            sent["X-Agent"] = self.agent
        if idempotency_key:
            sent["Idempotency-Key"] = idempotency_key
        raw = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Request(method, address, sent, raw, timeout)


def segment(value: object) -> str:
    """Return a value as one segment of a path, or several for a file's path; never one that climbs."""
    return "/".join(quote(part, safe="") for part in str(value).split("/"))


def query_string(query: Query) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, (str, int, float)):
            pairs.append((name, str(value)))
        else:
            pairs.extend((name, each) for each in value)
    return urlencode(pairs)


def read(response: Response) -> Any:
    """Return what the answer says: JSON, text or bytes, None for no body; raise the named error for a refusal."""
    if 200 <= response.status < 300:
        if response.status == 204:
            return None
        kind = response.headers.get("content-type", "application/json")
        if "json" in kind:
            return _json(response)  # an empty body is no JSON: the connection broke, and "nothing" would be a lie
        return response.body.decode("utf-8", errors="replace") if kind.startswith("text/") else response.body
    if 300 <= response.status < 400 and response.status != 304:
        target = response.headers.get("location", "another address")
        raise Problem(response.status, "redirected", f"The server sends us to {target}; give that address: keys are not forwarded.")
    raise problem_of(response.status, _document(response), retry_after=retry_after(response))


def _json(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        raise ServerAway(
            "The answer is not JSON: something between here and Muster answered instead, or the address is another service's.",
            hint="tqc doctor",
        ) from None


def _document(response: Response) -> Mapping[str, Any]:
    try:
        document = json.loads(response.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def retry_after(response: Response) -> float:
    """Return the seconds that the server asks us to wait, 0 when it does not say."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0


def worth_repeating(error: TqcError) -> bool:
    """Return whether the same request with the same idempotency key may succeed in a moment."""
    if isinstance(error, ServerAway):
        return True
    return isinstance(error, Problem) and (error.status in (429, 502, 503, 504) or (error.status == 409 and error.retryable))


def pause_before(attempt: int, error: TqcError) -> float:
    """Return the seconds before try number `attempt` (1 for the second try): doubled each time, with jitter, or as the server says."""
    asked = error.retry_after if isinstance(error, Problem) else 0.0
    most = min(LONGEST_PAUSE, 0.25 * 2 ** min(attempt, 12))
    return max(asked, random.uniform(most / 2, most))
