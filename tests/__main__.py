"""`make test`: the whole suite on SQLite, then what touches the database again on PostgreSQL, with one summary at the end.

Usage: python -m tests [--db sqlite|postgres] [--chaos] [--second-look] [anything that pytest takes]
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import ServerError, throwaway_postgres
from tests.servers import redis as redis_server
from tests.servers.muster import ROOT

SOME_FAILED, NO_TESTS_RAN = 1, 5  # pytest's exit codes; `-k` may well bring about the second on one of the two databases
FEW = 3  # failures that a starved machine may be blamed for


@dataclass
class Outcome:
    """What pytest did on one database."""

    database: str
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: list[str] = field(default_factory=list)
    """The tests that failed."""
    unsteady: list[str] = field(default_factory=list)
    """The tests that failed at first and passed alone."""

    @property
    def line(self) -> str:
        counts = f"  {self.database}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped in {self.seconds:.0f} s"
        return "\n".join([counts, *(f"    UNSTEADY, passed only at the second look: {name}" for name in self.unsteady)])

    @property
    def deserves_second_look(self) -> bool:
        """A race that is lost once is lost: what proves a promise gets no second chance."""
        return self.code == SOME_FAILED and len(self.names) <= FEW and not any(name.startswith("tests.promises") for name in self.names)

    def look_again(self, alone: "Outcome") -> None:
        """Believe what the failed tests did alone, if all of them passed."""
        self.seconds += alone.seconds
        if alone.code == 0 and alone.passed == len(self.names):
            self.passed += alone.passed
            self.code, self.failed, self.unsteady = 0, 0, self.names


@dataclass
class Run:
    chaos: bool
    second_look: bool
    arguments: list[str]
    outcomes: list[Outcome] = field(default_factory=list)

    def on(self, database: str, environment: dict[str, str], *selection: str) -> None:
        """Run pytest in a process of its own and note what came of it."""
        print(f"\n== {database}", flush=True)
        outcome = self._pytest(database, environment, *self._processes(), *selection)
        if self.second_look and outcome.deserves_second_look:
            print(f"\n== {database}, a second look at what failed", flush=True)
            outcome.look_again(self._pytest(database, environment, "-n0", "--last-failed", "--last-failed-no-failures=none", *selection))
        self.outcomes.append(outcome)

    def _pytest(self, database: str, environment: dict[str, str], *selection: str) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="muster-report-") as directory:
            report = Path(directory) / "report.xml"
            command = [sys.executable, "-m", "pytest", "-m", "chaos" if self.chaos else "not chaos", f"--junit-xml={report}"]
            began = time.monotonic()
            own = {"MUSTER_TEST_HOME": str(Path(directory) / "home")}
            # Hundreds of processes are started: each would compile all of Muster again where nothing that is compiled is kept.
            own["PYTHONDONTWRITEBYTECODE"] = ""
            code = subprocess.run(
                [*command, *selection, *self.arguments], cwd=ROOT, env=os.environ | environment | own, check=False
            ).returncode
            return _read(report, Outcome(database, code, time.monotonic() - began))

    def _processes(self) -> list[str]:
        # Chaos runs measure recovery times, so they have the machine to themselves.
        named = any(argument.startswith(("-n", "--numprocesses")) for argument in self.arguments)
        # More than there are cores: much of a test's time goes to waiting for servers to start. conftest.py puts them in order.
        return [] if named or self.chaos else ["-n", str(min(4, (os.cpu_count() or 1) + 2)), "--dist=loadfile", "--no-loadscope-reorder"]


def _read(report: Path, outcome: Outcome) -> Outcome:
    if report.exists():
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            outcome.failed += count["failures"] + count["errors"]
            outcome.skipped += count["skipped"]
            outcome.passed += count["tests"] - count["failures"] - count["errors"] - count["skipped"]
            outcome.names += [
                f"{case.get('classname')}::{case.get('name')}"
                for case in suite.iter("testcase")
                if case.find("failure") is not None or case.find("error") is not None
            ]
    return outcome


def _redacted(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or 'default port'}{parts.path}"


def _redis_description() -> str:
    if named := os.environ.get("TEST_REDIS_URL"):
        return f"Redis at {_redacted(named)} (TEST_REDIS_URL)"
    binary = redis_server.find_binary()
    return f"{binary.version} ({binary.source} binary)"


def _run(options: argparse.Namespace, run: Run) -> list[str]:
    """Run what was asked for and return a description of each server that was used."""
    with contextlib.ExitStack() as stack:
        redis = _redis_description()
        if named := os.environ.get("TEST_DATABASE_URL"):
            url, postgres = named, f"PostgreSQL at {_redacted(named)} (TEST_DATABASE_URL)"
        else:
            server = stack.enter_context(throwaway_postgres(fsync=options.chaos))
            url, postgres = server.url, server.description
        print(f"Testing on {postgres} and {redis}", flush=True)
        everywhere = {"TEST_DATABASE_URL": url}
        if options.db != "postgres":
            run.on("SQLite", everywhere | {"DATABASE_URL": ""})
        if options.db != "sqlite":
            run.on("PostgreSQL", everywhere | {"DATABASE_URL": url}, "--only-database")
    return [postgres, redis]


def _verdict(run: Run) -> str:
    """Return why the run as a whole failed, or nothing."""
    if any(outcome.code not in (0, NO_TESTS_RAN) for outcome in run.outcomes):
        return "There are failures."
    if any(outcome.skipped for outcome in run.outcomes):
        return "A skipped test is a promise that nobody checked: make it run or remove it."
    if not any(outcome.passed for outcome in run.outcomes):
        return "No test ran."
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__, allow_abbrev=False)
    parser.add_argument("--db", choices=["sqlite", "postgres"], help="only this database")
    parser.add_argument("--chaos", action="store_true", help="the long fault-injection runs, and nothing else")
    parser.add_argument(
        "--second-look", action="store_true", help=f"run up to {FEW} failures again, alone, and name those that pass then (no promises)"
    )
    options, arguments = parser.parse_known_args()
    run = Run(options.chaos, options.second_look, arguments)
    # As an exception, so that pytest is ended and the servers are stopped before this process is gone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        servers = _run(options, run)
    except ServerError as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    print("\n== Summary\nServers: " + "; ".join(["SQLite", *servers]))
    for outcome in run.outcomes:
        print(outcome.line)
    if problem := _verdict(run):
        print(problem)
    print(f"tests: {sum(o.passed for o in run.outcomes)} passed, {sum(o.failed for o in run.outcomes)} failed")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
