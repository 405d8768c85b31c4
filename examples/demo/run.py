"""`make demo`: three agents carry a real plan through a real Muster, one of them dies, and everything is checked at the end.

Exit status 0: everything is as planned. 1: something is not. 130: interrupted.
"""

import argparse
import contextlib
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from board import Board  # noqa: E402  # the demo is a folder of scripts, and needs the path above
from checks import Story, check_all, repository_of  # noqa: E402  # as above
from muster_client import Muster, Refusal  # noqa: E402  # as above

from tests.servers.muster import MusterServer  # noqa: E402  # as above
from tests.servers.process import ServerError, kill_tree  # noqa: E402  # as above

PROJECT = "csvpeek"
# Whatever one can do, another can do too: the work goes on without any one of them.
AGENTS = {
    "jared": {"backend", "testing", "packaging"},
    "jean": {"backend", "docs", "packaging"},
    "joss": {"testing", "docs", "backend"},
}
DIES_IN = "Write the summary"
DIES_AT = 40  # percent
AMENDED = "Write the manual"
AMENDMENT = "\nSay in the second sentence which Python it needs: readers asked for it.\n"


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


class Team:
    """The agents' processes."""

    def __init__(self, options: argparse.Namespace, url: str, key: str, scratch: Path) -> None:
        self.options = options
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTEST"))}
        self.environment |= {"MUSTER_URL": url, "MUSTER_KEY": key}
        self.scratch = scratch
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for name, capabilities in AGENTS.items():
            workspace = self.scratch / "agents" / name
            workspace.mkdir(parents=True)
            command = [sys.executable, str(Path(__file__).parent / "agent.py"), name, "--project", PROJECT]
            command += ["--capabilities", ",".join(sorted(capabilities)), "--workspace", str(workspace)]
            command += ["--product", str(self.scratch / "product.git")]
            command += ["--pace", str(self.options.pace), "--long-pace", str(self.options.long_pace), "--end-with-stdin"]
            with (self.scratch / f"{name}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    command, env=self.environment, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
                )

    def kill(self, name: str) -> None:
        """`kill -9` an agent and the script it runs, as when its machine loses power."""
        kill_tree(self.processes.pop(name))

    def check_alive(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = (self.scratch / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                raise DemoFailed(f"Agent {name} ended with {process.returncode}. Its log ends:\n{log[-2000:]}")

    def close(self) -> None:
        for name in list(self.processes):
            with contextlib.suppress(ServerError, subprocess.TimeoutExpired):
                self.kill(name)


class Demo:
    """Watches the events, and does what people and accidents do: review, open the gate, amend, kill."""

    def __init__(self, muster: Muster, board: Board, team: Team, deadline: float) -> None:
        self.muster = muster
        self.board = board
        self.team = team
        self.deadline = time.monotonic() + deadline
        self.victim = ""
        self.killed_at = 0.0
        self.taken_over = 0

    def run(self) -> None:
        self._refresh()
        self._amend()
        last = 0
        while not all(phase["state"] == "completed" for phase in self.board.phases):
            if time.monotonic() > self.deadline:
                raise DemoFailed("The plan was not carried out in time.")
            self.team.check_alive()
            page = self.muster.get(f"/events?project={PROJECT}&after={last}&wait=1&limit=200")
            last = page["last"]
            if page["items"]:
                self._refresh()
            for event in page["items"]:
                self.board.note_event(event)
                self._react(event)
            self.board.draw()
        self.board.draw()

    def _refresh(self) -> None:
        self.board.tasks = self.muster.items(f"/tasks?project={PROJECT}&limit=200")
        self.board.phases = self.muster.items(f"/projects/{PROJECT}/phases")

    def _react(self, event: dict[str, Any]) -> None:
        kind, task = event["kind"], event["task"]
        if kind == "task.failed":
            raise DemoFailed(f"#{task} failed: {event['data'].get('error') or event['data']}")
        if kind == "task.progress" and not self.victim and (event["data"]["percent"] or 0) >= DIES_AT and self._title(task) == DIES_IN:
            self.victim, self.taken_over, self.killed_at = event["actor"]["name"], task, time.monotonic()
            self.team.kill(self.victim)
            self.board.say(f"kill -9 {self.victim}, half-way through #{task}")
        elif kind == "task.claimed" and task == self.taken_over and self.victim:
            self.board.say(f"{event['actor']['name']} took #{task} over after {time.monotonic() - self.killed_at:.0f} s")
        elif kind == "task.submitted":
            self.muster.post(f"/tasks/{task}/approve", {"comments": "Follows docs/usage.md to the letter."})
            self.board.say(f"A reviewer approved #{task}")
        elif kind == "phase.completed":
            self._open_next_gate()

    def _open_next_gate(self) -> None:
        """Look at the test report, as a person would, and open the gate of the phase that waits for it."""
        for phase in self.board.phases:
            if phase["gate"] == "approval" and not phase["gate_open"] and self._follows_completed(phase):
                report = next(task["result"] for task in self.board.tasks if task["title"] == "Run all the tests")
                if "all passed" not in report:
                    raise DemoFailed(f"The gate of {phase['name']} stays closed: {report}")
                self.muster.post(f"/phases/{phase['id']}/approve")
                self.board.say(f"A person read the report ({report}) and opened the gate of {phase['name']}")
                self._refresh()

    def _follows_completed(self, phase: dict[str, Any]) -> bool:
        return all(each["state"] == "completed" for each in self.board.phases if each["id"] in phase["after"])

    def _amend(self) -> None:
        """Change the instructions of a task that has not begun, so that its history has something to show."""
        task = next(task for task in self.board.tasks if task["title"] == AMENDED)
        path = f"/tasks/{task['id']}/files/instructions.md"
        now = self.muster.get(path)
        change = {"content": now["text"] + AMENDMENT, "base": now["commit"], "message": "Ask for the Python version"}
        self.muster.put(path, change)

    def _title(self, number: int) -> str:
        return next((task["title"] for task in self.board.tasks if task["id"] == number), "")


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell's background job inherits it ignored
    try:
        return _carry_out(options)
    except KeyboardInterrupt:
        print("\nInterrupted; everything that the demo started is stopped.")
        return 130
    except (DemoFailed, ServerError, Refusal, OSError) as problem:
        print(f"\nThe demo failed: {problem}", file=sys.stderr)
        return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Carry an example plan through a running Muster.")
    parser.add_argument("--keep", action="store_true", help="leave the server running at the end, until Ctrl-C")
    parser.add_argument("--plan", type=Path, default=ROOT / "examples" / "plans" / "csvpeek", help="the plan's directory")
    parser.add_argument("--port", type=int, default=0, help="where the board is served (default: a free port)")
    parser.add_argument("--pace", type=float, default=0.4, help="seconds that a step of the agents' work takes")
    parser.add_argument("--long-pace", type=float, default=4.0, help="the same for the task in which an agent is killed")
    parser.add_argument("--lease", type=int, default=10, help="seconds after which the task of a dead agent is taken over (at least 10)")
    parser.add_argument("--deadline", type=float, default=150.0, help="seconds after which the demo gives up")
    return parser.parse_args()


def _carry_out(options: argparse.Namespace) -> int:
    for program in ("git", "sh"):
        if shutil.which(program) is None:
            raise DemoFailed(f"The demo needs {program}; install it.")
    _refuse_a_taken_port(options.port)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        print("Starting Muster ...", flush=True)
        server = MusterServer(
            database_url=stack.enter_context(_own_database()),
            redis_url=os.environ.get("REDIS_URL", ""),
            port=options.port,
            environment={"SECRET_KEY": secrets.token_urlsafe(48)},
        )
        stack.callback(server.close)
        # The server's guard clears this away too, even if this process is killed.
        scratch = server.scratch / "demo"
        scratch.mkdir()
        _tell_where(server)
        muster = _load_plan(server, options.plan, options.lease)
        _make_product(scratch)
        team = Team(options, server.url, _agents_key(server), scratch)
        stack.callback(team.close)
        board = Board(f"{server.url}/p/{PROJECT}/")
        demo = Demo(muster, board, team, options.deadline)
        team.start()
        try:
            demo.run()
        except (DemoFailed, Refusal) as problem:
            board.draw()
            raise DemoFailed(f"{problem}{_errors_in(server.log)}") from problem
        team.close()
        failed = _conclude(demo, server, scratch)
        print(f"\n{'Everything is as planned' if not failed else f'{failed} checks failed'}; {time.monotonic() - began:.0f} s.")
        if options.keep:
            _wait_for_the_end(server)
        return 1 if failed else 0


def _errors_in(log: str) -> str:
    """Return the server's own words from its first error on."""
    first = re.search(r"^.* (ERROR|CRITICAL) ", log, re.MULTILINE)
    return f"\n\nThe server's log says:\n{log[first.start() :][:4000]}" if first else ""


def _refuse_a_taken_port(port: int) -> None:
    """Whatever answers there would be taken for the Muster of the demo."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoFailed(f"Port {port} cannot be used ({error.strerror}); choose another, or leave --port out.") from error


def _tell_where(server: MusterServer) -> None:
    found = re.search(r"Sign in as (\S+) with the password (\S+)", server.log)
    who = f"sign in as {found[1]} with the password {found[2]}" if found else "sign in with an account of that database"
    print(f"The board: {server.url}/p/{PROJECT}/  ({who})\n", flush=True)


@contextlib.contextmanager
def _own_database() -> Iterator[str]:
    """Yield the address of an empty database on the PostgreSQL that DATABASE_URL names, or "" for a SQLite file of the demo's own."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith(("postgres://", "postgresql://")):
        yield ""
        return
    import psycopg
    from psycopg import sql

    name = f"muster_demo_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=60) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise DemoFailed(f"DATABASE_URL cannot be used ({error}); the demo makes a database of its own on that server.") from error
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True, connect_timeout=60) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _load_plan(server: MusterServer, plan: Path, lease: int) -> Muster:
    key = server.manage("createkey", "--name", "the demo's planner", "--scope", "coordinator").split()[-1]
    muster = Muster(server.url, key)
    files = {path.relative_to(plan).as_posix(): path.read_text(encoding="utf-8") for path in sorted(plan.rglob("*")) if path.is_file()}
    made = muster.post(f"/projects/{PROJECT}/plan", {"files": files})
    print(f"Loaded the plan {plan.name}: {len(made['phases'])} phases, {len(made['tasks'])} tasks.\n", flush=True)
    admin = server.manage("createkey", "--name", "the demo's set-up", "--scope", "admin", "--user", "admin").split()[-1]
    Muster(server.url, admin).patch(f"/projects/{PROJECT}", {"lease_ttl": lease})
    return muster


def _agents_key(server: MusterServer) -> str:
    """Return the key that the first start wrote where agents find it."""
    config = tomllib.loads((server.home / "home" / ".config" / "muster" / "config.toml").read_text(encoding="utf-8"))
    return str(config["profiles"][config["default"]]["key"])


def _make_product(scratch: Path) -> None:
    """Make the repository in which the agents build: one empty commit, so that there is something to clone."""
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "demo", f"GIT_{role}_EMAIL": "demo@muster.invalid"}
    seed = scratch / "seed"
    for command in (
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(scratch / "product.git")],
        ["git", "init", "--quiet", "--initial-branch=main", str(seed)],
        ["git", "-C", str(seed), "commit", "--quiet", "--allow-empty", "--message", "Begin csvpeek"],
        ["git", "-C", str(seed), "push", "--quiet", str(scratch / "product.git"), "main"],
    ):
        subprocess.run(command, env=environment, check=True, timeout=300)


def _conclude(demo: Demo, server: MusterServer, scratch: Path) -> int:
    """Check everything, show the history of one task, and return how many checks failed."""
    print("\nIs everything as planned?")
    story = Story(
        muster=demo.muster,
        project=PROJECT,
        product=scratch / "product.git",
        repositories=server.home / "repos",
        scratch=scratch,
        victim=demo.victim,
        taken_over=demo.taken_over,
        capabilities=AGENTS,
        server_log=server.log,
    )
    failed = check_all(story)
    task = next(task for task in story.tasks if task["title"] == AMENDED)
    command = ["git", "-C", str(repository_of(story, task["id"])), "log", "--format=%h %an: %s", "--stat", "main"]
    print(f"\nWhat agents were told to do has a history of its own. For #{task['id']}, {task['title']}:\n$ {shlex.join(command)}")
    print(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.rstrip())
    return failed


def _wait_for_the_end(server: MusterServer) -> None:
    print(f"Muster stays at {server.url}/p/{PROJECT}/ until you press Ctrl-C.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    print("\nStopping ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
