"""A live server with a shop and a lab, the keys of the cast, and the real git client of each of them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.prepared import EMPTY, Kind, prepared, serving
from tests.servers import MusterServer
from tests.servers.process import LONG

SETUP = """
import json
from coordination.actor import SYSTEM
from coordination.models import User
from coordination.operations.agents import register
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project, grant_role
shop = create_project(slug="shop", name="Shop", actor=SYSTEM)
lab = create_project(slug="lab", name="Lab", actor=SYSTEM)
for project in (shop, lab):
    create_phase(project, name="Build", actor=SYSTEM)
pat, vera = User.objects.create_user("pat"), User.objects.create_user("vera")
grant_role(shop, pat, "planner", actor=SYSTEM)
grant_role(shop, vera, "viewer", actor=SYSTEM)
keys = {
    "pat": create_key(name="pat", scope="coordinator", user=pat, actor=SYSTEM),
    "vera": create_key(name="vera", scope="reader", user=vera, actor=SYSTEM),
    "fleet": create_key(name="fleet", scope="agent", projects=[shop], actor=SYSTEM),
    "jean": create_key(name="jean", scope="agent", projects=[shop], actor=SYSTEM),
    "coordinator": create_key(name="coordinator", scope="coordinator", projects=[shop], actor=SYSTEM),
    "reader": create_key(name="reader", scope="reader", projects=[shop], actor=SYSTEM),
    "stranger": create_key(name="stranger", scope="coordinator", projects=[lab], actor=SYSTEM),
}
for name, fleet in (("jared", "fleet"), ("jean", "jean")):
    register(name=name, capabilities=[], tiers=["light", "standard", "heavy"], key=keys[fleet][0], actor=SYSTEM)
print(json.dumps({name: raw for name, (_, raw) in keys.items()}))
"""
SHOP = Kind("shop", SETUP, EMPTY)
TEXT = "---\nkind: build\n---\n\nBuild it.\n"
JSON = dict[str, Any]


class Answered(Exception):
    """The API answered with an error."""

    def __init__(self, status: int, body: JSON) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


@dataclass
class Shop:
    """A running server and everybody's key."""

    server: MusterServer
    keys: dict[str, str]
    made: int = field(default=0)

    @property
    def host(self) -> str:
        return self.server.url.removeprefix("http://")

    def api(self, method: str, path: str, body: Any = None, *, key: str = "coordinator") -> Any:
        request = urllib.request.Request(f"{self.server.url}/api/v1{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.keys[key]}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=LONG) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise Answered(error.code, json.loads(error.read() or b"{}")) from None

    def task(self, *, instructions: str = TEXT, project: str = "shop", key: str = "coordinator", **fields: Any) -> int:
        self.made += 1
        body = {"title": f"Task {self.made}", "instructions": instructions, **fields}
        made = self.api("POST", f"/projects/{project}/tasks", {"tasks": [body]}, key=key)
        return int(made["tasks"][0]["id"] if "tasks" in made else made["items"][0]["id"])

    def claim(self, task: int, agent: str = "jared", key: str = "fleet") -> JSON:
        claimed: JSON = self.api("POST", f"/tasks/{task}/claim", {"agent": agent}, key=key)
        return claimed

    def head(self, task: int) -> str:
        return str(self.api("GET", f"/tasks/{task}/files")["head"])

    def events(self, task: int, kind: str) -> list[JSON]:
        found = self.api("GET", f"/events?limit=200&task={task}&kind={kind}")["items"]
        return list(found)

    def url(self, task: int, who: str = "", *, project: str = "") -> str:
        user = f"{who}:{self.keys[who]}@" if who else ""
        inside = f"projects/{project}/" if project else ""
        return f"http://{user}{self.host}/git/{inside}tasks/{task}.git"

    def clone(self, task: int, who: str, place: Path, *options: str) -> Clone:
        done = run_git(place.parent, *options_before(options), "clone", "-q", *options_after(options), self.url(task, who), str(place))
        assert done.returncode == 0, done.stderr
        return Clone(place)

    def http(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> tuple[int, JSON, bytes]:
        """Send a request that git would not send; return status, headers and body."""
        request = urllib.request.Request(f"{self.server.url}{path}", method=method, headers=dict(headers or {}), data=body)
        try:
            with urllib.request.urlopen(request, timeout=LONG) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def basic(self, who: str, user: str = "anyone") -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{self.keys[who]}".encode()).decode()}


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Start a server with its cast."""
    with serving(SHOP) as server:
        yield Shop(server, json.loads(prepared(SHOP).told))


@dataclass
class Clone:
    """A working copy of pat's, or of whoever cloned it."""

    path: Path

    def git(self, *arguments: str, check: bool = True, text: str | None = None) -> str:
        """Run git and return what it printed; with `check` it must succeed."""
        done = run_git(self.path, *arguments, text=text)
        assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def commit(self, message: str = "Change", **files: str) -> str:
        return self.commit_files({name.replace("__", "/") + ".md": text for name, text in files.items()}, message)

    def commit_files(self, files: Mapping[str, str | bytes], message: str = "Change") -> str:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments: str, before: tuple[str, ...] = ()) -> Pushed:
        done = run_git(self.path, *before, "push", *(arguments or ("origin", "main")))
        return Pushed(done.returncode == 0, done.stderr)


@dataclass
class Pushed:
    """What the pusher saw."""

    succeeded: bool
    told: str

    @property
    def remote(self) -> str:
        """What stood after `remote:`, in one line."""
        lines = [line.partition("remote:")[2].strip() for line in self.told.splitlines() if line.startswith("remote:")]
        return " ".join(lines)


def run_git(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real git, as somebody with no settings but a name."""
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    environment |= {"HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    environment |= {
        f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Pat"), ("EMAIL", "pat@example.org"))
    }
    command = ["git", "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=LONG, check=False, input=text
    )


def options_before(options: tuple[str, ...]) -> list[str]:
    """The settings (`name=value`) among the options, as git wants them before its command."""
    return [part for option in options if not option.startswith("-") for part in ("-c", option)]


def options_after(options: tuple[str, ...]) -> list[str]:
    return [option for option in options if option.startswith("-")]
