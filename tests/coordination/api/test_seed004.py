"""Every request that the Claude task queue's document shows, by a client that sends X-API-Key and knows no lease."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.models import Lease, Message, Project, Task
from tests.coordination.api.conftest import Caller, key_for

MACBOOK = {"instance": "macbook-pro", "instance_name": "MacBook Pro - Claude Code"}


@pytest.fixture
def client(shop: Project, build: object) -> Caller:
    return Caller("", {"x_api_key": key_for("agent", projects=[shop]).key})


def add(client: Caller, description: str = "Deploy new monitoring stack", **fields: Any) -> int:
    answer = client.post("/api/tasks", {"description": description, **fields})
    assert answer.status == 201, answer
    assert answer.json["status"] == "pending"
    return int(answer.json["id"])


def test_the_workflow_of_the_document(client: Caller) -> None:
    number = add(client)
    assert [task["id"] for task in client.get("/api/tasks").json["tasks"]] == [number]
    following = client.get("/api/tasks/next").json["task"]
    assert (following["id"], following["description"], following["status"]) == (number, "Deploy new monitoring stack", "pending")
    claimed = client.post(f"/api/tasks/{number}/claim", MACBOOK)
    assert (claimed.status, claimed.json["status"], claimed.json["instance_name"]) == (200, "in_progress", "MacBook Pro - Claude Code")
    noted = client.put(f"/api/tasks/{number}/status", {"status": "in_progress", "notes": "Half-way", **MACBOOK})
    assert (noted.json["status"], noted.json["notes"]) == ("in_progress", "Half-way")
    assert Message.objects.get().text == "Half-way"
    done = client.post(f"/api/tasks/{number}/complete", {"notes": "Deployed Prometheus stack", **MACBOOK})
    assert (done.json["status"], done.json["notes"]) == ("completed", "Deployed Prometheus stack")
    assert client.get("/api/tasks").json["tasks"] == []
    assert [task["id"] for task in client.get("/api/tasks?status=completed").json["tasks"]] == [number]


def test_the_health_check_needs_no_key(nobody: Caller, db: None) -> None:
    told = nobody.get("/health")
    assert (told.status, told.json["status"]) == (200, "healthy")


def test_a_bare_claim_and_completion_work_without_naming_an_instance(client: Caller) -> None:
    number = add(client)
    assert client.ask("POST", f"/api/tasks/{number}/claim").status == 200
    assert client.post(f"/api/tasks/{number}/complete", {"notes": "Task completed successfully"}).json["status"] == "completed"


def test_priorities_are_high_medium_and_low(client: Caller) -> None:
    low, high, medium = add(client, "a", priority="low"), add(client, "b", priority="high"), add(client, "c", priority="medium")
    listed = client.get("/api/tasks").json["tasks"]
    assert [(task["id"], task["priority"]) for task in listed] == [(high, "high"), (medium, "medium"), (low, "low")]
    assert client.get("/api/tasks/next").json["task"]["id"] == high


def test_a_claimed_task_is_locked_to_its_instance(client: Caller) -> None:
    number = add(client)
    client.post(f"/api/tasks/{number}/claim", MACBOOK)
    refused = client.post(f"/api/tasks/{number}/claim", {"instance": "windows-pc"})
    assert (refused.status, refused.json["holder"]) == (409, "macbook-pro")
    assert client.post(f"/api/tasks/{number}/complete", {"instance": "windows-pc"}).status == 409


def test_its_lease_lasts_two_hours_from_the_last_change_of_status(client: Caller) -> None:
    number = add(client)
    client.post(f"/api/tasks/{number}/claim", MACBOOK)
    lease = Lease.objects.get()
    assert lease.expires_at - lease.acquired_at == timedelta(hours=2)
    Lease.objects.update(expires_at=lease.expires_at - timedelta(hours=1))
    client.put(f"/api/tasks/{number}/status", {"status": "in_progress", **MACBOOK})
    renewed = Lease.objects.get()
    assert renewed.expires_at - renewed.renewed_at == timedelta(hours=2)


def test_an_instance_registers_by_heartbeat_and_shows_in_the_statistics(client: Caller) -> None:
    number = add(client)
    assert client.post("/api/instance/heartbeat", {**MACBOOK, "hostname": "mbp"}).json["status"] == "ok"
    client.post(f"/api/tasks/{number}/claim", MACBOOK)
    add(client, "Another")
    told = client.get("/api/stats").json
    assert (told["pending"], told["in_progress"], told["completed"], told["total"]) == (1, 1, 0, 2)
    assert [(each["instance"], each["name"]) for each in told["instances"]] == [("macbook-pro", "MacBook Pro - Claude Code")]


def test_a_task_can_be_put_back_or_fail(client: Caller) -> None:
    for status, state in (("pending", "queued"), ("failed", "failed"), ("completed", "done")):
        number = add(client, status)
        client.post(f"/api/tasks/{number}/claim", MACBOOK)
        assert client.put(f"/api/tasks/{number}/status", {"status": status, "notes": "so", **MACBOOK}).json["state"] == state


def test_next_is_null_when_there_is_nothing(client: Caller) -> None:
    assert client.get("/api/tasks/next").json == {"task": None}


@pytest.mark.parametrize(
    "body", [{}, {"description": ""}, {"description": "x", "priority": "urgent"}, {"description": "x", "state": "done"}, {"description": 7}]
)
def test_a_mistake_is_told_and_changes_nothing(client: Caller, body: dict[str, Any]) -> None:
    assert client.post("/api/tasks", body).status == 422
    assert not Task.objects.exists()


def test_every_address_but_the_health_check_asks_for_a_key(client: Caller, nobody: Caller) -> None:
    for method, path in (
        ("GET", "/api/tasks"),
        ("POST", "/api/tasks"),
        ("GET", "/api/tasks/next"),
        ("POST", "/api/tasks/1/claim"),
        ("PUT", "/api/tasks/1/status"),
        ("POST", "/api/tasks/1/complete"),
        ("GET", "/api/stats"),
        ("POST", "/api/instance/heartbeat"),
    ):
        assert nobody.ask(method, path).status == 401
    assert Caller("", {"x_api_key": "athena-homelab-key"}).get("/api/stats").status == 401


def test_what_belongs_to_another_project_does_not_exist(client: Caller, stranger: Caller) -> None:
    number = add(client)
    assert stranger.post(f"/api/tasks/{number}/claim", {}).status == 404
    assert stranger.put(f"/api/tasks/{number}/status", {"notes": "x"}).status == 404
    assert stranger.post(f"/api/tasks/{number}/complete", {}).status == 404
    assert stranger.get("/api/tasks").json["tasks"] == []
    assert stranger.get("/api/tasks/next").json["task"] is None
