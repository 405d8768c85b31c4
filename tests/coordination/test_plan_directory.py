"""Reading a plan's directory: every mistake is told with its file and its setting, before the database is asked anything."""

from collections.abc import Mapping

import pytest

from coordination.errors import Invalid
from coordination.plan_directory import read_plan
from tests.coordination.a_plan import SHOP_MOVE


def _refused(files: Mapping[str, bytes]) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        read_plan(files)
    return refusal.value


@pytest.mark.parametrize(
    ("file", "content", "field", "words"),
    [
        ("phase-01-prepare/task-01-inventory.md", b"---\npriority: high\n---\n", "priority", "whole number from 0 to 100, not 'high'"),
        ("phase-01-prepare/task-01-inventory.md", b"---\npriority: 101\n---\n", "priority", "not 101"),
        ("phase-01-prepare/task-01-inventory.md", b"---\npriority: true\n---\n", "priority", "not True"),
        ("phase-01-prepare/task-01-inventory.md", b"---\npriorty: 5\n---\n", "priorty", "did you mean 'priority'?"),
        ("phase-01-prepare/task-01-inventory.md", b"---\ntier: huge\n---\n", "tier", "light, standard, heavy"),
        ("phase-01-prepare/task-01-inventory.md", b"---\ntitle: 2026-01-01\n---\n", "title", "put quotes round"),
        ("phase-01-prepare/task-01-inventory.md", b"---\nneeds: [freze]\n---\n", "needs", "did you mean 'freeze'?"),
        ("phase-01-prepare/task-01-inventory.md", b"---\nafter: [nobody]\n---\n", "after", "no task with the key 'nobody'"),
        (
            "phase-01-prepare/task-01-inventory.md",
            b"---\nneeds: [{on: freeze, kind: odd}]\n---\n",
            "needs",
            "success, finished, failure",
        ),
        ("phase-01-prepare/task-01-inventory.md", b"---\nneeds: [7]\n---\n", "needs", "Write the key of a task"),
        ("phase-01-prepare/task-01-inventory.md", b"---\nkey: freeze\n---\n", "key", "Two tasks have the key 'freeze'"),
        ("phase-01-prepare/task-01-inventory.md", b"---\ncriteria: [1]\n---\n", "criteria", "Write words, not 1"),
        ("phase-01-prepare/task-01-inventory.md", b"---\n{\n---\n", None, "not valid YAML"),
        ("phase-01-prepare/task-01-inventory.md", b"---\ntier: light\ntier: heavy\n---\n", None, "not valid YAML in line 3"),
        ("phase-01-prepare/task-01-inventory.md", b"---\ntitle: &a x\nkey: *a\n---\n", None, "not valid YAML in line 3"),
        ("phase-01-prepare/task-01-inventory.md", b"---\nkey: x\n", None, "no closing ---"),
        ("phase-01-prepare/task-01-inventory.md", b"- a\xff", None, "not UTF-8"),
        ("phase-02-move/phase.md", b"---\nafter: [prepair]\n---\n", "after", "did you mean 'prepare'?"),
        ("phase-01-prepare/phase.md", b"---\nafter: [move]\n---\n", "after", "does not stand before this one"),
        ("phase-02-move/phase.md", b"---\ngate: open\n---\n", "gate", "auto, approval"),
        ("phase-02-move/phase.md", b"---\nkey: prepare\n---\n", "key", "Two phases have the key 'prepare'"),
        ("plan.md", b"---\nlease_ttl: 3\n---\n", "lease_ttl", "from 10 to 86400"),
        ("phase-01-prepare/taks-03.md", b"# Oh\n", None, "move this"),
        ("phase-01-prepare/context/../x.md", b"# Oh\n", None, "leads out"),
        ("phase-01-prepare/context/CON", b"", None, "device"),
        ("phase-01-prepare/context/Hosts.txt", b"", None, "only in case"),
        ("phase-01-prepare/context/large.bin", b"x" * 1_000_001, None, "1,000,000"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_setting(file: str, content: bytes, field: str | None, words: str) -> None:
    refusal = _refused(SHOP_MOVE | {file: content})
    assert words in refusal.sentence
    assert refusal.sentence.startswith(file.split("/")[0])
    assert refusal.field == field


def test_all_mistakes_are_told_at_once() -> None:
    plan = dict(SHOP_MOVE)
    plan["phase-01-prepare/task-01-inventory.md"] = b"---\npriority: high\ntier: huge\n---\n"
    plan["plan.md"] = b"---\ncolour: red\n---\n"
    refusal = _refused(plan)
    assert [(each["file"], each["field"]) for each in refusal.data["mistakes"]] == [
        ("plan.md", "colour"),
        ("phase-01-prepare/task-01-inventory.md", "priority"),
        ("phase-01-prepare/task-01-inventory.md", "tier"),
    ]
    assert "2 more mistakes" in refusal.sentence


@pytest.mark.parametrize("files", [{}, {"plan.md": b""}, {"phase-one/task-01.md": b"# Oh\n"}])
def test_a_directory_without_phases_is_no_plan(files: dict[str, bytes]) -> None:
    assert "phase-01-build" in _refused(files).sentence
