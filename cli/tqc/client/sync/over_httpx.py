# Generated from tqc/client/aio/over_httpx.py by cli/generate_client.py: change that file.
"""Sending requests with httpx2: proxies and certificates as it reads them from the environment."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tqc.client.wire import Request, Response, read
from tqc.errors import ServerAway

if TYPE_CHECKING:
    import httpx2


class HttpxTransport:
    """A pool of connections. Pass your own `httpx2.Client` for other proxies or certificates."""

    def __init__(self, client: "httpx2.Client | None" = None) -> None:
        import httpx2

        self._client = client or httpx2.Client(follow_redirects=False)

    def send(self, request: Request) -> Response:
        """Send it and return the answer within the request's time, or raise ServerAway."""
        import httpx2

        try:
            answer = self._ask(request)
        except httpx2.HTTPError as error:
            raise away(request, error) from error
        return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)

    def _ask(self, request: Request) -> "httpx2.Response":
        return self._client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body, timeout=request.timeout
        )

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the answer line by line; the request's time is the longest silence."""
        import httpx2

        asked = self._client.stream(request.method, request.url, headers=dict(request.headers), timeout=request.timeout)
        try:
            with asked as answer:
                if answer.status_code != 200:
                    read(
                        Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
                    )
                for line in answer.iter_lines():
                    yield line
        except httpx2.HTTPError as error:
            raise away(request, error) from error

    def close(self) -> None:
        self._client.close()


def away(request: Request, error: Exception) -> ServerAway:
    origin = "/".join(request.url.split("/")[:3])
    return ServerAway(f"{origin} does not answer: {str(error).rstrip('.') or type(error).__name__}.", hint="tqc doctor")
