"""Log lines of the job consumer while a server is down: one now and then, instead of a traceback a second."""

import logging
import sqlite3
import time

import psycopg
from django.db.utils import InterfaceError, OperationalError
from redis.exceptions import RedisError

OUTAGES = (RedisError, psycopg.OperationalError, sqlite3.OperationalError, OperationalError, InterfaceError)
EVERY = 30.0  # seconds


class Outages(logging.Filter):
    """Shortens what tells of a database or a Redis that cannot be reached, and passes every other record as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, OUTAGES):
            return True
        kind, moment = type(error).__name__, time.monotonic()
        if moment - self._told.get(kind, float("-inf")) < EVERY:
            return False
        self._told[kind] = moment
        record.msg, record.args = f"{record.getMessage()} {kind}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}", None
        record.exc_info = record.exc_text = None
        return True
