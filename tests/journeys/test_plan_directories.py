"""`tqc plan`: a project becomes a directory, and a directory a project."""

from pathlib import Path

import pytest

from tests.journeys.machines import Engine, Machine


@pytest.fixture
def pat(engine: Engine, tmp_path: Path) -> Machine:
    return Machine(tmp_path, url=engine.url, key=engine.keys["coordinator"])


def test_a_plan_goes_out_and_comes_back_as_another_project(engine: Engine, pat: Machine) -> None:
    pat.json("projects", "add", "relay", "--name", "Relay")
    pat.json("phases", "add", "Build", "--project", "relay")
    pat.json("phases", "add", "Ship it", "--project", "relay", "--gate", "approval")
    first = pat.json("add", "Write the schema", "--project", "relay", "-i", "# Schema\nThree tables.", "--criteria", "Three tables exist.")
    (pat.home / "rows.csv").write_text("id,name\n1,Ada\n")
    pat.json(
        *("add", "Load: the data", "--project", "relay", "--phase", "Build", "--needs", str(first["id"]), "--priority", "20"),
        *("--file", "rows.csv", "--labels", "data,load"),
    )
    plan = str(pat.home / "plan")
    assert pat.tqc("plan", "export", plan, "--project", "relay").code == 0
    assert pat.tqc("plan", "diff", plan, "--project", "relay").code == 0
    said = pat.tqc("plan", "import", plan, "--project", "relay-two")
    assert (said.code, said.out) == (0, "Made 2 phases and 2 tasks in project relay-two.\n"), said.err
    schema, load = pat.json("list", "--project", "relay-two", "--status", "all", "--order", "id")["items"]
    assert (schema["title"], schema["criteria"]) == ("Write the schema", ["Three tables exist."])
    assert (load["title"], load["priority"], load["labels"], load["blockers"]) == ("Load: the data", 20, ["data", "load"], 1)
    assert "Three tables." in pat.tqc("brief", str(schema["id"])).out
    assert "1,Ada" in pat.tqc("brief", str(load["id"])).out
    assert [each["gate"] for each in pat.json("phases", "--project", "relay-two")["items"]] == ["auto", "approval"]

    task_file = next((pat.home / "plan").rglob("task-*write-the-schema.md"))
    task_file.write_text(task_file.read_text().replace("Three", "Four"))
    changed = pat.tqc("plan", "diff", plan, "--project", "relay")
    assert changed.code == 4
    assert "+Four tables." in changed.out
    updated = pat.tqc("plan", "update", plan, "--project", "relay")
    assert updated.code == 0, updated.err
    assert updated.out.endswith("0 created, 1 changed, 3 as before, 0 not in the plan and left alone.\n")
    assert "Four tables." in pat.tqc("brief", str(first["id"])).out
    assert pat.tqc("plan", "diff", plan, "--project", "relay").code == 0


def test_a_mistake_in_a_plan_is_named_with_its_file(engine: Engine, pat: Machine) -> None:
    folder = pat.home / "broken" / "phase-01-build"
    folder.mkdir(parents=True)
    (folder / "task-01-x.md").write_text("---\ntitle: X\npriority: 4000\n---\n")
    said = pat.tqc("plan", "import", str(pat.home / "broken"), "--project", "shop")
    assert said.code == 2
    assert "phase-01-build/task-01-x.md" in said.err
