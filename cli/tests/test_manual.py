"""The commands and their pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tqc import registry
from tqc.config import NAMES
from tqc.main import main
from tqc.manual import manual
from tqc.parsing import parse, parser_of

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES_OF_COMMANDS = [entry.name for entry in registry.entries()]


@pytest.mark.parametrize("name", NAMES_OF_COMMANDS)
def test_every_command_has_a_page(name: str) -> None:
    command = registry.find(name)
    assert command is not None
    entry = next(each for each in registry.entries() if each.name == name)
    assert command.summary == entry.summary
    page = parser_of(command).format_help()
    assert page.startswith(f"usage: tqc {name}")
    assert max(len(line) for line in page.splitlines()) <= 140


def test_every_example_is_a_line_that_its_command_understands() -> None:
    import shlex

    for name in NAMES_OF_COMMANDS:
        command = registry.find(name)
        assert command is not None
        for line, _ in command.examples:
            words = shlex.split(line.partition(" < ")[0].partition(" > ")[0].removesuffix("&"))
            if words[0] == "tqc":
                parse(command, words[2:])


def test_the_document_says_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "tqc.md").read_text(encoding="utf-8") == manual(), "Run: PYTHONPATH=cli python -m tqc.manual > docs/tqc.md"


def test_the_overview_lists_every_command_and_imports_none_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(r"^  ([a-z]+)  +", capsys.readouterr().out, re.MULTILINE)
    assert set(NAMES_OF_COMMANDS) <= set(listed)
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys; from tqc.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "cli",
    ).stderr.split()
    assert not {"argparse", "json", "http.client", "httpx2", "ssl", "asyncio"} & set(loaded)
    assert not [module for module in loaded if module.startswith("tqc.commands")]


def test_the_page_names_every_variable() -> None:
    page = manual()
    assert all(variable in page for variables in NAMES.values() for variable in variables)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_its_flags(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in NAMES_OF_COMMANDS)
    assert "max-idle" in script


def test_bash_reads_its_completion() -> None:
    script = "source <(python3 -m tqc completion bash); COMP_WORDS=(tqc wor); COMP_CWORD=1; _tqc; echo ${COMPREPLY[*]}"
    script = script.replace("python3", sys.executable)
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT / "cli")
    assert answer.stdout == "work\n", answer.stderr
