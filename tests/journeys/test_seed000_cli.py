"""Every command line that seed 000 shows for `tqc`, as it stands there, on a machine with nothing but its two variables and a key."""

import sys
from pathlib import Path

import pytest

from tests.journeys.machines import Engine, Machine

LINES = """\
tqc add "Triage urgent email from Sarah" --kind email --priority 20 --tier standard
tqc list --status queued
tqc list --agent jared --status running
tqc claim 42
tqc update 42 --status running
tqc complete 42 --result "Email draft saved to drafts/"
tqc heartbeat --agent jared
"""
TQC = f'tqc() {{ "{sys.executable}" -m tqc "$@"; }}\n'


@pytest.fixture
def jared(engine: Engine, tmp_path: Path) -> Machine:
    return Machine(tmp_path, more={"TASK_API_URL": engine.url, "TASK_API_KEY": engine.keys["coordinator"], "AGENT_ID": "jared"})


def tasks(engine: Engine, count: int) -> None:
    """Make sure that the tasks up to this number exist."""
    with engine.client() as muster:
        have = len(muster.tasks(limit=200)["items"])
        muster.add_tasks("shop", [{"title": f"Task {number}", "priority": 80} for number in range(have + 1, count + 1)])


def test_every_command_line_of_the_document_works(engine: Engine, jared: Machine) -> None:
    tasks(engine, 42)
    said = {}
    for line in LINES.splitlines():
        said[line.split()[1]] = answer = jared.run(f"{TQC}{line}")
        assert answer.code == 0, f"{line}\n{answer.out}{answer.err}"
    assert "Added #43 Triage urgent email from Sarah, queued." in said["add"].out
    assert "Claimed #42 Task 42" in said["claim"].out
    assert said["update"].out == "#42 is running.\n"
    assert said["complete"].out == "#42 is done.\n"
    assert said["heartbeat"].out == "jared is alive and holds nothing.\n"
    task = jared.json("show", "42")
    assert (task["state"], task["result"]) == ("done", "Email draft saved to drafts/")
    assert task["attempts"][0]["agent"] == "jared"
    new = jared.json("show", "43")
    assert (new["kind"], new["priority"], new["tier"], new["band"]) == ("email", 20, "standard", "critical")


def test_a_running_task_is_listed_under_its_agent(engine: Engine, jared: Machine) -> None:
    number = jared.json("add", "Watch the build")["id"]
    jared.json("claim", str(number))
    jared.json("update", str(number), "--status", "running")
    listed = jared.json("list", "--agent", "jared", "--status", "running")["items"]
    assert [task["id"] for task in listed] == [number]
    assert f"#{number}" in jared.tqc("heartbeat", "--agent", "jared").out
    assert jared.tqc("release", str(number), "--reason", "Lunch").code == 0


def test_another_agent_hears_who_holds_the_task_and_does_not_get_it(engine: Engine, jared: Machine, tmp_path: Path) -> None:
    number = str(jared.json("add", "Only one of us")["id"])
    jared.json("claim", number)
    jean = Machine(tmp_path / "jean", more={**jared.more, "AGENT_ID": "jean"})
    said = jean.tqc("claim", number)
    assert said.code == 4
    assert "held by jared" in said.err
    stranger = jean.tqc("complete", number, "--result", "Mine!")
    assert stranger.code == 4
    assert f"tqc claim {number}" in stranger.err
    again = jared.tqc("claim", number)
    assert (again.code, again.out) == (0, f"You hold #{number} already.\n")


@pytest.mark.parametrize(
    ("line", "code"),
    [("list --status nonsense", 2), ("complete 4096", 4), ("show 999999", 4), ("claim x", 2), ("frobnicate", 2), ("claimm 4", 2)],
)
def test_a_mistake_has_an_exit_code_and_says_what_to_do(engine: Engine, jared: Machine, line: str, code: int) -> None:
    said = jared.tqc(*line.split())
    assert said.code == code
    assert said.err.startswith("tqc: ")


def test_without_a_key_it_says_how_to_get_one(engine: Engine, tmp_path: Path) -> None:
    said = Machine(tmp_path, more={"TASK_API_URL": engine.url, "AGENT_ID": "jared"}).tqc("list")
    assert said.code == 5
    assert f"tqc init {engine.url}" in said.err


def test_the_lease_file_is_for_its_owner_alone(engine: Engine, jared: Machine) -> None:
    jared.json("claim", str(jared.json("add", "Secret")["id"]))
    assert (jared.state / "leases.json").stat().st_mode & 0o777 == 0o600
    assert jared.state.stat().st_mode & 0o777 == 0o700
