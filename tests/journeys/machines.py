"""The machines of a journey: the server with its keys, and agents' machines on which the real `tqc` runs in processes of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqc import Client

from tests.servers import MusterServer
from tests.servers.muster import ROOT
from tests.servers.process import LONG

# Any interpreter with what cli/pyproject.toml asks for: tqc runs on older ones than the server.
TQC_PYTHON = os.environ.get("TQC_PYTHON", sys.executable)
CLI = ROOT / "cli"
SET_UP = """
import json
from coordination.actor import SYSTEM
from coordination.models import User
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project
project = create_project(slug="shop", name="Shop", actor=SYSTEM)
create_phase(project, name="Build", actor=SYSTEM)
ada = User.objects.filter(username="ada").first() or User.objects.create_superuser("ada")
keys = {scope: create_key(name=scope, scope=scope, actor=SYSTEM)[1] for scope in ("coordinator", "agent", "reader")}
keys["admin"] = create_key(name="admin", scope="admin", user=ada, actor=SYSTEM)[1]
print(json.dumps(keys))
"""


class Engine:
    """A running server with project `shop`; `keys` by scope."""

    def __init__(self, server: MusterServer, *, keys: str) -> None:
        """`keys` is what SET_UP printed."""
        self.server = server
        self.keys: dict[str, str] = json.loads(keys)

    @property
    def url(self) -> str:
        return self.server.url

    def client(self, scope: str = "coordinator", **options: Any) -> Client:
        """Return the Python client with the key of a scope."""
        return Client(self.url, self.keys[scope], **options)

    def shell(self, script: str) -> str:
        """Run Python beside the server, with its settings, and return what it printed."""
        return self.server.shell(script)

    def hand_out_leases_of(self, seconds: int) -> None:
        """Shorten the leases, below what the API allows, so that a test need not last minutes."""
        self.shell(f"from coordination.models import Project; Project.objects.update(lease_ttl={seconds})")


@dataclass
class Said:
    """What a process of tqc said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What --json printed, without its envelope."""
        document = json.loads(self.out)
        assert document["schema"] == "tqc/1"
        return document["data"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


@dataclass
class Machine:
    """One agent's machine: a home of its own, and an environment in which tqc finds the server."""

    home: Path
    url: str = ""
    key: str = ""
    agent: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        named = {"MUSTER_URL": self.url, "MUSTER_API_KEY": self.key, "MUSTER_AGENT": self.agent}
        own = {"HOME": str(self.home), "PYTHONPATH": str(CLI), "PYTHONUNBUFFERED": "1"}
        return kept | own | {name: value for name, value in named.items() if value} | self.more

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "muster"

    def tqc(self, *arguments: str, stdin: str = "", timeout: float = LONG, **more: str) -> Said:
        """Run one command and return what it said."""
        return self.run([TQC_PYTHON, "-m", "tqc", *arguments], stdin=stdin, timeout=timeout, **more)

    def json(self, *arguments: str, **more: str) -> Any:
        """Run one command that must succeed, and return its data."""
        said = self.tqc(*arguments, "--json", **more)
        assert said.code == 0, said.out + said.err
        return said.data

    def run(self, command: list[str] | str, *, stdin: str = "", timeout: float = LONG, cwd: Path | None = None, **more: str) -> Said:
        answer = subprocess.run(
            command,
            shell=isinstance(command, str),
            executable="/bin/bash" if isinstance(command, str) else None,
            input=stdin,
            env=self.environment | more,
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        return Said(answer.returncode, answer.stdout, answer.stderr)

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """Start one command and return at once; its output is added to `log`."""
        with (self.home / "log").open("a") as log:
            return subprocess.Popen(
                [TQC_PYTHON, "-m", "tqc", *arguments],
                env=self.environment | more,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    @property
    def log(self) -> str:
        path = self.home / "log"
        return path.read_text() if path.exists() else ""
