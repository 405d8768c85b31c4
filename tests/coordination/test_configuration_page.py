"""docs/configuration.md and docs/operations.md say what the code does."""

import ast
import re
from pathlib import Path

from worker.timetable import TIMETABLE

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("coordination", "webui", "worker")
ROW = re.compile(r"^\| `([A-Z][A-Z_]+)` \| (.*?) \|", re.MULTILINE)


def names_read() -> dict[str, str | None]:
    """Every environment variable the server reads through coordination.environment, with its default where it is a constant."""
    found: dict[str, str | None] = {}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("env_") and node.args:
                    name = node.args[0]
                    if isinstance(name, ast.Constant) and isinstance(name.value, str):
                        default = node.args[1] if len(node.args) > 1 else None
                        found[name.value] = str(default.value) if isinstance(default, ast.Constant) else None
    return found


def rows_of_the_page() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs/configuration.md").read_text(encoding="utf-8")))


def test_every_variable_is_on_the_page_and_no_other() -> None:
    assert set(rows_of_the_page()) == set(names_read())


def test_the_defaults_on_the_page_are_the_real_ones() -> None:
    page = rows_of_the_page()
    wrong = {name: default for name, default in names_read().items() if default and page[name].strip("`").lower() != default.lower()}
    assert not wrong


def test_every_job_of_the_timetable_is_on_the_operations_page() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\w+) \| (every (\d+) s|hourly|nightly) \|", page, re.MULTILINE)
    when = {row.name: "nightly" if row.nightly else "hourly" if row.every == 3600 else f"every {row.every} s" for row in TIMETABLE}
    assert {name: word for name, word, _ in listed} == when
