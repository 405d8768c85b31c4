# Generated from tqc/client/aio/__init__.py by cli/generate_client.py: change that file.
"""The client."""

from tqc.client.sync.planning import Planning
from tqc.client.sync.reading import Reading
from tqc.client.sync.working import Working


class Client(Planning, Reading, Working):
    """Muster's API, one method an endpoint.

    `url` is the server's address, `key` an API key (mst_...). `agent` names the agent to act as where the key
    serves several. `timeout` is the time in seconds for one exchange; `patience` the time in seconds for which a
    request is repeated while the server is away or busy. Every POST carries an idempotency key, so that repeating
    it has one effect. A refusal is never repeated: it is raised as one of tqc.errors.

    >>> with Client(url, key, agent="jared") as muster:
    ...     print(muster.me()["actor"]["name"])
    jared
    """

    def __enter__(self) -> "Client":
        return self


__all__ = ["Client"]
