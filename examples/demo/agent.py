"""An agent that knows nothing: it claims a task, writes the brief into a folder, and runs the script that came with it.

It talks to Muster over HTTP alone, and hands its work to the others through a git repository, as agents on several
machines would. Usage: MUSTER_URL=... MUSTER_KEY=... python agent.py NAME --product REPOSITORY --workspace DIRECTORY
"""

import argparse
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from muster_client import Muster, Refusal

WAIT = 20  # seconds that one request for work may wait at the server
SCRIPT = "context/do.sh"
PUSHES = 8
ERROR_LENGTH = 2000


class LeaseGone(Exception):
    """The task is somebody else's now, or cancelled; nothing of this attempt may be reported."""


class WorkFailed(Exception):
    """The script ended badly; the text is the end of what it said."""


class Agent:
    """One agent: its name, what it can do, and the task it holds."""

    def __init__(self, muster: Muster, options: argparse.Namespace) -> None:
        self.muster = muster
        self.options = options
        self.name: str = options.name
        self.gone = threading.Event()
        self.renewed = time.monotonic()
        self.ttl = 150.0
        self.claimed = threading.Event()
        self.child: subprocess.Popen[str] | None = None

    def run(self) -> None:
        registration = {
            "name": self.name,
            "capabilities": self.options.capabilities.split(","),
            "tiers": self.options.tiers.split(","),
            "host": os.uname().nodename,
            "software": "examples/demo/agent.py",
        }
        self.muster.post("/agents/register", registration)
        threading.Thread(target=self._keep_alive, daemon=True).start()
        while True:
            claimed = self.muster.post("/tasks/claim", {"agent": self.name, "project": self.options.project, "wait": WAIT})
            for claim in claimed["items"] if claimed else []:
                self._carry_out(claim)

    def _keep_alive(self) -> None:
        """Send heartbeats, and stop the work once the lease can have run out without us knowing (P6)."""
        while True:
            began = time.monotonic()
            try:
                beats = self.muster.post("/agents/heartbeat", {"agent": self.name})["leases"]
                self.renewed = began
                if any(beat["cancel_requested"] for beat in beats):
                    self._stop_working()
            except (Refusal, OSError) as error:
                print(f"{self.name}: no heartbeat: {error}", file=sys.stderr)
            if time.monotonic() - self.renewed > self.ttl * 0.8:
                self._stop_working()
            # A new lease may be much shorter than the pause that began before it.
            self.claimed.wait(max(1.0, min(30.0, self.ttl / 5)))
            self.claimed.clear()

    def _stop_working(self) -> None:
        self.gone.set()
        if (child := self.child) is not None:
            child.kill()

    def _carry_out(self, claim: dict[str, Any]) -> None:
        task, token = claim["task"], claim["lease_token"]
        self.ttl = _seconds_between(claim["server_time"], claim["expires_at"]) or self.ttl
        self.gone.clear()
        self.claimed.set()
        folder = Path(self.options.workspace) / f"task-{task['id']}-attempt-{claim['attempt']['number']}"
        here = f"/tasks/{task['id']}"
        try:
            self.muster.post(f"{here}/start", {"lease_token": token})
            product = self._prepare(folder, claim)
            results, said = self._work(folder, product, claim)
            commit, files = self._hand_over(product, task)
            report = "\n".join([f"Commit `{commit}` changed {len(files)} files.", "", "```", *said[-40:], "```"])
            done = {"result": " ".join(results), "report": report, "data": {"commit": commit, "files": files}}
            self.muster.post(f"{here}/complete", {"lease_token": token, **done})
        except LeaseGone:
            print(f"{self.name}: #{task['id']} is not mine any more", file=sys.stderr)
        except (WorkFailed, subprocess.CalledProcessError, OSError) as error:
            detail = getattr(error, "stderr", "") or str(error)
            self._report_failure(here, token, detail[-ERROR_LENGTH:])
        except Refusal as refusal:
            if refusal.status not in (404, 409):
                raise
            print(f"{self.name}: #{task['id']}: {refusal}", file=sys.stderr)

    def _report_failure(self, here: str, token: str, error: str) -> None:
        try:
            self.muster.post(f"{here}/fail", {"lease_token": token, "error": error, "retryable": False})
        except Refusal as refusal:
            print(f"{self.name}: {refusal}", file=sys.stderr)

    def _prepare(self, folder: Path, claim: dict[str, Any]) -> Path:
        """Write the brief into a folder of its own and clone the product beside it."""
        shutil.rmtree(folder, ignore_errors=True)
        brief = folder / "brief"
        brief.mkdir(parents=True)
        (brief / "brief.json").write_text(json.dumps(claim["brief"], indent=2), encoding="utf-8")
        (brief / "brief.md").write_text(self.muster.text(f"/tasks/{claim['task']['id']}/brief.md"), encoding="utf-8")
        for item in claim["brief"]["context"]:
            path = (brief / item["name"]).resolve()
            if item["text"] is not None and path.is_relative_to(brief.resolve() / "context"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(item["text"], encoding="utf-8")
        self._git(folder, "clone", "--quiet", self.options.product, "product")
        return folder / "product"

    def _work(self, folder: Path, product: Path, claim: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Run the script of the brief; return the results it told and everything else it said."""
        brief = folder / "brief"
        if not (brief / SCRIPT).is_file():
            raise WorkFailed(f"This agent can only run scripts, and the brief brings no {SCRIPT}.")
        first = not claim["brief"]["earlier_attempts"]
        slow = first and "long" in claim["task"]["labels"]
        environment = os.environ | {
            "BRIEF": str(brief),
            "PYTHON": sys.executable,
            "PACE": str(self.options.long_pace if slow else self.options.pace),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        environment.pop("MUSTER_KEY", None)
        with (folder / "errors.log").open("w+", encoding="utf-8") as errors:
            self.child = subprocess.Popen(
                ["sh", str(brief / SCRIPT)],
                cwd=product,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            results, said = self._listen(self.child, claim)
            code = self.child.wait()
            self.child = None
            errors.seek(0)
            if self.gone.is_set():
                raise LeaseGone
            if code:
                raise WorkFailed(f"{SCRIPT} ended with {code}.\n{errors.read()[-ERROR_LENGTH:]}")
        if not results:
            raise WorkFailed(f"{SCRIPT} told no result.")
        return results, said

    def _listen(self, child: subprocess.Popen[str], claim: dict[str, Any]) -> tuple[list[str], list[str]]:
        results: list[str] = []
        said: list[str] = []
        for line in _lines_of(child, self.options.patience):
            word, _, rest = line.partition(" ")
            if word == "@progress":
                percent, _, note = rest.partition(" ")
                self._tell_progress(claim, int(percent), note)
            elif word == "@result":
                results.append(rest)
            else:
                said.append(line)
        return results, said

    def _tell_progress(self, claim: dict[str, Any], percent: int, note: str) -> None:
        body = {"lease_token": claim["lease_token"], "percent": percent, "note": note}
        try:
            self.muster.post(f"/tasks/{claim['task']['id']}/progress", body)
        except Refusal as refusal:
            if refusal.code != "lease_lost":
                raise
            self._stop_working()

    def _hand_over(self, product: Path, task: dict[str, Any]) -> tuple[str, list[str]]:
        """Commit what changed and push it, on top of what others pushed meanwhile."""
        self._git(product, "add", "--all")
        message = f"{task['title']}\n\nTask: {task['id']}\nAgent: {self.name}\n"
        self._git(product, "commit", "--quiet", "--message", message)
        for tries_left in reversed(range(PUSHES)):
            if self.gone.is_set():
                raise LeaseGone
            self._git(product, "pull", "--quiet", "--rebase", "origin", "main")
            try:
                self._git(product, "push", "--quiet", "origin", "HEAD:main")
                break
            except subprocess.CalledProcessError:
                if not tries_left:
                    raise
        files = self._git(product, "diff-tree", "--no-commit-id", "--name-only", "-r", "HEAD").splitlines()
        return self._git(product, "rev-parse", "HEAD").strip(), files

    def _git(self, where: Path, *arguments: str) -> str:
        identity = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in self._identity().items()}
        environment = os.environ | identity | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, check=True, timeout=300)
        return done.stdout

    def _identity(self) -> dict[str, str]:
        return {"NAME": self.name, "EMAIL": f"{self.name}@agents.invalid"}


def _lines_of(child: subprocess.Popen[str], patience: float) -> Iterator[str]:
    """Yield what a child prints, line by line, and kill it when it says nothing for too long."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            child.kill()
            raise WorkFailed(f"{SCRIPT} said nothing for {patience:g} s.") from None
        if line is None:
            return
        yield line


def _seconds_between(first: str, second: str | None) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds() if second else 0.0


def _end_with_the_starter() -> None:
    """Kill this agent and its script when standard input closes, which it does however the starter ends."""
    # Not sys.stdin: a thread that waits in its lock would keep this process from ending by itself.
    while os.read(0, 1024):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description="An agent of the demo.")
    parser.add_argument("name")
    parser.add_argument("--project", required=True)
    parser.add_argument("--capabilities", required=True, help="what it can do, with commas")
    parser.add_argument("--tiers", default="light,standard,heavy")
    parser.add_argument("--product", required=True, help="the git repository that all agents push to")
    parser.add_argument("--workspace", required=True, help="a directory of its own")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds that a step of the work takes")
    parser.add_argument("--long-pace", type=float, default=0.0, help="the same for the first attempt at a task labelled long")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds without a word after which a script is killed")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    agent = Agent(Muster(os.environ["MUSTER_URL"], os.environ["MUSTER_KEY"]), options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.end_with_stdin:
        threading.Thread(target=_end_with_the_starter, daemon=True).start()
    agent.run()


if __name__ == "__main__":
    main()
