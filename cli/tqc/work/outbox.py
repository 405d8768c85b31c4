"""Reports that the server has not heard yet, one file each: nothing that was done is lost when either side goes away."""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqc.client.sync import Client
from tqc.client.wire import worth_repeating
from tqc.config import state_directory
from tqc.errors import LeaseLost, Problem, TqcError
from tqc.locks import make_directory, write_private

VERBS = ("complete", "fail", "release", "ask")


@dataclass(frozen=True)
class Report:
    """How an attempt ended, with the key under which the server counts it once."""

    url: str
    task: int
    verb: str
    token: str
    body: dict[str, Any]
    agent: str = ""
    key: str = field(default_factory=lambda: os.urandom(16).hex())
    at: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        return f"{self.at:017.6f}-{self.task}-{self.key[:8]}.json"


@dataclass(frozen=True)
class Sent:
    """`state` is the task's, or "" when the server refused the report with `error`; both are empty while it waits."""

    state: str = ""
    error: TqcError | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.state) or self.error is not None


class Outbox:
    """The directory of reports; several workers may share it, because sending one twice has one effect."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or state_directory() / "outbox"
        self._sending = threading.Lock()

    def put(self, report: Report) -> Path:
        """Keep a report until it is sent."""
        path = self.directory / report.name
        write_private(path, json.dumps(asdict(report), ensure_ascii=False).encode())
        return path

    def waiting(self, url: str) -> list[Path]:
        """Return the reports for one server, oldest first."""
        return [path for path in sorted(self.directory.glob("*.json")) if (report := _read(path)) and report.url == url]

    def send(self, client: Client, path: Path) -> Sent:
        """Send one report and remove it when the server has taken or refused it."""
        report = _read(path)
        if report is None:
            return Sent()
        try:
            told = client.ask(
                "POST",
                f"/tasks/{report.task}/{report.verb}",
                body={"lease_token": report.token, **report.body},
                idempotency_key=report.key,
                patience=0.0,
            )
        except LeaseLost as lost:
            path.unlink(missing_ok=True)  # the server has kept what was reported
            return Sent(error=lost)
        except TqcError as error:
            if worth_repeating(error) or (isinstance(error, Problem) and error.status in (401, 403, 500)):
                return Sent()  # a key may be mended, a server too
            self._set_aside(path)
            return Sent(error=error)
        path.unlink(missing_ok=True)
        return Sent(state=str(told.get("state", "done")))

    def flush(self, client: Client, url: str) -> int:
        """Send what waits, oldest first, until the server is away; return how many still wait."""
        with self._sending:
            paths = self.waiting(url)
            for number, path in enumerate(paths):
                if not self.send(client, path).is_settled and path.exists():
                    return len(paths) - number
            return 0

    def _set_aside(self, path: Path) -> None:
        """Keep what the server will never take where a person finds it."""
        make_directory(self.directory / "refused")
        path.replace(self.directory / "refused" / path.name)


def _read(path: Path) -> Report | None:
    try:
        return Report(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
