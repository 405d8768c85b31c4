"""What a test's database is: real, private to the run, shared by threads and by processes."""

import os
import threading
import uuid

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from coordination.models import User


@pytest.mark.django_db(transaction=True)
def test_threads_share_the_test_database() -> None:
    User.objects.create(username="ada")
    seen: list[str] = []

    def look() -> None:
        try:
            seen.extend(User.objects.values_list("username", flat=True))
        finally:
            connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["ada"]


@pytest.mark.django_db
def test_it_is_not_the_database_that_the_settings_name() -> None:
    name = str(connection.settings_dict["NAME"])
    if settings.ON_POSTGRES:
        assert name.startswith("test_")
    else:
        assert name.startswith(os.environ["MUSTER_TEST_HOME"])
    assert str(settings.MUSTER_HOME).startswith(os.environ["MUSTER_TEST_HOME"])
    assert str(settings.REPO_ROOT).startswith(os.environ["MUSTER_TEST_HOME"])


def test_a_fresh_database_is_empty_and_of_the_kind_of_the_run(fresh_database_url: str) -> None:
    if not settings.ON_POSTGRES:
        assert fresh_database_url.startswith("sqlite:///")
        return
    with psycopg.connect(fresh_database_url) as one:
        assert one.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_postgres_can_be_had_whatever_the_run_is_about(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as one:
        assert one.info.server_version >= 150000


def test_a_redis_can_be_had(redis_url: str) -> None:
    key = f"tooling-{uuid.uuid4().hex}"
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.set(key, "here", ex=60)
        assert client.get(key) == "here"
