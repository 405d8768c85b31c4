"""Briefs laid out as files: nothing leaves the directory, nothing is obeyed."""

from pathlib import Path
from typing import Any

import pytest

from tqc.errors import TqcError
from tqc.output import clean
from tqc.work.attempt import redacted
from tqc.work.layout import lay_out
from tqc.work.results import read_result, report_of_code

BRIEF: dict[str, Any] = {"task": 7, "instructions": "Go.", "context": [], "results": []}


def context(*names: str) -> Any:
    return {**BRIEF, "context": [{"name": name, "source": "", "text": "x", "base64": None, "problem": ""} for name in names]}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("context/notes.md", "context/notes.md"),
        ("../../etc/passwd", "context/etc/passwd"),
        ("/etc/passwd", "context/etc/passwd"),
        ("..", "context/unnamed"),
        (".mcp.json", "context/_.mcp.json"),
        ("a/.git/config", "context/a/_.git/config"),
        ("CLAUDE.md", "context/_CLAUDE.md"),
        ("sub/Agents.MD", "context/sub/_Agents.MD"),
        ("Makefile", "context/_Makefile"),
        ("a\\b", "context/a/b"),
        ("task:41/result", "context/task/41/result"),
        ("tab\tname", "context/tab_name"),
        ("x" * 300, f"context/{'x' * 200}"),
    ],
)
def test_a_name_is_made_harmless(tmp_path: Path, name: str, path: str) -> None:
    written = lay_out(tmp_path, context(name), "# Task")
    assert written == ["brief.md", "brief.json", "instructions.md", path]
    assert (tmp_path / path).read_text() == "x"


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in" / "context").mkdir(parents=True)
    (tmp_path / "in" / "context" / "a").symlink_to(tmp_path / "out")
    with pytest.raises(TqcError, match="leads out"):
        lay_out(tmp_path / "in", context("a"), "")
    assert not (tmp_path / "out").exists()


def test_what_could_steer_a_terminal_is_left_out() -> None:
    assert clean("a\x1b[31mb\u202ec\x07\u0085d\te\n") == "a[31mbcd\te\n"


def test_keys_and_tokens_are_redacted() -> None:
    assert redacted("key mst_0123ab_deadbeef and mlt_7_1_cafe.") == "key mst_… and mlt_…."


def test_a_result_may_be_text_or_json_and_kept_files_come_along(tmp_path: Path) -> None:
    result, keep = tmp_path / "result", tmp_path / "keep"
    keep.mkdir()
    assert read_result(result, keep) == {}
    result.write_text("All well.\n")
    assert read_result(result, keep) == {"result": "All well."}
    result.write_text('{"result": "R", "data": {"rows": 2}}')
    (keep / "a.bin").write_bytes(b"\xff")
    (keep / "link").symlink_to("/etc/passwd")
    assert read_result(result, keep) == {"result": "R", "data": {"rows": 2, "files": {"a.bin": {"base64": "/w=="}}}}


@pytest.mark.parametrize(
    ("code", "result", "verb", "part"),
    [
        (0, {}, "complete", {"result": "last"}),
        (0, {"result": "R", "cost_usd": 0.5}, "complete", {"result": "R", "cost_usd": 0.5}),
        (1, {}, "fail", {"retryable": True}),
        (65, {}, "fail", {"retryable": False}),
        (69, {}, "release", {"reason": "last"}),
        (0, {"outcome": "fail", "error": "E", "retryable": False}, "fail", {"error": "E", "retryable": False}),
        (0, {"outcome": "ask", "question": "Q?"}, "ask", {"text": "Q?"}),
        (1, {"outcome": "complete", "result": "R"}, "complete", {"result": "R"}),
    ],
)
def test_exit_codes_and_outcomes_become_reports(code: int, result: dict[str, Any], verb: str, part: dict[str, Any]) -> None:
    said, body = report_of_code(code, result, ["first", "last", ""])
    assert said == verb
    assert part.items() <= body.items()
