"""The doorbell through a real Redis: a hint that costs nobody anything when Redis is not well (C1)."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import transaction

from coordination.doorbell import Doorbell
from tests.servers import RedisServer, throwaway_redis
from tests.servers.process import LONG


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with throwaway_redis() as server:
        yield server


@pytest.fixture
def bell(redis: RedisServer) -> Iterator[Doorbell]:
    bell = Doorbell(redis.url)
    yield bell
    bell.stop()


def listening(bell: Doorbell) -> threading.Event:
    """Return what is set at every ring, once the subscription is in place."""
    heard = threading.Event()
    bell.listen(heard.set)
    assert heard.wait(LONG), "it is called once when it begins to listen"
    heard.clear()
    return heard


def test_a_ring_is_heard_by_another_process(bell: Doorbell, redis: RedisServer) -> None:
    heard = listening(bell)
    other = Doorbell(redis.url)
    other.ring()
    assert heard.wait(LONG)
    other.stop()


@pytest.mark.django_db(transaction=True)
def test_it_rings_after_the_commit_and_not_before(bell: Doorbell) -> None:
    heard = listening(bell)
    with transaction.atomic():
        bell.ring_after_commit()
        assert not heard.wait(0.3)
    assert heard.wait(LONG)


@pytest.mark.django_db(transaction=True)
def test_a_rollback_rings_nobody(bell: Doorbell) -> None:
    heard = listening(bell)
    with transaction.atomic():
        bell.ring_after_commit()
        transaction.set_rollback(True)
    assert not heard.wait(0.3)


def test_without_redis_it_is_silent() -> None:
    bell = Doorbell("")
    bell.ring()
    bell.listen(lambda: pytest.fail("nobody rang"))
    assert bell._ringer is None


def test_a_ring_never_waits_for_redis(redis: RedisServer) -> None:
    bell = Doorbell(redis.url)
    assert redis.process is not None
    redis.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(1000):
            bell.ring()
        assert time.monotonic() - began < 30, "each would wait a second"
    finally:
        redis.process.send_signal(signal.SIGCONT)
        bell.stop()


def test_it_listens_again_when_redis_is_back() -> None:
    with throwaway_redis() as redis:
        bell = Doorbell(redis.url)
        heard = listening(bell)
        redis.kill()
        redis.start()
        assert heard.wait(LONG), "the new subscription says so"
        heard.clear()
        bell.ring()
        assert heard.wait(LONG)
        bell.stop()
