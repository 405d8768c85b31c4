"""What a command is: its arguments, its words in the manual, and the function that runs it."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tqc.config import Settings
from tqc.errors import NotConfigured
from tqc.leases import LeaseBook
from tqc.output import Printer

if TYPE_CHECKING:
    from tqc.client.sync import Client
    from tqc.client.wire import Transport

Arguments = Callable[[argparse.ArgumentParser], None]
Run = Callable[["Context", argparse.Namespace], int]


@dataclass(frozen=True)
class Command:
    """One word after `tqc`. `examples` are (command line, what it does); `shape` says what --json prints; `rest` is the option that
    takes everything behind a lone --."""

    name: str
    summary: str
    run: Run
    arguments: Arguments = lambda parser: None
    description: str = ""
    examples: Sequence[tuple[str, str]] = ()
    shape: str = ""
    rest: str = ""


class Context:
    """What a command has at hand."""

    def __init__(self, settings: Settings, printer: Printer, *, timeout: float = 30.0, program: str = "tqc") -> None:
        self.settings = settings
        self.printer = printer
        self.timeout = timeout
        self.program = program

    @cached_property
    def client(self) -> "Client":
        """The API, spoken with the standard library; made when first needed."""
        return self.open_client()

    @property
    def is_compat(self) -> bool:
        """Whether we were started under the name that seed clients know."""
        return self.program == "claude-task-client"

    @cached_property
    def leases(self) -> LeaseBook:
        return LeaseBook()

    @property
    def url(self) -> str:
        return self.settings.require().url.rstrip("/")

    def open_client(self, *, patience: float = 15.0, agent: str = "") -> "Client":
        from tqc.client.sync import Client

        settings = self.settings.require()
        if not settings.key:
            raise NotConfigured(
                f"No key for {settings.url} is known. Set MUSTER_API_KEY, or store it once.", hint=f"tqc init {settings.url}"
            )
        return Client(
            settings.url,
            settings.key,
            agent=agent or settings.agent,
            timeout=self.timeout,
            patience=patience,
            transport=transport_for(settings.url),
        )


def transport_for(url: str) -> "Transport":
    """Return the standard library's transport, or httpx2's where the environment names a proxy for this address."""
    if _goes_through_proxy(url):
        from tqc.client.sync.over_httpx import HttpxTransport

        return HttpxTransport()
    from tqc.client.plain import PlainTransport

    return PlainTransport()


def _goes_through_proxy(url: str) -> bool:
    parts = urlsplit(url)
    names = (f"{parts.scheme}_proxy", "all_proxy")
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in names):
        return False
    from urllib.request import proxy_bypass

    return not proxy_bypass(parts.hostname or "")
