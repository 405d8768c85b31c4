"""One thread a process follows the event log, and wakes whoever waits for something to happen.

Waiting threads hold no database connection. The wake-up is only a hint: whoever is woken asks the database.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, connection

from coordination.doorbell import doorbell
from coordination.models import Event

log = logging.getLogger(__name__)

POLL_EVERY = 0.2  # seconds between looks at the log while somebody waits
BATCH = 1000
Wanted = Callable[[Event], bool]


@dataclass(eq=False)
class _Waiter:
    wanted: Wanted
    rang: threading.Event = field(default_factory=threading.Event)
    exclusive: bool = False


class Hub:
    """Follows the log while anybody waits; sleeps otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._somebody_waits = threading.Event()
        self._doorbell = threading.Event()
        self._thread: threading.Thread | None = None
        self._listens = False
        # The place in the log, and not only the event: events go away with their project.
        self._cursor: tuple[int, int] | None = None

    def wait(self, wanted: Wanted, timeout: float, *, exclusive: bool = False) -> bool:
        """Wait until an event that is `wanted` happens; return whether one did within `timeout` seconds.

        An `exclusive` waiter is woken alone: one queued task wakes one claim, not a thousand.
        Call `subscribe` instead when something must be looked at between the subscription and the wait.
        """
        with self.subscribe(wanted, exclusive=exclusive) as subscription:
            return subscription.wait(timeout)

    def subscribe(self, wanted: Wanted, *, exclusive: bool = False) -> "Subscription":
        return Subscription(self, _Waiter(wanted, exclusive=exclusive))

    def ring(self) -> None:
        """Look at the log now. A doorbell (Redis) calls this when another process has written."""
        self._doorbell.set()

    def add(self, waiter: _Waiter) -> None:
        with self._lock:
            self._waiters.append(waiter)
            if self._thread is None or not self._thread.is_alive():
                self._cursor = None
                self._thread = threading.Thread(target=self._follow, name="hub", daemon=True)
                self._thread.start()
            if not self._listens:
                self._listens = True
                doorbell.listen(self.ring)
        self._somebody_waits.set()

    def remove(self, waiter: _Waiter) -> None:
        with self._lock:
            self._waiters = [each for each in self._waiters if each is not waiter]
            if not self._waiters:
                self._somebody_waits.clear()

    def _follow(self) -> None:
        while True:
            if not self._somebody_waits.wait(timeout=30):
                self._cursor = None
                connection.close()
                continue
            try:
                with self._at_work:
                    if self._somebody_waits.is_set():
                        self._look()
            except (DatabaseError, InterfaceError) as error:
                log.warning("The event log cannot be read at the moment: %s", error)
                connection.close()
                self._doorbell.wait(1.0)
            self._doorbell.wait(POLL_EVERY)
            self._doorbell.clear()

    def rest(self) -> None:
        """Return once no look at the log is under way. As long as nobody waits, none begins."""
        with self._at_work:
            pass

    def _look(self) -> None:
        try:
            self._follow_from_cursor()
        finally:
            if connection.vendor == "postgresql":
                connection.close()

    def _follow_from_cursor(self) -> None:
        if self._cursor is None:
            self._cursor = Event.objects.settled().order_by("txid", "id").values_list("txid", "id").last() or (0, 0)
            self._wake_all()
            return
        while events := list(Event.objects.settled().following(*self._cursor)[:BATCH]):
            for event in events:
                self._cursor = (event.txid, event.pk)
                self._wake(event)

    def _wake(self, event: Event) -> None:
        with self._lock:
            waiters = [waiter for waiter in self._waiters if not waiter.rang.is_set()]
        for waiter in waiters:
            if waiter.wanted(event):
                waiter.rang.set()
                if waiter.exclusive:
                    break

    def _wake_all(self) -> None:
        with self._lock:
            for waiter in self._waiters:
                waiter.rang.set()


class Subscription:
    """A place in the hub: `with hub.subscribe(...) as s: look(); s.wait(30)` misses nothing between look and wait."""

    def __init__(self, hub: Hub, waiter: _Waiter) -> None:
        self._hub, self._waiter = hub, waiter

    def __enter__(self) -> "Subscription":
        self._hub.add(self._waiter)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.remove(self._waiter)

    def wait(self, timeout: float) -> bool:
        """Give the database connection back, wait, and return whether a wanted event happened."""
        connection.close()
        rang = self._waiter.rang.wait(timeout)
        self._waiter.rang.clear()
        return rang


hub = Hub()
