"""`make bench`: measure every row, print the table, write bench/results.json. Usage: python -m bench [ROW ...]"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.servers import RedisServer, ServerError, throwaway_postgres, throwaway_redis
from tests.servers.muster import ROOT, muster_environment
from tests.servers.postgres import PostgresServer

ROWS = (
    "claim_complete",
    "claim_complete_operations",
    "race",
    "ready_list",
    "batch_claim",
    "claim_among_many",
    "board",
    "graph",
    "last_blocker",
    "activate_phase",
    "versions",
    "git_clones",
    "idle_agents",
    "agent_commands",
)
RESULTS = Path(__file__).parent / "results.json"
ROW_SECONDS = 240  # a row that takes longer hangs
TEMPLATE = "bench_template"
Line = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], default=[], help="rows to measure; all of them without any")
    chosen = parser.parse_args().rows
    began = time.monotonic()
    try:
        with throwaway_postgres(max_connections=300) as postgres, throwaway_redis() as redis:
            print(f"On {os.cpu_count()} cores, {postgres.description}, {redis.description}.\n", flush=True)
            lines = measure_all(chosen or ROWS, postgres, redis)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 2
    failed = [line["name"] for line in lines if line["met"] is False]
    if not chosen:
        RESULTS.write_text(json.dumps(lines, indent=1) + "\n")
    print(
        f"\n{len(lines)} figures in {time.monotonic() - began:.0f} s"
        + (f"; goals missed: {', '.join(failed)}" if failed else "; every goal met")
    )
    return 0


def measure_all(rows: tuple[str, ...] | list[str], postgres: PostgresServer, redis: RedisServer) -> list[Line]:
    """Measure the rows one after the other, each in a fresh process on a fresh copy of one migrated database."""
    home = postgres.home / "muster"
    migrate(postgres, home)
    print(heading(), flush=True)
    lines: list[Line] = []
    for row in rows:
        found = measure(row, postgres, redis, home / row)
        lines += found
        for line in found:
            print(as_text(line), flush=True)
    return lines


def migrate(postgres: PostgresServer, home: Path) -> None:
    _create(postgres.url, TEMPLATE)
    environment = muster_environment(home, database_url=postgres.database_url(TEMPLATE))
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)


def measure(row: str, postgres: PostgresServer, redis: RedisServer, home: Path) -> list[Line]:
    name = f"bench_{row}"
    _create(postgres.url, name, TEMPLATE)
    home.mkdir(parents=True)
    out = home / "figures.json"
    environment = muster_environment(home, database_url=postgres.database_url(name)) | {
        "BENCH_REDIS_URL": redis.url,
        "LOG_LEVEL": "WARNING",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.measure", row, str(out)], cwd=ROOT, env=environment, check=False, timeout=ROW_SECONDS
    )
    _drop(postgres.url, name)
    if done.returncode != 0:
        raise ServerError(f"The row {row} could not be measured; its traceback stands above.")
    found: list[Line] = json.loads(out.read_text())
    return found


def _create(server_url: str, name: str, template: str = "template0") -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server_url: str, name: str) -> None:
    assert urlsplit(server_url).path != f"/{name}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


WIDTHS = (66, 10, 9, 10, 7, 22, 4)


def heading() -> str:
    return _columns("what", "value", "unit", "baseline", "ratio", "goal", "met")


def as_text(line: Line) -> str:
    met = {True: "yes", False: "NO", None: ""}[line["met"]]
    return _columns(
        line["name"], _number(line["value"]), line["unit"], _number(line["baseline"]), _number(line["ratio"]), line["goal"], met
    )


def _columns(*cells: str) -> str:
    left = {0, 2, 5, 6}
    padded = (
        cell.ljust(width) if place in left else cell.rjust(width) for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return " ".join(padded).rstrip()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
