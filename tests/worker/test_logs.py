import logging

import pytest
from redis.exceptions import ConnectionError as RedisDown

from worker.logs import Outages


def record_of(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("huey", logging.ERROR, __file__, 1, "Error reading %s.", ("queue",), (type(error), error, None))


def test_an_outage_is_one_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("worker.logs.time.monotonic", lambda: clock[0])
    outages = Outages()
    told = record_of(RedisDown("Error 111 connecting.\nMore."))
    assert outages.filter(told)
    assert told.getMessage() == "Error reading queue. ConnectionError: Error 111 connecting."
    assert told.exc_info is None
    assert not outages.filter(record_of(RedisDown("again")))
    clock[0] += 31
    assert outages.filter(record_of(RedisDown("still")))


def test_every_other_error_keeps_its_traceback() -> None:
    outages = Outages()
    for _ in range(2):
        record = record_of(KeyError("x"))
        assert outages.filter(record)
        assert record.exc_info
