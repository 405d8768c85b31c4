"""One attempt at one task: lay the brief out, run the command, keep the lease, report how it ended."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqc.client.sync import Client
from tqc.commands.shared import moment
from tqc.errors import LeaseLost, TqcError
from tqc.output import clean
from tqc.shapes import Claim
from tqc.work.guard import COOKIE, clock
from tqc.work.layout import lay_out, lay_out_version
from tqc.work.outbox import Report
from tqc.work.process import Ended, Process, environment
from tqc.work.pushing import push_kept
from tqc.work.results import read_result, report_of_code
from tqc.work.supervisor import Listener, Supervisor, beat_every, margin_of, trusted_seconds

PROGRESS_EVERY = 5.0  # seconds
SECRET = re.compile(r"\b(mst|mlt)_[A-Za-z0-9]+_[A-Za-z0-9_]+")
PERCENT = re.compile(r"^::progress\s+(\d{1,3})\s*%?\s*(.*)$")


@dataclass(frozen=True)
class Orders:
    """How commands are run.

    `command` is a line for the shell or a list of words; `on_change` is task (as its policy says), release or finish.
    """

    command: str | list[str]
    directory: Path
    grace: float = 10.0
    passed: Sequence[str] = ()
    worktree: Path | None = None
    keep: str = "failed"
    on_change: str = "task"
    heartbeat: float | None = None
    time_limit: float | None = None
    say: Callable[[str], None] = field(default=lambda text: None)


def redacted(text: str) -> str:
    """Return text without the keys and lease tokens in it, and without what could steer a terminal."""
    return clean(SECRET.sub(r"\1_…", text))


class Attempt:
    """A claimed task in the hands of this worker."""

    def __init__(self, client: Client, claim: Claim, orders: Orders, *, claimed_at: float) -> None:
        """`claimed_at` is the start of the claim's request, on the guard's clock."""
        self._client, self._claim, self._orders = client, claim, orders
        self.task = claim["task"]["id"]
        self.number = claim["attempt"]["number"]
        self.trust_until = claimed_at + trusted_seconds(claim["expires_at"], claim["server_time"])
        self.margin = margin_of((moment(claim["expires_at"]) - moment(claim["server_time"])).total_seconds())
        self.home = orders.directory / f"task-{self.task}-attempt-{self.number}"
        self._why: tuple[str, str] | None = None
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._said_at = 0.0
        self._brought_result = False
        self._pushed = ""

    def run(self) -> Report | None:
        """Run the command and return the report to send; None when the task is not ours any more."""
        claim = self._claim
        every = self._orders.heartbeat or beat_every(claim["heartbeat_every"], claim["expires_at"], claim["server_time"])
        listener = Listener(trust=self._trust, stop=self.stop, changed=self._changed)
        token = claim["lease_token"]
        with Supervisor(self._client, self.task, token, trust_until=self.trust_until, every=every, listener=listener):
            try:
                self._prepare()
                self._client.start(self.task, token)
            except LeaseLost as lost:
                self.stop("lost", lost.sentence)
                return self._conclude(None)
            except (TqcError, OSError, subprocess.SubprocessError) as error:
                sentence = error.sentence if isinstance(error, TqcError) else str(error)
                return self._report("release", {"reason": f"The work could not be prepared here: {sentence}"[:500]})
            ended = self._execute()
            self._hand_in(ended)
        report = self._conclude(ended)
        self._tidy(report)
        return report

    def stop(self, reason: str, sentence: str = "") -> None:
        """End the command; `reason` is lost, lapsed, cancelled, changed, timeout or shutdown. The first reason counts."""
        with self._lock:
            if self._why is not None:
                return
            self._why = (reason, sentence)
            if self._process is not None:
                in_time = min(self._orders.grace, self.margin / 2) if reason in ("lapsed", "lost") else None
                self._process.stop(reason, in_time)
        self._orders.say(f"#{self.task}: stopping ({reason}). {sentence}".rstrip())

    @property
    def wants_another(self) -> bool:
        """Whether it was ended only because its instructions had changed."""
        return self._why is not None and self._why[0] == "changed" and not self._brought_result

    def close(self) -> None:
        self._client.close()

    def _trust(self, seconds: float) -> None:
        self.trust_until = clock() + seconds
        if self._process is not None:
            self._process.trust(seconds)

    def _changed(self, old: str, new: str, policy: str) -> None:
        """Obey the task's policy: stop and begin anew, lay the new version out beside the old one, or just go on."""
        policy = {"release": "stop", "finish": "continue"}.get(self._orders.on_change, policy)
        if policy == "stop":
            self.stop("changed", f"The instructions changed from {old[:10] or 'nothing'} to {new[:10]}.")
            return
        self._orders.say(f"#{self.task}: the instructions changed to {new[:10]}; going on.")
        if policy == "reread":
            try:
                lay_out_version(self.home / "changed", self._client, self.task, old, new)
            except (TqcError, OSError) as error:
                self._orders.say(f"#{self.task}: the new instructions could not be laid out: {error}")

    def _prepare(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        brief = self._claim["brief"] or self._client.brief(self.task)
        if self._orders.worktree is None:
            self.work = self.home / "work"
            self.brief = self.work
        else:
            self.work, self.brief = self.home / "tree", self.home / "brief"
            add_worktree(self._orders.worktree, self.work, f"muster/task-{self.task}-attempt-{self.number}")
        lay_out(self.brief, brief, self._client.brief_markdown(self.task))
        (self.home / "keep").mkdir()

    def _execute(self) -> Ended:
        seconds = max(0.0, self.trust_until - clock())
        with self._lock:
            if self._why is not None:
                return Ended(-1, self._why[0])
            self._process = Process(
                self._orders.command,
                cwd=self.work,
                env=environment(self._orders.passed, self._variables()),
                stdin=self.brief / "brief.md",
                log=self.home / "output.log",
                seconds=seconds,
                margin=self.margin,
                grace=self._orders.grace,
                on_line=self._heard,
            )
        limit = self._orders.time_limit or self._claim["task"]["timeout"]
        timer = threading.Timer(limit, self.stop, ("timeout", f"It took longer than {limit:g} s.")) if limit else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            return self._process.wait()
        finally:
            if timer:
                timer.cancel()

    def _hand_in(self, ended: Ended) -> None:
        """Push what the command kept while the lease still holds; what cannot be pushed goes with the report."""
        if ended.reason != "exited":
            return
        try:
            self._pushed = push_kept(self.home / "keep", self._claim, self._client.server)
        except (TqcError, OSError) as error:
            sentence = error.sentence if isinstance(error, TqcError) else str(error)
            self._orders.say(f"#{self.task}: the kept files go with the report, because they could not be pushed: {redacted(sentence)}")

    def _variables(self) -> dict[str, str]:
        task, claim = self._claim["task"], self._claim
        return {
            "MUSTER_URL": self._client.server.url,
            "MUSTER_AGENT": claim["attempt"]["agent"],
            "MUSTER_PROJECT": task["project"],
            "MUSTER_TASK": str(self.task),
            "MUSTER_TITLE": task["title"],
            "MUSTER_KIND": task["kind"],
            "MUSTER_TIER": task["tier"],
            "MUSTER_ATTEMPT": str(self.number),
            "MUSTER_LEASE_TOKEN": claim["lease_token"],
            "MUSTER_BRIEF": str(self.brief / "brief.md"),
            "MUSTER_RESULT": str(self.home / "result.json"),
            "MUSTER_CHANGED": str(self.home / "changed"),
            "MUSTER_KEEP": str(self.home / "keep"),
            # Of this run alone: task 1 of another server may run on this machine too.
            COOKIE: os.urandom(16).hex(),
        }

    def _heard(self, line: str) -> None:
        """Pass a line of output on: to whoever watches this worker at once, to the board now and then."""
        text = redacted(line)
        self._orders.say(f"#{self.task} | {text}")
        marked = PERCENT.match(text)
        percent = min(100, int(marked[1])) if marked else None
        note = (marked[2] if marked else text).strip()[:500]
        if not note and percent is None:
            return
        if percent is None and clock() - self._said_at < PROGRESS_EVERY:
            return
        self._said_at = clock()
        threading.Thread(target=self._tell, args=(percent, note), daemon=True).start()

    def _tell(self, percent: int | None, note: str) -> None:
        try:
            self._client.ask(
                "POST",
                f"/tasks/{self.task}/progress",
                body={"lease_token": self._claim["lease_token"], "note": note, **({} if percent is None else {"percent": percent})},
                patience=0.0,
                timeout=10.0,
            )
        except TqcError as error:
            # Progress is a courtesy; whether the lease still holds is the supervisor's to find out.
            self._orders.say(f"#{self.task}: the progress could not be told: {error.sentence}")
        self._client.close()

    def _conclude(self, ended: Ended | None) -> Report | None:
        reason, sentence = self._why or (ended.reason if ended else "lost", ended.error if ended else "")
        if ended is not None and ended.reason == "exited":
            self._brought_result = True
            reason = "exited"  # it brought a result, and what that is worth now is the server's to say (P5, P11)
        if reason in ("lost", "lapsed"):
            # Not ours any more, or we could not know: whoever has it now must not be disturbed.
            return None if reason == "lost" else self._report("release", {"reason": sentence or "The lease was given up in time."})
        if reason == "exited" and ended is not None:
            tail = [redacted(line) for line in (self._process.tail if self._process else [])]
            result = read_result(self.home / "result.json", self.home / "keep", pushed=self._pushed)
            verb, body = report_of_code(ended.code, result, tail)
            return self._report(verb, body)
        if reason == "timeout":
            return self._report("fail", {"error": sentence, "retryable": True})
        if reason in ("cancelled", "changed", "shutdown"):
            return self._report("release", {"reason": (sentence or reason)[:500]})
        return self._report("fail", {"error": f"The command could not be run ({reason}). {sentence}".strip(), "retryable": True})

    def _report(self, verb: str, body: dict[str, Any]) -> Report:
        return Report(self._client.server.url, self.task, verb, self._claim["lease_token"], body, agent=self._claim["attempt"]["agent"])

    def _tidy(self, report: Report | None) -> None:
        done = report is not None and report.verb == "complete"
        if self._orders.worktree is not None:
            remove_worktree(self._orders.worktree, self.work)
        if self._orders.keep == "never" or (self._orders.keep == "failed" and done):
            shutil.rmtree(self.home, ignore_errors=True)


def add_worktree(repository: Path, target: Path, branch: str) -> None:
    """Check the repository's HEAD out on a branch of its own, which stays when the directory goes."""
    git = ["git", "-C", str(repository), "-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "-B", branch, "--", str(target)]
    answer = subprocess.run(git, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise TqcError(f"git made no worktree: {answer.stderr.strip()[-300:]}")


def remove_worktree(repository: Path, target: Path) -> None:
    git = ["git", "-C", str(repository), "worktree", "remove", "--force", "--", str(target)]
    subprocess.run(git, capture_output=True, check=False)


def claim_told(claim: Claim) -> dict[str, Any]:
    """Return what must be known to report a run that was cut off."""
    return {"task": claim["task"]["id"], "token": claim["lease_token"], "agent": claim["attempt"]["agent"]}
