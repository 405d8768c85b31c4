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
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

BEAT = 5  # seconds; Huey's own scheduler looks at the timetable once a minute
STORAGES = {"redis": RedisStorage, "postgres": PostgresStorage, "sqlite": SqliteStorage}
BROKER_DOWN = (RedisError, psycopg.Error, sqlite3.Error, OSError)


class Timekeeper(Scheduler):
    """Puts the jobs of the timetable into the queue, or runs them itself while the queue cannot be reached.

    Leases must expire on time whatever happens to Redis; the work list is in the database.
    """

    periodic_task_seconds = BEAT

    def enqueue_periodic_tasks(self, now: datetime | None) -> None:
        for job in self.huey.read_periodic(now):
            try:
                self.huey.enqueue(job)
            except BROKER_DOWN as error:
                log.warning("The job queue cannot be reached (%s); running %s without it.", error.__class__.__name__, job.name)
                threading.Thread(target=_run, args=(job,), name=f"without-queue-{job.name}", daemon=True).start()


def _run(job: Any) -> None:
    try:
        job.execute()
    except Exception:  # as a worker thread does: one failed job must not end the others
        log.exception("Job %s failed.", job.name)


class JobConsumer(Consumer):
    scheduler_class = Timekeeper


class JobQueue(Huey):
    """Huey on one of three storages; a message that somebody else wrote into them is refused (G18)."""

    def __init__(self, name: str, *, storage: str, secret: str, **options: Any) -> None:
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
