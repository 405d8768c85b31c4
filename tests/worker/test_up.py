"""`manage.py up` for real: it starts everything, keeps it running, and leaves nothing behind (P18, A9, B5)."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.prepared import EMPTY, Kind, prepared
from tests.servers import MusterServer, running_muster
from tests.servers.muster import ROOT, muster_environment
from tests.servers.ports import free_port
from tests.servers.process import LONG, descendants, is_alive, wait_until

GATHERED = Kind("gathered", "from django.core.management import call_command; call_command('gatherstatic', verbosity=0)", EMPTY)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[MusterServer]:
    """The very first start, in an empty directory."""
    with running_muster(home=tmp_path / "var") as server:
        yield server


@pytest.fixture
def up() -> Iterator[MusterServer]:
    """A start in a directory that holds a migrated database and the gathered files, and nothing else yet."""
    with running_muster(contents=prepared(GATHERED).home, environment={"WEB_CONCURRENCY": "1"}) as server:
        wait_until(lambda: len(children(server)) >= 3, what="The start of all children")
        yield server


@pytest.fixture
def broad() -> Iterator[MusterServer]:
    """The same with two web workers, as they are by default."""
    with running_muster(contents=prepared(GATHERED).home) as server:
        wait_until(lambda: len(children(server)) >= 4, what="The start of all children")
        yield server


def children(server: MusterServer) -> list[int]:
    assert server.process is not None
    return descendants(server.process.pid)


def child(server: MusterServer, word: str) -> int:
    """The supervisor's own child whose command holds the word."""
    assert server.process is not None
    for pid in children(server):
        with suppress(OSError):
            status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == server.process.pid and word in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
    raise AssertionError(f"no child runs {word}")


def serves(server: MusterServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/admin/login/", timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def swept_at(server: MusterServer) -> str:
    with closing(sqlite3.connect(server.home / "muster.sqlite3")) as database:
        row = database.execute("SELECT swept_at FROM coordination_sweepmark").fetchone()
    return row[0] if row else ""


def all_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


def test_the_first_start_tells_password_and_address_and_the_second_makes_nothing(first: MusterServer) -> None:
    wait_until(lambda: "is ready" in first.log, what="The message that Muster is ready")
    assert f"Muster is ready at {first.url}" in first.log
    assert first.log.count("with the password") == 1
    config = first.home / "home" / ".config" / "muster" / "config.toml"
    before = config.read_text()
    profile = tomllib.loads(before)
    assert profile["default"] == first.url
    assert profile["profiles"][first.url]["key"].startswith("mst_")
    assert profile["profiles"][first.url]["key"] not in first.log
    assert (config.stat().st_mode & 0o777, config.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    first.restart()
    assert first.log.count("with the password") == 1
    assert config.read_text() == before


def kill_web_server(server: MusterServer) -> float:
    """Kill it and return the seconds until the next answer."""
    os.kill(child(server, "coordination.web"), signal.SIGKILL)
    began = time.monotonic()
    wait_until(lambda: "The web server ended (SIGKILL)" in server.log, what="The end of the web server")
    wait_until(lambda: serves(server), what="The next answer")
    return time.monotonic() - began


def kill_consumer(server: MusterServer) -> float:
    """Kill it and return the seconds until the next sweep."""
    wait_until(lambda: swept_at(server) != "", what="The first sweep")
    os.kill(child(server, "run_huey"), signal.SIGKILL)
    before, began = swept_at(server), time.monotonic()
    wait_until(lambda: swept_at(server) > before, what="The next sweep")
    return time.monotonic() - began


def test_a_killed_web_server_serves_again(up: MusterServer) -> None:
    kill_web_server(up)


def test_a_killed_consumer_sweeps_again(up: MusterServer) -> None:
    kill_consumer(up)
    assert "The job consumer ended (SIGKILL)" in up.log


@pytest.mark.chaos
def test_recovery_keeps_its_bounds(up: MusterServer) -> None:
    """P18, on a machine that has nothing else to do."""
    assert kill_web_server(up) <= 5
    assert kill_consumer(up) <= 15
    began = time.monotonic()
    assert up.terminate() == 0
    assert time.monotonic() - began <= 10


def test_a_killed_web_worker_is_replaced(broad: MusterServer) -> None:
    main = child(broad, "coordination.web")
    victim = next(pid for pid in descendants(main) if "coordination.web" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: serves(broad), what="An answer")
    wait_until(lambda: len([pid for pid in descendants(child(broad, "coordination.web")) if is_alive(pid)]) >= 2, what="The new worker")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything(up: MusterServer, number: signal.Signals) -> None:
    pids = children(up)
    assert up.process is not None
    up.process.send_signal(number)
    assert up.process.wait(timeout=LONG) == 0
    wait_until(lambda: all_gone(pids), what="The end of the children")
    assert "Muster has stopped." in up.log


def test_a_killed_supervisor_leaves_no_orphans(up: MusterServer) -> None:
    pids = children(up)
    assert up.process is not None
    os.kill(up.process.pid, signal.SIGKILL)
    up.process.wait(timeout=LONG)
    wait_until(lambda: all_gone(pids), what="The end of the children")
    up.start()
    wait_until(lambda: serves(up), what="An answer")


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run_up(tmp_path, port=port)
    assert answer.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "muster.sqlite3").exists(), "nothing was begun"


def test_old_code_refuses_a_newer_schema(tmp_path: Path) -> None:
    home = shutil.copytree(prepared(EMPTY).home, tmp_path / "var")
    with closing(sqlite3.connect(home / "muster.sqlite3")) as database, database:
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('coordination', '0999_from_the_future', '2030-01-01')")
    answer = run_up(home)
    assert answer.returncode == 1
    assert "The database is newer than this code: it has coordination.0999_from_the_future" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_new_code_refuses_an_older_schema_when_it_may_not_migrate(tmp_path: Path) -> None:
    answer = run_up(tmp_path, "--no-migrate")
    assert answer.returncode == 1
    assert "The database is older than this code" in answer.stderr


def test_what_the_checks_refuse_is_told_with_its_remedy(tmp_path: Path) -> None:
    answer = run_up(tmp_path, environment={"PUBLIC_URL": "muster.example.org"})
    assert answer.returncode == 1
    assert "muster.E004" in answer.stderr
    assert "https://muster.example.org" in answer.stderr


def test_a_database_that_is_down_is_told_in_a_sentence(tmp_path: Path) -> None:
    answer = run_up(tmp_path, environment={"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"})
    assert answer.returncode == 1
    assert "The database cannot be used" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nodes_that_start_at_once_migrate_and_bootstrap_once(tmp_path: Path, fresh_database_url: str) -> None:
    code = (
        "import django; django.setup(); from worker import startup; startup.bring_schema_up_to_date(may_migrate=True); "
        "print(startup.make_first_things()[0] is not None)"
    )
    environment = muster_environment(tmp_path, database_url=fresh_database_url)
    nodes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [node.communicate(timeout=LONG) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0, 0], answers
    assert sorted(out.strip() for out, _ in answers) == ["False", "False", "True"]


def run_up(home: Path, *arguments: str, port: int = 0, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `up` where it must refuse to start."""
    given = muster_environment(home, port=port or free_port()) | (environment or {})
    command = [sys.executable, "manage.py", "up", *arguments]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=LONG, check=False)
