"""Every command line that seed 004 shows for its client, as it stands there, under both of its names."""

import sys
from pathlib import Path

import pytest

from tests.journeys.machines import CLI, Engine, Machine

TABLE = """\
python claude-task-client.py check
python claude-task-client.py list
python claude-task-client.py next
python claude-task-client.py claim 5
python claude-task-client.py complete 5
python claude-task-client.py add "description"
python claude-task-client.py status
"""
WORKFLOW = """\
python claude-task-client.py check
python claude-task-client.py claim 6
python claude-task-client.py complete 6 -n "Deployed Prometheus stack"
"""
QUICK_START = """\
python claude-task-client.py check
python claude-task-client.py claim 1
python claude-task-client.py complete 1 -n "Task completed successfully"
"""
PYTHON = f'python() {{ "{sys.executable}" "$@"; }}\n'


@pytest.fixture(scope="module")
def macbook(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(
        tmp_path_factory.mktemp("macbook"),
        more={
            "ATHENA_API_URL": engine.url,
            "ATHENA_API_KEY": engine.keys["coordinator"],
            "CLAUDE_INSTANCE": "macbook-pro",
            "CLAUDE_INSTANCE_NAME": "MacBook Pro - Claude Code",
        },
    )
    titles = [*(f"Task {number}" for number in range(1, 5)), "Deploy new monitoring stack", "Task 6"]
    with engine.client() as muster:
        muster.add_tasks("shop", [{"title": title, "priority": 80} for title in titles])
    return machine


@pytest.mark.parametrize("document", [TABLE, WORKFLOW, QUICK_START], ids=["table", "workflow", "quick start"])
def test_every_command_line_of_the_document_works(macbook: Machine, document: str) -> None:
    for line in document.splitlines():
        said = macbook.run(PYTHON + line, cwd=CLI)
        assert said.code == 0, f"{line}\n{said.out}{said.err}"


def test_the_check_names_the_next_task(macbook: Machine) -> None:
    number = macbook.json("add", "Deploy new service", "--priority", "0")["id"]
    out = macbook.run(PYTHON + "python claude-task-client.py check", cwd=CLI).out
    assert f"task(s) pending - Next: #{number} Deploy new service" in out


def test_the_notes_are_the_result_and_the_instance_is_known_by_its_name(macbook: Machine) -> None:
    number = str(macbook.json("add", "Write notes")["id"])
    macbook.json("claim", number)
    said = macbook.tqc("complete", number, "-n", "Task completed successfully")
    assert said.code == 0
    assert macbook.json("show", number)["result"] == "Task completed successfully"
    agents = {agent["name"]: agent["display_name"] for agent in macbook.json("agents")["items"]}
    assert agents["macbook-pro"] == "MacBook Pro - Claude Code"


def test_two_instances_never_hold_the_same_task(macbook: Machine, tmp_path: Path) -> None:
    number = str(macbook.json("add", "Locked")["id"])
    macbook.json("claim", number)
    windows = Machine(tmp_path, more={**macbook.more, "CLAUDE_INSTANCE": "windows-pc", "CLAUDE_INSTANCE_NAME": "Windows PC"})
    assert windows.tqc("claim", number).code == 4


def test_a_task_added_by_this_name_needs_no_heartbeats(macbook: Machine) -> None:
    said = macbook.run(PYTHON + 'python claude-task-client.py add "By hand" --json', cwd=CLI)
    assert said.data["lease_mode"] == "manual"
    claim = macbook.json("claim", str(said.data["id"]))
    assert claim["task"]["lease"]["mode"] == "manual"
