"""Sending requests with httpx2: proxies and certificates as it reads them from the environment."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from tqc.client.wire import Request, Response, read
from tqc.errors import ServerAway

if TYPE_CHECKING:
    import httpx2


class AsyncHttpxTransport:
    """A pool of connections. Pass your own `httpx2.AsyncClient` for other proxies or certificates."""

    def __init__(self, client: "httpx2.AsyncClient | None" = None) -> None:
        import httpx2

        self._client = client or httpx2.AsyncClient(follow_redirects=False)

    async def send(self, request: Request) -> Response:
        """Send it and return the answer within the request's time, or raise ServerAway."""
        import httpx2

        try:
            answer = await asyncio.wait_for(self._ask(request), request.timeout)
        except (httpx2.HTTPError, asyncio.TimeoutError) as error:
            raise away(request, error) from error
        return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)

    async def _ask(self, request: Request) -> "httpx2.Response":
        return await self._client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body, timeout=request.timeout
        )

    async def stream(self, request: Request) -> AsyncIterator[str]:
        """Yield the answer line by line; the request's time is the longest silence."""
        import httpx2

        asked = self._client.stream(request.method, request.url, headers=dict(request.headers), timeout=request.timeout)
        try:
            async with asked as answer:
                if answer.status_code != 200:
                    read(
                        Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, await answer.aread())
                    )
                async for line in answer.aiter_lines():
                    yield line
        except httpx2.HTTPError as error:
            raise away(request, error) from error

    async def aclose(self) -> None:
        await self._client.aclose()


def away(request: Request, error: Exception) -> ServerAway:
    origin = "/".join(request.url.split("/")[:3])
    return ServerAway(f"{origin} does not answer: {str(error).rstrip('.') or type(error).__name__}.", hint="tqc doctor")
