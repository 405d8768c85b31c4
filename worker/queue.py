"""Huey as Muster uses it: signed messages, a beat of five seconds, and jobs that run even while the broker is down."""

import logging
import sqlite3
import threading
from datetime import datetime
from typing import Any

import psycopg
from huey import Huey
from huey.consumer import Consumer, Scheduler
from huey.serializer import SignedSerializer
from huey.storage import BaseSqlStorage, PostgresStorage, RedisStorage, SqliteStorage
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger("huey.worker")

BEAT = 5  # seconds; Huey's own scheduler looks at the timetable once a minute
STORAGES = {"redis": RedisStorage, "postgres": PostgresStorage, "sqlite": SqliteStorage}
BROKER_DOWN = (RedisError, psycopg.Error, sqlite3.Error, OSError)


class Timekeeper(Scheduler):
    """Puts the jobs of the timetable into the queue, or runs them itself while the queue cannot be reached.

    Leases must expire on time whatever happens to Redis; the work list is in the database.
    """

    periodic_task_seconds = BEAT

    def enqueue_periodic_tasks(self, now: datetime | None) -> None:
        is_down = False
        for job in self.huey.read_periodic(now):
            try:
                if not is_down:
                    self.huey.enqueue(job)
            except BROKER_DOWN as error:
                is_down = True  # until the next beat: each further try would cost a timeout
                log.warning("The job queue cannot be reached; running what is due without it.", exc_info=error)
            if is_down:
                threading.Thread(target=_run, args=(job,), name=f"without-queue-{job.name}", daemon=True).start()


def _run(job: Any) -> None:
    try:
        job.execute()
    except Exception:  # as a worker thread does: one failed job must not end the others
        log.exception("Job %s failed.", job.name)


def _pool(url: str) -> ConnectionPool:
    """Return connections that give up on a Redis that hangs; what the address itself says about timeouts wins."""
    # A consumer's blocking read takes a second by itself.
    return ConnectionPool.from_url(url, socket_timeout=3, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


class JobConsumer(Consumer):
    scheduler_class = Timekeeper


class JobQueue(Huey):
    """Huey on one of three storages; a message that somebody else wrote into them is refused (G18)."""

    def __init__(self, name: str, *, storage: str, secret: str, **options: Any) -> None:
        if storage == "redis":
            options["connection_pool"] = _pool(options.pop("url"))
        super().__init__(name, storage_class=STORAGES[storage], serializer=SignedSerializer(secret, salt="muster.jobs"), **options)

    def create_consumer(self, **options: Any) -> JobConsumer:
        self.make_tables()
        return JobConsumer(self, **options)

    def make_tables(self) -> None:
        """Make the storage's tables. Not when it is opened: the web process must start without a reachable queue."""
        if isinstance(self.storage, BaseSqlStorage):
            try:
                self.storage.initialize_schema()
            except psycopg.errors.UniqueViolation:
                self.storage.initialize_schema()  # another consumer made them at this moment
