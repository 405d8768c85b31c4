"""/projects and /phases."""

from typing import get_args

from coordination.api.shapes.base import ColumnWord
from coordination.lifecycle import BoardColumn
from coordination.models import Phase, Project
from coordination.queries.board import COLUMNS
from tests.coordination.api.conftest import AddTask, Caller, key_for


def test_a_project_is_created_read_edited_paused_and_deleted(ada: Caller) -> None:
    made = ada.post("projects", {"slug": "blog", "name": "Blog", "max_running": 2, "budget_usd": 12.5})
    assert (made.status, made.json["max_running"], made.json["budget_usd"]) == (201, 2, 12.5)
    tag = ada.get("projects/blog").headers["ETag"]
    edited = ada.patch("projects/blog", {"name": "Blog two", "max_running": None}, if_match=tag)
    assert (edited.json["name"], edited.json["max_running"], edited.json["budget_usd"]) == ("Blog two", None, 12.5)
    assert ada.patch("projects/blog", {"name": "Three"}, if_match=tag).status == 412
    assert ada.post("projects/blog/pause", {"reason": "Holiday"}).json["pause_reason"] == "Holiday"
    assert ada.post("projects/blog/pause").json["code"] == "wrong_state"
    assert ada.post("projects/blog/resume").json["paused"] is False
    assert ada.delete("projects/blog").status == 204
    assert ada.get("projects/blog").status == 404


def test_the_limits_of_the_board_s_columns_are_read_and_written(planner: Caller, ada: Caller, shop: Project) -> None:
    assert planner.get("projects/shop").json["wip_limits"] == {}
    edited = planner.patch("projects/shop", {"wip_limits": {"progress": 5, "needs": 3}})
    assert edited.json["wip_limits"] == {"progress": 5, "needs": 3}
    for wrong in ({"later": 5}, {"progress": 0}, {"progress": True}, {"progress": "5"}, [5], None):
        assert planner.patch("projects/shop", {"wip_limits": wrong}).status == 422, wrong
    assert ada.patch("projects/shop", {"name": "Shop"}).json["wip_limits"] == {"progress": 5, "needs": 3}
    assert planner.patch("projects/shop", {"wip_limits": {}}).json["wip_limits"] == {}


def test_the_board_has_the_columns_that_settings_name() -> None:
    assert [kind.key for kind in COLUMNS] == list(BoardColumn) == list(get_args(ColumnWord))


def test_a_slug_is_taken_once(ada: Caller, shop: Project) -> None:
    refused = ada.post("projects", {"slug": "shop", "name": "Another"})
    assert (refused.status, refused.json["code"], refused.json["errors"][0]["field"]) == (409, "conflict", "slug")
    for slug in ("", "a b", "ü", "a/b", "x" * 61):
        assert ada.post("projects", {"slug": slug, "name": "X"}).status == 422


def test_a_key_of_one_project_sees_and_makes_no_other(planner: Caller, lab: Project, shop: Project) -> None:
    assert [each["slug"] for each in planner.get("projects").json["items"]] == ["shop"]
    assert planner.get("projects/lab").status == 404
    assert planner.post("projects", {"slug": "mine", "name": "Mine"}).status == 403
    assert planner.delete("projects/shop").status == 403
    assert key_for("coordinator").post("projects", {"slug": "mine", "name": "Mine"}).status == 201


def test_projects_are_paged_by_slug(ada: Caller, shop: Project, lab: Project) -> None:
    first = ada.get("projects?limit=1").json
    assert [each["slug"] for each in first["items"]] == ["lab"]
    rest = ada.get(f"projects?limit=1&cursor={first['next_cursor']}").json
    assert ([each["slug"] for each in rest["items"]], rest["next_cursor"]) == (["shop"], None)


