"""The agent's side of Muster: `tqc` on the command line, and `from tqc import Client` in Python."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tqc.client.aio import AsyncClient
    from tqc.client.sync import Client

__all__ = ["AsyncClient", "Client", "__version__"]

_HOMES = {"Client": "tqc.client.sync", "AsyncClient": "tqc.client.aio"}


def __getattr__(name: str) -> Any:
    # A command that needs no client must not pay for importing one.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tqc' has no attribute {name!r}")
