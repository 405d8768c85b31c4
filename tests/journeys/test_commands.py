"""The other commands of `tqc`, in the order in which people and agents meet them, against a live server."""

import json
import sys
import threading
from pathlib import Path

import pytest

from tests.journeys.machines import Engine, Machine
from tests.servers.process import wait_until


@pytest.fixture
def pat(engine: Engine, tmp_path: Path) -> Machine:
    """A planner's machine."""
    return Machine(tmp_path / "pat", url=engine.url, key=engine.keys["coordinator"], agent="pats-agent")


@pytest.fixture
def ada(engine: Engine, tmp_path: Path) -> Machine:
    """An admin's machine."""
    return Machine(tmp_path / "ada", url=engine.url, key=engine.keys["admin"])


@pytest.fixture
def jared(engine: Engine, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "jared", url=engine.url, key=engine.keys["agent"], agent="jared")


def test_init_connects_stores_the_profile_and_says_who_one_is(engine: Engine, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.tqc("status").code == 5
    said = machine.tqc("init", engine.url, "--key-file", "-", "--as", "newcomer", stdin=engine.keys["agent"] + "\n")
    assert said.code == 0, said.err
    assert "work as agent newcomer" in said.out
    profile = tmp_path / ".config" / "muster" / "config.toml"
    assert profile.stat().st_mode & 0o777 == 0o600
    assert machine.json("whoami")["agents"][-1:] != []
    assert machine.tqc("heartbeat").out == "newcomer is alive and holds nothing.\n"
    assert machine.tqc("doctor").code == 0
    wrong = machine.tqc("init", engine.url, "--key-file", "-", stdin="mst_wrong_key\n")
    assert wrong.code == 5
    assert "mst_wrong" not in profile.read_text()


def test_init_teaches_an_agent_and_keeps_what_was_there(engine: Engine, pat: Machine) -> None:
    (pat.home / "AGENTS.md").write_text("# Ours\n")
    (pat.home / ".mcp.json").write_text('{"mcpServers": {"other": {"command": "x"}}}')
    for _ in range(2):
        assert pat.tqc("init", "--agent", "claude").code == 0
    rules = (pat.home / "AGENTS.md").read_text()
    assert rules.startswith("# Ours\n")
    assert rules.count("Never retry a 409") == 1
    servers = json.loads((pat.home / ".mcp.json").read_text())["mcpServers"]
    assert servers == {"other": {"command": "x"}, "muster": {"command": "tqc", "args": ["mcp"], "alwaysLoad": True}}
    assert (pat.home / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    skill = (pat.home / ".claude" / "skills" / "muster-worker" / "SKILL.md").read_text()
    assert skill.startswith("---\nname: muster-worker\n")
    assert len(pat.tqc("prime").out) < 1200
    for kind in ("codex", "cursor", "gemini", "other"):
        assert pat.tqc("init", "--agent", kind, "--directory", kind).code == 0


def test_a_question_an_answer_a_review_and_changes(engine: Engine, pat: Machine, jared: Machine) -> None:
    number = str(_for_jared(pat, jared))
    jared.json("claim", number)
    jared.json("start", number)
    jared.json("progress", number, "10", "Looking at colours")
    assert jared.json("ask", number, "Red or blue?")["state"] == "blocked"
    assert pat.json("answer", number, "Blue.")["state"] == "queued"
    claimed = jared.tqc("claim", number, "--brief")
    assert "Blue." in claimed.out
    assert jared.tqc("complete", number, "--result", "Painted.").out == f"#{number} waits for a review now.\n"
    assert number in pat.tqc("review", "list").out
    assert jared.tqc("review", "approve", number).code == 5
    assert pat.json("review", "changes", number, "One coat more.")["state"] == "queued"
    assert "One coat more." in jared.tqc("claim", number, "--brief").out
    jared.json("complete", number, "--result", "Two coats.")
    assert pat.json("review", "approve", number)["state"] == "done"


def _for_jared(pat: Machine, jared: Machine) -> int:
    jared.json("heartbeat")
    return int(pat.json("add", "Paint it", "--agent", "jared", "--review")["id"])


def test_two_editors_lose_nothing(engine: Engine, pat: Machine) -> None:
    number = str(pat.json("add", "Edit me", "-i", "one\n")["id"])
    editor = f'sh -c \'"$TQC_OTHER" -m tqc edit {number} --content "two" && echo three > "$0"\''
    assert pat.tqc("edit", number, "--content", "one and a half", "-m", "more").code == 0
    said = pat.tqc("edit", number, EDITOR=editor, TQC_OTHER=sys.executable)
    assert said.code == 4
    assert "Your text is in" in said.err
    kept = Path(said.err.split("Your text is in ")[1].split(".md")[0] + ".md")
    assert kept.read_text() == "three\n"
    assert "more" in [each["message"] for each in pat.json("history", number)["items"]]
    assert "+two" in pat.tqc("diff", number).out
    assert pat.tqc("edit", number, "--content", "two").out == "Nothing changed, so nothing was saved.\n"


def test_a_brief_is_laid_out_in_a_directory(engine: Engine, pat: Machine) -> None:
    (pat.home / "data.csv").write_text("1,2\n")
    number = str(pat.json("add", "Lay out", "-i", "# Do it", "--file", "data.csv")["id"])
    assert pat.tqc("brief", number, "--to", "work").code == 0
    assert (pat.home / "work" / "context" / "data.csv").read_text() == "1,2\n"
    assert "# Do it" in (pat.home / "work" / "brief.md").read_text()


def test_explain_says_why_and_for_whom(engine: Engine, pat: Machine, jared: Machine) -> None:
    jared.json("heartbeat")
    first = str(pat.json("add", "First", "--capabilities", "welding")["id"])
    second = str(pat.json("add", "Second", "--needs", first)["id"])
    assert f"waits for #{first}" in pat.tqc("explain", second).out
    assert "welding" in pat.tqc("explain", first, "--agent", "jared").out


def test_the_log_is_followed(engine: Engine, pat: Machine) -> None:
    pat.json("say", "Before.", "--project", "shop")
    follower = pat.start("log", "--follow", "--project", "shop")
    try:
        wait_until(lambda: "Before." in pat.log, what="The first message")
        threading.Event().wait(0.2)
        pat.json("say", "During.", "--project", "shop")
        wait_until(lambda: "During." in pat.log, what="The second message")
    finally:
        follower.terminate()
        follower.wait()
    assert pat.log.count("Before.") == 1


def test_a_sub_task_waits_for_a_person_where_the_project_says_so(engine: Engine, pat: Machine, jared: Machine) -> None:
    number = str(_for_jared(pat, jared))
    jared.json("claim", number)
    with engine.client("admin") as muster:
        muster.edit_project("shop", {"agents_may_add": False})
    try:
        added = jared.tqc("subtask", number, "Chapter two", "--kind", "translation")
        assert added.code == 0, added.err
        assert "waits for a person" in added.err
        child = added.out.split("#")[1].split()[0]
        assert pat.json("review", "accept", child)["state"] == "queued"
        assert jared.tqc("add", "On my own").code == 5
    finally:
        with engine.client("admin") as muster:
            muster.edit_project("shop", {"agents_may_add": True})


def test_the_board_is_drawn_and_phases_are_managed(engine: Engine, pat: Machine) -> None:
    pat.json("add", "Draw me")
    assert pat.json("phases", "add", "Ship", "--gate", "approval", "--project", "shop")["gate"] == "approval"
    assert pat.json("phases", "approve", "Ship", "--project", "shop")["gate_open"] is True
    assert pat.json("phases", "status", "Ship", "Almost.", "--blocker", "Rain", "--project", "shop")["blockers"] == ["Rain"]
    pat.json("projects", "pause", "shop", "--reason", "Holiday")
    assert pat.json("projects", "show", "shop")["paused"] is True
    pat.json("projects", "resume", "shop")
    assert pat.json("projects", "set", "shop", "wip_limits.progress=5")["wip_limits"] == {"progress": 5}
    assert 'wip_limits={"progress": 5}' in pat.tqc("projects", "show", "shop").out
    assert pat.json("projects", "set", "shop", "wip_limits=none")["wip_limits"] == {}
    assert pat.tqc("projects", "set", "shop", "colour=red").code == 2
    board = pat.tqc("watch", "--once", "--project", "shop")
    assert board.code == 0
    assert "QUEUED" in board.out
    assert "Draw me" in board.out


def test_settings_of_a_project_are_an_admins_and_a_planner_reads_why(engine: Engine, ada: Machine, pat: Machine) -> None:
    refused = pat.tqc("projects", "set", "shop", "max_running=9", "wip_limits.progress=5")
    assert refused.code == 5
    assert "Changing max_running needs the admin role in this project: leave it as it is, or ask an admin." in refused.err
    changed = ada.json("projects", "set", "shop", "max_running=9", "wip_limits.progress=5")
    assert (changed["max_running"], changed["wip_limits"]) == (9, {"progress": 5})
    assert ada.json("projects", "set", "shop", "max_running=none", "wip_limits=none")["max_running"] is None


def test_a_dependency_is_added_changed_and_removed(engine: Engine, pat: Machine, jared: Machine) -> None:
    first, second = (str(pat.json("add", title)["id"]) for title in ("Try it", "Clean up"))
    assert pat.tqc("needs", second).out == f"#{second} waits for no other task.\n"
    assert pat.tqc("needs", second, "add", first).out == f"#{second} waits for #{first} to be done (queued): Try it\n"
    twice = pat.tqc("needs", second, "add", first)
    assert (twice.code, "change that dependency" in twice.err) == (4, True)
    assert pat.tqc("needs", first, "add", second).code == 2
    changed = pat.json("needs", second, "change", first, "--kind", "failure")
    assert [(each["on"], each["kind"]) for each in changed["items"]] == [(int(first), "failure")]
    assert "to fail" in pat.tqc("needs", second).out
    assert jared.tqc("needs", second, "change", first, "--kind", "success").code == 5
    assert pat.tqc("needs", second, "change", first).code == 2
    assert pat.json("needs", second, "remove", first)["items"] == []
    gone = pat.tqc("needs", second, "change", first, "--kind", "finished")
    assert (gone.code, "Add the dependency again" in gone.err) == (4, True)


def test_a_decision_is_taken_back_until_something_came_of_it(engine: Engine, pat: Machine, jared: Machine) -> None:
    number = str(_for_jared(pat, jared))
    refused = pat.tqc("undo", number)
    assert (refused.code, "cannot be taken back" in refused.err) == (4, True)
    pat.json("cancel", number)
    assert jared.tqc("undo", number).code == 5
    assert pat.tqc("undo", number, "--event", "1").code == 4
    assert pat.tqc("undo", number).out == f"The last decision about #{number} is taken back; it is queued.\n"
    pat.json("cancel", number)
    assert pat.json("undo", number)["state"] == "queued"
    assert pat.tqc("undo", "999999").code == 4


def test_what_is_printed_cannot_steer_a_terminal(engine: Engine, pat: Machine) -> None:
    number = pat.json("add", "Red \x1b[31m alert \u202e!")["id"]
    shown = pat.tqc("show", str(number)).out + pat.tqc("list", "--search", "alert").out
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_filter_line_of_the_board_lists_tasks(engine: Engine, pat: Machine) -> None:
    wanted = pat.json("add", "Filter: me", "--label", "line", "--priority", "3")["id"]
    other = pat.json("add", "Not me", "--label", "line")["id"]

    def found(*words: str) -> list[int]:
        return [task["id"] for task in pat.json("list", *words)["items"]]

    assert found("label:line priority:critical") == [wanted]
    assert found("label:line", "--filter=-priority:critical") == [other]
    assert found("--search", "Filter: me") == [wanted]
    said = pat.tqc("list", "stat:queued")
    assert (said.code, "did you mean 'state'" in said.err) == (2, True)


def test_an_error_is_json_too(engine: Engine, pat: Machine) -> None:
    said = pat.tqc("show", "999999", "--json")
    assert said.code == 4
    assert said.error["code"] == "not_found"
    assert said.error["exit_code"] == 4
    assert pat.tqc("--json", "status").data["tasks"] is not None


def test_many_are_cancelled_and_requeued_each_on_its_own(engine: Engine, pat: Machine) -> None:
    numbers = [str(pat.json("add", f"Bulk {each}")["id"]) for each in range(2)]
    said = pat.tqc("cancel", *numbers, "999999", "--reason", "Tidy", "--json")
    assert said.code == 4
    assert [each["ok"] for each in said.data["items"]] == [True, True, False]
    assert pat.tqc("requeue", *numbers).code == 0
