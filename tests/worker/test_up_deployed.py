"""`manage.py up` over PostgreSQL and Redis, which die and come back (B4, C1)."""

import urllib.error
import urllib.request
from pathlib import Path

import psycopg

from tests.servers import MusterServer, running_muster, throwaway_postgres, throwaway_redis
from tests.servers.process import wait_until


def is_ready(server: MusterServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def swept_at(database_url: str) -> float:
    try:
        with psycopg.connect(database_url, connect_timeout=20) as database:
            row = database.execute("SELECT extract(epoch FROM swept_at) FROM coordination_sweepmark").fetchone()
    except psycopg.Error:
        return 0.0
    return float(row[0]) if row else 0.0


def sweeps_again(database_url: str, what: str) -> None:
    before = swept_at(database_url)
    wait_until(lambda: swept_at(database_url) > before, what=what)


def test_it_goes_on_after_postgres_was_killed_and_while_redis_is_gone(tmp_path: Path) -> None:
    with (
        throwaway_postgres() as postgres,
        throwaway_redis() as redis,
        running_muster(database_url=postgres.url, redis_url=redis.url, home=tmp_path / "var") as server,
    ):
        sweeps_again(postgres.url, "A sweep")
        postgres.kill()
        assert not is_ready(server)
        postgres.start()
        wait_until(lambda: is_ready(server), what="Readiness after PostgreSQL came back")
        sweeps_again(postgres.url, "A sweep after PostgreSQL came back")
        redis.kill()
        sweeps_again(postgres.url, "A sweep without Redis")
        wait_until(lambda: is_ready(server), what="Readiness without Redis")
        assert server.terminate() == 0
        assert server.log.count("with the password") == 1
        assert "ended (" not in server.log, "no child had to be started again"
