"""Keeping a lease while a command runs: heartbeats from a thread of its own, never from the work (P3, P6)."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tqc.client.sync import Client
from tqc.client.wire import worth_repeating
from tqc.commands.shared import moment
from tqc.errors import LeaseLost, Problem, TqcError
from tqc.shapes import Beat
from tqc.work.guard import clock

MARGIN = 30.0  # seconds before the lease's end at which we let go of it ourselves; of short leases a fifth
LONGEST_BEAT = 15.0  # seconds for one heartbeat
LONGEST_PAUSE = 10.0  # seconds between two tries


def trusted_seconds(expires_at: str, server_time: str) -> float:
    """Return how long a lease may be trusted from the start of the request that renewed it; only the server's clock counts."""
    whole = (moment(expires_at) - moment(server_time)).total_seconds()
    return whole - margin_of(whole)


def beat_every(told: float, expires_at: str, server_time: str) -> float:
    """Return the seconds between two heartbeats: as the server says, and so that a short lease outlives four lost ones."""
    return min(told, (moment(expires_at) - moment(server_time)).total_seconds() / 5)


def margin_of(seconds: float) -> float:
    """Return how much of a lease is kept back for the command to end in."""
    return min(MARGIN, seconds / 5)


@dataclass(frozen=True)
class Listener:
    """Who hears what the supervisor learns.

    `trust(seconds)` from now; `stop(reason, sentence)`; `changed(from, to, policy)`: two commits, and continue, reread or stop.
    """

    trust: Callable[[float], None]
    stop: Callable[[str, str], None]
    changed: Callable[[str, str, str], None]


class Supervisor:
    """Renews one lease until it is closed, and says when the task is not ours any more."""

    def __init__(self, client: Client, task: int, lease_token: str, *, trust_until: float, every: float, listener: Listener) -> None:
        """`trust_until` is on the clock of tqc.work.guard, `every` the seconds between two heartbeats."""
        self._client, self._task, self._token = client, task, lease_token
        self._trust_until = trust_until
        self._every = every
        self._listener = listener
        self._closing = threading.Event()
        self._told_of = ""
        self._thread = threading.Thread(target=self._run, name=f"lease of #{task}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Renew no more. A heartbeat that is under way ends by itself."""
        self._closing.set()
        self._thread.join(timeout=1.0)

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._keep()
        finally:
            self._client.close()

    def _keep(self) -> None:
        pause, failures = self._every, 0
        while not self._closing.wait(min(pause, max(0.0, self._trust_until - clock()))):
            if clock() >= self._trust_until:
                self._listener.stop("lapsed", "The server could not be reached in time, so the lease was given up.")
                return
            started = clock()
            try:
                beat = self._client.beat(self._task, self._token, timeout=min(LONGEST_BEAT, self._left()), patience=0.0)
            except LeaseLost as lost:
                self._listener.stop("lost", lost.sentence)
                return
            except TqcError as error:
                failures += 1
                pause = self._pause_after(error, failures)
                continue
            failures, pause = 0, max(0.0, self._every - (clock() - started))
            self._trust_until = started + trusted_seconds(beat["expires_at"], beat["server_time"])
            self._listener.trust(self._left())
            if not self._heed(beat):
                return

    def _heed(self, beat: Beat) -> bool:
        """Pass on what the heartbeat said; return whether there is more to renew."""
        if self._closing.is_set():
            return False
        if beat["cancel_requested"]:
            self._listener.stop("cancelled", beat["cancel_reason"] or "The task was cancelled.")
            return False
        changed = beat["instructions_changed"]
        if changed and changed["to"] != self._told_of:
            self._told_of = changed["to"]
            self._listener.changed(changed["from"], changed["to"], changed.get("policy") or "reread")
        return True

    def _left(self) -> float:
        return max(1.0, self._trust_until - clock())

    def _pause_after(self, error: TqcError, failures: int) -> float:
        asked = error.retry_after if isinstance(error, Problem) else 0.0
        if not worth_repeating(error):
            return self._every
        most = min(LONGEST_PAUSE, 0.5 * 2 ** min(failures, 8))
        return max(asked, random.uniform(most / 2, most))
