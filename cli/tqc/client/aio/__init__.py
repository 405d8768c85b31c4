"""The client for asyncio. tqc/client/sync is generated from this package: python cli/generate_client.py"""

from tqc.client.aio.planning import Planning
from tqc.client.aio.reading import Reading
from tqc.client.aio.working import Working


class AsyncClient(Planning, Reading, Working):
    """Muster's API, one method an endpoint.

    `url` is the server's address, `key` an API key (mst_...). `agent` names the agent to act as where the key
    serves several. `timeout` is the time in seconds for one exchange; `patience` the time in seconds for which a
    request is repeated while the server is away or busy. Every POST carries an idempotency key, so that repeating
    it has one effect. A refusal is never repeated: it is raised as one of tqc.errors.

    >>> async with AsyncClient(url, key, agent="jared") as muster:
    ...     print((await muster.me())["actor"]["name"])
    jared
    """

    async def __aenter__(self) -> "AsyncClient":
        return self


__all__ = ["AsyncClient"]
