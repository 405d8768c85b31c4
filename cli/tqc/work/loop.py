"""The worker: claims tasks, runs them side by side, reports, and survives everything that is away for a while."""

import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tqc.client.sync import Client
from tqc.client.wire import pause_before, worth_repeating
from tqc.errors import AWAY, FAILED, NOTHING, OK, Problem, TqcError
from tqc.output import one_line
from tqc.shapes import Claim
from tqc.work.attempt import Attempt, Orders, claim_told
from tqc.work.guard import clock
from tqc.work.leftovers import Desk
from tqc.work.outbox import Outbox, Report

SHUTTING_DOWN = "The worker is shutting down."
WAIT_BESIDE_WORK = 2  # seconds
CUT_OFF = "The worker was killed while it ran this attempt."
FLUSH_AT_END = 10.0  # seconds for the last reports of a worker that stops


@dataclass(frozen=True)
class Wishes:
    """What to claim, how much at once, and when to stop. `max_idle` in seconds, None for never."""

    project: str | None = None
    capabilities: list[str] | None = None
    tiers: list[str] | None = None
    parallel: int = 1
    once: bool = False
    max_idle: float | None = None
    wait: int = 15


class Worker:
    """One process that works for one agent."""

    def __init__(self, client: Client, wishes: Wishes, orders: Orders, *, open_client: Callable[[], Client]) -> None:
        """`open_client` makes a client for another thread; none of them repeats requests on its own."""
        self._client, self._wishes, self._orders, self._open_client = client, wishes, orders, open_client
        self._url = client.server.url
        self._outbox = Outbox()
        self._desk = Desk()
        self._wake = threading.Condition()
        self._running: dict[int, Attempt] = {}
        self._draining = False
        self._failures = 0
        self._done = self._failed = 0
        self._worked_at = time.monotonic()
        self._has_asked = False

    def run(self) -> int:
        """Work until told to stop, until idle for too long, or once; return the exit code."""
        fatal: TqcError | None = None
        try:
            self._clean_up()
            while not self._is_over():
                if free := self._await_room():
                    self._claim(free)
        except TqcError as error:
            fatal = error
        self._await_end()
        self._desk.close()
        if fatal:
            raise fatal
        return self._exit_code()

    def drain(self) -> None:
        """Claim nothing more, and end when what runs has ended. Called again: hand back what runs."""
        again, self._draining = self._draining, True
        if again:
            for attempt in list(self._running.values()):
                attempt.stop("shutdown", SHUTTING_DOWN)
        else:
            self._orders.say(f"Draining: {len(self._running)} running. Stop again to hand them back.")
        with self._wake:
            self._wake.notify_all()

    def _is_over(self) -> bool:
        if self._draining or (self._wishes.once and (self._done or self._failed or self._running)):
            return True
        if self._running or self._failures or not self._has_asked:
            return False
        idle = self._idle_limit
        return idle is not None and time.monotonic() - self._worked_at >= idle

    @property
    def _idle_limit(self) -> float | None:
        return 0.0 if self._wishes.once and self._wishes.max_idle is None else self._wishes.max_idle

    def _await_room(self) -> int:
        """Wait until there is room for another task, and return for how many."""
        with self._wake:
            self._wake.wait_for(lambda: self._draining or len(self._running) < self._wishes.parallel)
            return 0 if self._draining else self._wishes.parallel - len(self._running)

    # Claiming

    def _claim(self, free: int) -> None:
        if self._outbox.waiting(self._url) and self._outbox.flush(self._client, self._url):
            self._pause(TqcError("Reports wait to be sent."))
            return
        request = {
            "limit": 1 if self._wishes.once else free,
            "wait": self._wait(),
            "project": self._wishes.project,
            "capabilities": self._wishes.capabilities,
            "tiers": self._wishes.tiers,
        }
        self._ask_for_tasks(request, os.urandom(16).hex())

    def _wait(self) -> int:
        """Return the seconds for one request for work: short while something runs, because its place may become free."""
        idle = self._idle_limit
        if idle is not None:
            return max(0, min(self._wishes.wait, math.ceil(idle - (time.monotonic() - self._worked_at))))
        return min(WAIT_BESIDE_WORK, self._wishes.wait) if self._running else self._wishes.wait

    def _ask_for_tasks(self, request: dict[str, Any], key: str) -> None:
        """Claim, with a key that is kept until there is an answer: a claim whose answer is lost is asked again and not wasted."""
        self._desk.note_claim({"url": self._url, "agent": self._client.server.agent, "request": request, "key": key})
        began = time.monotonic()
        while True:
            started = clock()
            try:
                claims = self._client.claim(**request, idempotency_key=key)
                break
            except TqcError as error:
                if not worth_repeating(error) and not (isinstance(error, Problem) and error.status >= 500):
                    self._desk.note_claim(None)
                    raise
                self._pause(error)
                if self._draining and time.monotonic() - began > FLUSH_AT_END:
                    return  # the next worker of this machine asks again, with the same key
        # At every moment what was claimed stands in one file or the other.
        for claim in claims:
            self._note(claim)
        self._desk.note_claim(None)
        self._failures, self._has_asked = 0, True
        for claim in claims:
            self._begin(claim, started)

    def _pause(self, error: TqcError) -> None:
        self._failures += 1
        seconds = pause_before(self._failures, error)
        if self._failures in (1, 3) or self._failures % 10 == 0:
            self._orders.say(f"{one_line(error.sentence)} Trying again in {seconds:.1f} s.")
        with self._wake:
            if self._draining:
                self._wake.wait(timeout=min(seconds, 1.0))
            else:
                self._wake.wait_for(lambda: self._draining, timeout=seconds)

    # Running

    def _note(self, claim: Claim) -> None:
        self._desk.note_run(claim["task"]["id"], claim_told(claim) | {"url": self._url})

    def _begin(self, claim: Claim, started: float) -> None:
        attempt = Attempt(self._open_client(), claim, self._orders, claimed_at=started)
        with self._wake:
            self._running[attempt.task] = attempt
        if self._draining:
            attempt.stop("shutdown", SHUTTING_DOWN)
        title = one_line(claim["task"]["title"])
        self._orders.say(f"#{attempt.task}: claimed, attempt {attempt.number}: {title}")
        threading.Thread(target=self._carry_through, args=(attempt,), name=f"task {attempt.task}").start()

    def _carry_through(self, attempt: Attempt) -> None:
        succeeded = False
        again: Claim | None = None
        started = clock()
        try:
            report = attempt.run()
            succeeded = report is not None and report.verb == "complete"
            if report is not None:
                self._deliver(report)
            else:
                self._orders.say(f"#{attempt.task}: not ours any more.")
            started = clock()
            again = self._claim_anew(attempt)
        finally:
            attempt.close()
            self._desk.forget_run(attempt.task)
            with self._wake:
                self._running.pop(attempt.task, None)
                self._done += succeeded
                self._failed += not succeeded and again is None
                self._worked_at = time.monotonic()
                if again is not None:
                    self._note(again)
                    self._begin(again, started)
                self._wake.notify_all()

    def _claim_anew(self, attempt: Attempt) -> Claim | None:
        """Take a task whose instructions changed again, with the new ones: by number, because it would be offered to others first."""
        if not attempt.wants_another or self._draining:
            return None
        try:
            return self._open_client().claim_task(attempt.task)
        except TqcError as error:
            self._orders.say(f"#{attempt.task}: somebody else goes on with it. {error.sentence}")
            return None

    def _deliver(self, report: Report) -> None:
        """Keep the report on disk first, then send it; what cannot be sent now is sent before the next claim."""
        path = self._outbox.put(report)
        sent = self._outbox.send(self._open_client(), path)
        if sent.error is not None:
            self._orders.say(f"#{report.task}: {report.verb} was refused: {sent.error.sentence}")
        elif sent.state:
            self._orders.say(f"#{report.task}: {report.verb}, now {sent.state}.")
        else:
            self._orders.say(f"#{report.task}: {report.verb} is kept until the server answers.")

    # Beginning and end

    def _clean_up(self) -> None:
        """Finish what a killed worker of this machine left: report its runs, and repeat its unanswered claim."""
        claims, runs = self._desk.take_leftovers()
        for run in runs:
            if run.get("url") == self._url:
                self._outbox.put(Report(self._url, run["task"], "fail", run["token"], {"error": CUT_OFF, "retryable": True}))
        self._outbox.flush(self._client, self._url)
        for claim in claims:
            if claim.get("url") == self._url and claim.get("agent") == self._client.server.agent:
                self._repeat(claim)

    def _repeat(self, claim: dict[str, Any]) -> None:
        try:
            self._ask_for_tasks(claim["request"], claim["key"])
        except TqcError as error:
            self._orders.say(f"The claim of a killed worker could not be repeated: {error.sentence}")

    def _await_end(self) -> None:
        with self._wake:
            self._wake.wait_for(lambda: not self._running)
        until = time.monotonic() + FLUSH_AT_END
        failures = 0
        while self._outbox.flush(self._client, self._url) and time.monotonic() < until:
            failures += 1
            threading.Event().wait(pause_before(failures, TqcError("")))

    def _exit_code(self) -> int:
        left = len(self._outbox.waiting(self._url))
        if left:
            self._orders.say(f"{left} reports wait to be sent; the next worker sends them. At once: tqc work --flush")
            return AWAY
        if self._wishes.once:
            return OK if self._done else FAILED if self._failed else NOTHING
        return OK
