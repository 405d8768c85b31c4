"""`python -m tests`: what it counts, and what it calls a failure."""

from pathlib import Path

import pytest

from tests.__main__ import NO_TESTS_RAN, Outcome, Run, _read, _redacted, _verdict

REPORT = '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1" /></testsuites>'


def _run(*outcomes: Outcome) -> Run:
    return Run(chaos=False, arguments=[], outcomes=list(outcomes))


def test_it_counts_what_pytest_reported(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    outcome = _read(tmp_path / "report.xml", Outcome("SQLite", 1, 2.0))
    assert (outcome.passed, outcome.failed, outcome.skipped) == (2, 2, 1)


@pytest.mark.parametrize(
    ("outcomes", "problem"),
    [
        ([Outcome("SQLite", 0, 1, passed=3), Outcome("PostgreSQL", 0, 1, passed=1)], ""),
        ([Outcome("SQLite", 0, 1, passed=3), Outcome("PostgreSQL", NO_TESTS_RAN, 1)], ""),
        ([Outcome("SQLite", 0, 1, passed=3), Outcome("PostgreSQL", 1, 1, passed=1, failed=1)], "failures"),
        ([Outcome("SQLite", 0, 1, passed=3, skipped=1)], "skipped"),
        ([Outcome("SQLite", NO_TESTS_RAN, 1), Outcome("PostgreSQL", NO_TESTS_RAN, 1)], "No test ran"),
        ([Outcome("SQLite", 3, 1)], "failures"),
    ],
)
def test_it_fails_on_failures_skips_and_nothing(outcomes: list[Outcome], problem: str) -> None:
    verdict = _verdict(_run(*outcomes))
    assert problem in verdict
    assert bool(verdict) == bool(problem)


def test_it_never_prints_a_password() -> None:
    assert _redacted("postgres://ada:secret@db.example:5432/muster") == "postgres://db.example:5432/muster"
