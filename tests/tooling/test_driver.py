"""`python -m tests`: what it counts, and what it calls a failure."""

from pathlib import Path

import pytest

from tests.__main__ import FEW, NO_TESTS_RAN, SOME_FAILED, Outcome, Run, _read, _redacted, _verdict

REPORT = """<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1">
    <testcase classname="tests.worker.test_a" name="test_one"/>
    <testcase classname="tests.worker.test_a" name="test_two"><failure message="no"/></testcase>
    <testcase classname="tests.worker.test_a" name="test_three"><error message="no"/></testcase>
</testsuite></testsuites>"""
PASSES_ONCE_IT_HAS_FAILED = """
from pathlib import Path

def test_it():
    mark = Path(__file__).with_suffix(".mark")
    failed_before = mark.exists()
    mark.touch()
    assert failed_before
"""


def _run(*outcomes: Outcome) -> Run:
    return Run(chaos=False, second_look=False, arguments=[], outcomes=list(outcomes))


def test_it_counts_what_pytest_reported(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    outcome = _read(tmp_path / "report.xml", Outcome("SQLite", 1, 2.0))
    assert (outcome.passed, outcome.failed, outcome.skipped) == (2, 2, 1)
    assert outcome.names == ["tests.worker.test_a::test_two", "tests.worker.test_a::test_three"]


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


@pytest.mark.parametrize(
    ("text", "second_look", "passed", "failed"),
    [
        (PASSES_ONCE_IT_HAS_FAILED, True, 1, 0),
        (PASSES_ONCE_IT_HAS_FAILED, False, 0, 1),
        ("def test_it():\n    assert False\n", True, 0, 1),
    ],
)
def test_what_passes_only_at_the_second_look_is_named(text: str, second_look: bool, passed: int, failed: int, tmp_path: Path) -> None:
    file = tmp_path / "test_file.py"
    file.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = chaos\n")
    own = ["-n0", f"--config-file={tmp_path / 'pytest.ini'}", "-p", "no:django", str(file)]
    run = Run(chaos=False, second_look=second_look, arguments=own)
    run.on("SQLite", {})
    outcome = run.outcomes[0]
    assert (outcome.passed, outcome.failed, bool(_verdict(run))) == (passed, failed, bool(failed))
    assert ("UNSTEADY" in outcome.line) == bool(passed)


@pytest.mark.parametrize(
    ("code", "names", "deserved"),
    [
        (SOME_FAILED, ["tests.journeys.test_board::test_it"] * FEW, True),
        (SOME_FAILED, ["tests.journeys.test_board::test_it"] * (FEW + 1), False),
        (SOME_FAILED, ["tests.promises.test_p01_claim::test_it"], False),
        (2, ["tests.journeys.test_board::test_it"], False),
    ],
)
def test_neither_many_failures_nor_a_broken_promise_get_a_second_look(code: int, names: list[str], deserved: bool) -> None:
    assert Outcome("SQLite", code, 1, names=names).deserves_second_look is deserved