def test_phases_follow_each_other_through_a_gate(planner: Caller, build: Phase, add: AddTask, jared: Caller) -> None:
    task = add()
    later = planner.post("projects/shop/phases", {"name": "Ship", "gate": "approval"}).json
    assert (later["state"], later["after"], later["gate_open"]) == ("planned", [build.pk], False)
    token = jared.post(f"tasks/{task.pk}/claim").json["lease_token"]
    jared.post(f"tasks/{task.pk}/complete", {"lease_token": token})
    assert planner.post(f"phases/{later['id']}/approve").json["gate_open"] is True
    listed = planner.get("projects/shop/phases").json["items"]
    assert listed[0]["progress"] == {"total": 1, "done": 1, "failed": 0, "cancelled": 0, "open": 0, "percent": 100}


def test_phases_are_edited_linked_moved_paused_and_deleted(planner: Caller, build: Phase) -> None:
    other = planner.post("projects/shop/phases", {"name": "Docs", "after": []}).json
    assert other["state"] == "active"
    third = planner.post("projects/shop/phases", {"name": "Ship", "after": [build.pk]}).json
    assert planner.put(f"phases/{third['id']}/after/{other['id']}").json["after"] == sorted([build.pk, other["id"]])
    circle = planner.put(f"phases/{other['id']}/after/{third['id']}")
    assert circle.status in (409, 422)
    assert planner.delete(f"phases/{third['id']}/after/{other['id']}").status == 204
    assert planner.post(f"phases/{third['id']}/move", {"position": 1}).json["position"] == 1
    edited = planner.patch(f"phases/{third['id']}", {"name": "Ship it", "gate": "approval"})
    assert (edited.json["name"], edited.json["gate"]) == ("Ship it", "approval")
    assert planner.patch(f"phases/{third['id']}", {"name": "Build"}).json["code"] == "conflict"
    assert planner.post(f"phases/{build.pk}/pause").json["state"] == "paused"
    assert planner.post(f"phases/{build.pk}/resume").json["state"] == "active"
    assert planner.post(f"phases/{other['id']}/complete").json["state"] == "completed"
    assert planner.delete(f"phases/{third['id']}").status == 204
    assert planner.get(f"phases/{third['id']}").status == 404


def test_an_agent_writes_the_status_of_a_phase(jared: Caller, build: Phase) -> None:
    told = jared.post(f"phases/{build.pk}/status", {"status_line": "Two of five moved.", "blockers": ["No access"]}).json
    assert (told["status_line"], told["blockers"]) == ("Two of five moved.", ["No access"])
    assert jared.patch(f"phases/{build.pk}", {"name": "Mine"}).status == 403


def test_phases_and_projects_are_drained_and_stopped(planner: Caller, build: Phase, add: AddTask, jared: Caller) -> None:
    task = add("One")
    jared.post("/api/v1/tasks/claim")
    drained = planner.post(f"/api/v1/phases/{build.pk}/drain")
    assert (drained.json["state"], drained.json["draining"]) == ("paused", True)
    stopped = planner.post(f"/api/v1/phases/{build.pk}/stop", {"reason": "Wrong branch"})
    assert (stopped.json["state"], stopped.json["draining"]) == ("paused", False)
    assert planner.get(f"/api/v1/tasks/{task.pk}").json["state"] == "waiting"
    planner.post(f"/api/v1/phases/{build.pk}/resume")
    assert planner.post("/api/v1/projects/shop/drain", {"reason": "Backup"}).json["pause_reason"] == "Backup"
    assert planner.post("/api/v1/projects/shop/stop").status == 409
    assert planner.post("/api/v1/projects/shop/resume").json["paused"] is False


def test_a_phase_is_split_and_the_end_is_forecast(planner: Caller, build: Phase, add: AddTask) -> None:
    stays, moves = add("Stays"), add("Moves")
    split = planner.post(f"/api/v1/phases/{build.pk}/split", {"name": "Rest", "tasks": [moves.pk]})
    assert split.status == 201
    assert split.json["after"] == [build.pk]
    told = planner.get("/api/v1/projects/shop/forecast").json
    assert (told["left"], told["p50"], told["basis"]) == (2, None, "A forecast needs 5 finished attempts; so far there are none.")
    assert told["critical"] == [stays.pk, moves.pk]
    assert [each["name"] for each in told["phases"]] == ["Build", "Rest"]
