"""The doorbell between processes: "the event log has grown", through Redis, after the commit. Only ever a hint.

Nobody waits for Redis: one thread a process rings and one listens, with timeouts of a second. Without Redis, or while it
is down, everything works and the hub finds the events by its own looks at the log.
"""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

CHANNEL = "muster:events"
TIMEOUT = 1.0  # seconds for any answer of Redis
MIN_PAUSE = 0.02  # seconds between two rings: whoever hears one looks at the whole log
QUIET_FOR = 5.0  # seconds without a new try after Redis did not answer


class Doorbell:
    """Rings at the other processes, and listens to their rings."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pressed = threading.Event()
        self._starting = threading.Lock()
        self._ringer: threading.Thread | None = None
        self._over = threading.Event()

    def ring_after_commit(self) -> None:
        """Ring once the present transaction has committed; at once if there is none."""
        if self.url:
            transaction.on_commit(self.ring)

    def ring(self) -> None:
        """Ring soon; many calls at once make one ring. Never waits."""
        if not self.url:
            return
        self._pressed.set()
        if self._ringer is None or not self._ringer.is_alive():
            with self._starting:
                if self._ringer is None or not self._ringer.is_alive():
                    self._ringer = threading.Thread(target=self._keep_ringing, name="doorbell", daemon=True)
                    self._ringer.start()

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` at every ring from now on, from a thread of its own."""
        if self.url:
            threading.Thread(target=self._keep_listening, args=(heard,), name="doorbell-ear", daemon=True).start()

    def stop(self) -> None:
        """End both threads."""
        self._over.set()
        self._pressed.set()

    def _connect(self) -> "Redis":
        return Redis.from_url(
            self.url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0), health_check_interval=0
        )

    def _keep_ringing(self) -> None:
        with self._connect() as redis:
            while self._pressed.wait() and not self._over.is_set():
                self._pressed.clear()
                try:
                    redis.publish(CHANNEL, b"")
                    self._over.wait(MIN_PAUSE)
                except (RedisError, OSError) as error:
                    log.info("Redis cannot be rung (%s); waiting clients are woken a little later.", error.__class__.__name__)
                    self._over.wait(QUIET_FOR)

    def _keep_listening(self, heard: Callable[[], None]) -> None:
        while not self._over.is_set():
            try:
                self._listen_until_it_breaks(heard)
            except (RedisError, OSError) as error:
                log.info("Redis cannot be listened to (%s); trying again in %.0f s.", error.__class__.__name__, QUIET_FOR)
                self._over.wait(QUIET_FOR)

    def _listen_until_it_breaks(self, heard: Callable[[], None]) -> None:
        with self._connect() as redis, redis.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(CHANNEL)
            heard()  # what happened before the subscription was in place
            while not self._over.is_set():
                if subscription.get_message(timeout=TIMEOUT) is not None:
                    heard()


doorbell = Doorbell(settings.REDIS_URL)
