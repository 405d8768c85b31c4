"""The tasks that an agent holds while it is connected: their leases are kept for it, and what the server says is passed on."""

import threading
from dataclasses import dataclass, field

from tqc.client.sync import Client
from tqc.command import Context
from tqc.errors import LeaseLost, TqcError
from tqc.leases import HeldLease, of_claim
from tqc.shapes import Beat, Claim
from tqc.work.guard import clock
from tqc.work.supervisor import Listener, Supervisor, beat_every, trusted_seconds

LONGEST_DIFF = 8000  # characters


@dataclass
class Held:
    """One task in the agent's hands; `notices` are what it has not been told yet."""

    lease: HeldLease
    supervisor: Supervisor | None = None
    notices: list[str] = field(default_factory=list)
    lost: str = ""


class Hands:
    """Everything that the connected agent holds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held: dict[int, Held] = {}
        self._lock = threading.Lock()

    @property
    def client(self) -> Client:
        return self._context.client

    def take(self, claim: Claim, started: float) -> None:
        """Keep the lease of a claim from now on; `started` is when the claim was asked for."""
        lease = of_claim(self._context.url, claim)
        self._context.leases.remember(lease)
        self._supervise(lease, started, claim)

    def lease_of(self, task: int) -> HeldLease:
        """Return the lease on a task; one that an earlier session of this machine took is kept again from here on."""
        with self._lock:
            held = self._held.get(task)
        if held is None:
            lease = self._context.leases.require(self._context.url, task)
            started = clock()
            beat = self.client.beat(task, lease.token)
            self._supervise(lease, started, beat)
            return lease
        if held.lost:
            self.drop(task)
            raise LeaseLost(409, "lease_lost", held.lost)
        return held.lease

    def notices_on(self, task: int) -> list[str]:
        """Return what happened to the task since the agent last asked."""
        with self._lock:
            held = self._held.get(task)
            if held is None:
                return []
            told, held.notices = held.notices, []
            return told

    def drop(self, task: int) -> None:
        """Stop keeping the lease: the attempt has ended."""
        with self._lock:
            held = self._held.pop(task, None)
        if held and held.supervisor:
            held.supervisor.close()
        self._context.leases.forget(self._context.url, task)

    def _supervise(self, lease: HeldLease, started: float, told: Claim | Beat) -> None:
        trust_until = started + trusted_seconds(told["expires_at"], told["server_time"])
        every = beat_every(told["heartbeat_every"], told["expires_at"], told["server_time"])
        held = Held(lease)

        def stop(reason: str, sentence: str) -> None:
            if reason == "cancelled":
                held.notices.append(f"Task #{lease.task} was cancelled: {sentence} Stop working on it and call release_task.")
            else:
                held.lost = f"{sentence} Stop working on #{lease.task}, and do not repeat this call."

        def changed(old: str, new: str, policy: str) -> None:
            if policy == "stop":
                held.notices.append(f"The instructions of #{lease.task} changed. Stop: call release_task, then next_task with its number.")
            elif policy == "reread":
                held.notices.append(
                    f"The instructions of #{lease.task} changed. Go on with the new ones:\n{_what_changed(client, lease, old, new)}"
                )

        listener = Listener(trust=lambda seconds: None, stop=stop, changed=changed)
        client = self._context.open_client(patience=0.0)
        held.supervisor = Supervisor(client, lease.task, lease.token, trust_until=trust_until, every=every, listener=listener)
        with self._lock:
            before = self._held.pop(lease.task, None)
            self._held[lease.task] = held
        if before and before.supervisor:
            before.supervisor.close()
        held.supervisor.start()


def _what_changed(client: Client, lease: HeldLease, old: str, new: str) -> str:
    try:
        return client.patch(lease.task, old, new)[:LONGEST_DIFF]
    except TqcError as error:
        return f"(the difference could not be read: {error.sentence})"
