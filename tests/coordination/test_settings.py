"""The settings as a process reads them: each kind of database and job storage opens, each wrong value is a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.muster import ROOT, muster_environment

OPEN_THE_JOBS = (
    "import django; django.setup(); from huey.contrib.djhuey import HUEY; "
    "HUEY.make_tables(); print(type(HUEY.storage).__name__, HUEY.pending_count())"
)


def _python(program: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_jobs_are_kept_in_a_file_without_any_server(tmp_path: Path) -> None:
    answer = _python(OPEN_THE_JOBS, muster_environment(tmp_path))
    assert answer.stdout.strip() == "SqliteStorage 0", answer.stderr


def test_jobs_are_kept_in_postgres_if_that_is_the_database(tmp_path: Path, postgres_url: str) -> None:
    answer = _python(OPEN_THE_JOBS, muster_environment(tmp_path, database_url=postgres_url))
    assert answer.stdout.startswith("PostgresStorage "), answer.stderr


@pytest.mark.parametrize("query", ["", "?socket_timeout=3"])
def test_jobs_are_kept_in_redis_if_there_is_one(tmp_path: Path, redis_url: str, query: str) -> None:
    answer = _python(OPEN_THE_JOBS, muster_environment(tmp_path, redis_url=redis_url + query))
    assert answer.stdout.startswith("RedisStorage "), answer.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://root@localhost/muster", "DATABASE_URL must name PostgreSQL"),
        ("DATABASE_POOL", "many", "DATABASE_POOL is 'many'; write a whole number."),
        ("SECRET_KEY", "short", "SECRET_KEY is shorter than 32 characters"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud'; write DEBUG, INFO, WARNING or ERROR."),
        ("NIGHT_HOUR", "24", "NIGHT_HOUR is 24; write an hour from 0 to 23."),
        ("JOB_THREADS", "1", "JOB_THREADS is 1; the smallest that works is 3."),
        ("DEBUG", "perhaps", "DEBUG is 'perhaps'; write true or false."),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    database = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"} if name == "DATABASE_POOL" else {}
    answer = _python("import coordination.settings", muster_environment(tmp_path) | database | {name: value})
    assert answer.returncode == 1
    assert sentence in answer.stderr
