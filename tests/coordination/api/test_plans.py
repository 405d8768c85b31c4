"""POST /projects/{slug}/plan: who may, what comes back, and that every mistake is told."""

import base64
from typing import Any

import pytest

from coordination.models import Phase, Project, Task
from tests.coordination.a_plan import SHOP_MOVE
from tests.coordination.api.conftest import Caller, key_for

BODY = {"files": {path: content.decode() for path, content in SHOP_MOVE.items()}}
pytestmark = pytest.mark.django_db


def test_a_plan_becomes_phases_and_tasks_of_a_project_that_exists(planner: Caller, shop: Project) -> None:
    answer = planner.post("projects/shop/plan", BODY)
    assert answer.status == 201
    assert (answer.json["project"], answer.json["new_project"]) == ("shop", False)
    assert [phase["state"] for phase in answer.json["phases"]] == ["active", "planned"]
    assert [(task["key"], task["state"]) for task in answer.json["tasks"]] == [
        ("inventory", "queued"),
        ("freeze", "waiting"),
        ("copy-orders", "waiting"),
        ("undo", "waiting"),
    ]
    assert Task.objects.get(title="Copy").created_by == "key:a coordinator's key"


def test_it_warns_of_tasks_that_nobody_can_run(planner: Caller, jean: Caller) -> None:
    warnings = planner.post("projects/shop/plan", BODY).json["warnings"]
    assert [each["code"] for each in warnings] == ["nobody_can_run"]
    assert "sql" in warnings[0]["sentence"]


def test_a_key_for_everything_may_make_the_project_too(db: None) -> None:
    answer = key_for("coordinator").post("projects/new-shop/plan", BODY)
    assert (answer.status, answer.json["new_project"]) == (201, True)
    assert Project.objects.get().lease_ttl == 30


def test_a_key_for_one_project_makes_no_other(planner: Caller) -> None:
    assert planner.post("projects/new-shop/plan", BODY).status == 404
    assert planner.post("projects/lab/plan", BODY).status == 404


def test_agents_and_readers_plan_nothing(jared: Caller, vera: Caller) -> None:
    assert jared.post("projects/shop/plan", BODY).status == 403
    assert vera.post("projects/shop/plan", BODY).status == 403
    assert not Phase.objects.exists()


def test_every_mistake_is_told_and_nothing_is_made(planner: Caller) -> None:
    files = BODY["files"] | {"phase-02-move/task-01-copy.md": "---\ntier: huge\npriority: high\n---\n"}
    answer = planner.post("projects/shop/plan", {"files": files})
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert [(each["file"], each["field"]) for each in answer.json["mistakes"]] == [
        ("phase-02-move/task-01-copy.md", "tier"),
        ("phase-02-move/task-01-copy.md", "priority"),
        ("phase-02-move/task-02-undo.md", "needs"),
    ]
    assert not Phase.objects.exists()


def test_the_limits_of_the_board_s_columns_travel_with_the_plan(ada: Caller, shop: Project) -> None:
    def told(limits: str) -> dict[str, Any]:
        return {"files": {"plan.md": f"---\nname: Shop\nslug: shop\nwip_limits: {limits}\n---\n", "phase-01-a/task-01-b.md": "# B\n"}}

    assert ada.put("projects/shop/plan", told("{progress: 5}")).status == 200
    assert ada.get("projects/shop").json["wip_limits"] == {"progress": 5}
    files = ada.get("projects/shop/plan").json["files"]
    assert "progress: 5" in files["plan.md"]
    assert ada.post("projects/shop/plan/preview", {"files": files}).json["changes"] == []
    refused = ada.post("projects/shop/plan/preview", told("{later: 5, progress: many}")).json["mistakes"]
    assert [each["field"] for each in refused] == ["wip_limits"]


def test_a_file_that_is_no_text_comes_as_base64(planner: Caller) -> None:
    picture = {"phase-01-prepare/context/hosts.png": {"base64": base64.b64encode(b"\x89PNG\xff").decode()}}
    answer = planner.post("projects/shop/plan", {"files": BODY["files"] | picture})
    task = Task.objects.get(pk=answer.json["tasks"][0]["id"])
    assert bytes(task.files.get(path="context/hosts.png").content) == b"\x89PNG\xff"


def test_a_repeat_with_its_idempotency_key_makes_nothing_twice(planner: Caller) -> None:
    first, second = (planner.post("projects/shop/plan", BODY, idempotency_key="plan-1") for _ in range(2))
    assert first.json == second.json
    assert Task.objects.count() == 4
