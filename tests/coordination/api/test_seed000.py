"""Every request that the task coordination service's document shows, by a client that knows nothing else."""

from typing import Any

import pytest

from coordination.actor import SYSTEM
from coordination.models import Lease, Phase, Project, Task
from coordination.operations import creation
from coordination.operations.creation import NewTask
from tests.coordination.api.conftest import Caller, key_for


@pytest.fixture
def client(shop: Project, build: object) -> Caller:
    """One shared key, as the document has it; each request names its agent."""
    return key_for("agent", projects=[shop])


def add(client: Caller, **fields: Any) -> dict[str, Any]:
    answer = client.post(
        "/tasks", {"title": "Triage urgent email from Sarah", "kind": "email", "priority": 20, "tier": "standard", **fields}
    )
    assert answer.status == 201, answer
    return answer.json


def test_a_task_goes_from_add_to_done(client: Caller) -> None:
    made = add(client)
    assert (made["status"], made["kind"], made["priority"], made["tier"]) == ("queued", "email", 20, "standard")
    number = made["id"]
    listed = client.get("/tasks?status=queued").json["tasks"]
    assert [task["id"] for task in listed] == [number]
    assert client.get(f"/tasks/{number}").json["title"] == "Triage urgent email from Sarah"
    claimed = client.post(f"/tasks/{number}/claim", {"agent": "jared"})
    assert (claimed.status, claimed.json["status"], claimed.json["agent"]) == (200, "claimed", "jared")
    running = client.patch(f"/tasks/{number}/status", {"status": "running", "agent": "jared"})
    assert running.json["status"] == "running"
    assert [task["id"] for task in client.get("/tasks?agent=jared&status=running").json["tasks"]] == [number]
    done = client.post(f"/tasks/{number}/complete", {"result": "Email draft saved to drafts/"}, x_agent="jared")
    assert (done.json["status"], done.json["result"]) == ("done", "Email draft saved to drafts/")
    assert client.get("/tasks?status=queued").json["tasks"] == []
    assert client.get("/tasks?kind=email").json["count"] == 1


def test_the_key_may_come_as_x_api_key(client: Caller, shop: Project) -> None:
    assert Caller("", {"x_api_key": client.key}).get("/tasks").status == 200


def test_a_heartbeat_registers_the_agent_and_renews_what_it_holds(client: Caller) -> None:
    assert client.post("/agents/heartbeat", {"agent": "jared"}).json["status"] == "ok"
    agents = client.get("/agents").json["agents"]
    assert [(agent["id"], agent["status"]) for agent in agents] == [("jared", "idle")]
    number = add(client)["id"]
    client.post(f"/tasks/{number}/claim", {"agent": "jared"})
    before = Lease.objects.get().expires_at
    assert [lease["task"] for lease in client.post("/agents/heartbeat", {"agent": "jared"}).json["leases"]] == [number]
    assert Lease.objects.get().expires_at >= before


def test_it_refuses_a_task_that_another_agent_holds(client: Caller) -> None:
    number = add(client)["id"]
    client.post(f"/tasks/{number}/claim", {"agent": "jared"})
    refused = client.post(f"/tasks/{number}/claim", {"agent": "jean"})
    assert (refused.status, refused.json["code"], refused.json["holder"]) == (409, "held_by_another", "jared")
    assert client.post(f"/tasks/{number}/complete", {"agent": "jean", "result": "mine"}).json["code"] == "held_by_another"
    assert Task.objects.get().state == "claimed"


def test_a_status_can_be_failed_done_or_given_back(client: Caller) -> None:
    for status, state in (("failed", "failed"), ("done", "done"), ("queued", "queued")):
        number = add(client)["id"]
        client.post(f"/tasks/{number}/claim", {"agent": "jared"})
        answer = client.patch(f"/tasks/{number}/status", {"status": status, "agent": "jared", "result": "so it is"})
        assert (answer.status, answer.json["state"]) == (200, state)


def test_completing_what_nobody_claimed_says_to_claim_it(client: Caller) -> None:
    number = add(client)["id"]
    refused = client.post(f"/tasks/{number}/complete", {"result": "x", "agent": "jared"})
    assert (refused.status, refused.json["code"]) == (409, "wrong_state")
    assert "claim it first" in refused.json["detail"]


def test_deleting_cancels_what_one_added_and_nothing_else(client: Caller, build: Phase) -> None:
    mine = client.post("/tasks", {"title": "Mine"}).json["id"]
    assert client.delete(f"/tasks/{mine}").json["state"] == "cancelled"
    theirs = creation.create_task(build.project, NewTask(title="Theirs"), actor=SYSTEM)
    assert client.delete(f"/tasks/{theirs.pk}").status == 403
    assert Task.objects.get(pk=theirs.pk).state == "queued"


def test_a_task_without_a_project_goes_to_the_default_one(db: None) -> None:
    client = key_for("agent")
    made = client.post("/tasks", {"title": "Anything"})
    assert (made.status, made.json["project"], made.json["status"]) == (201, "default", "queued")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tasks", {"title": "x", "state": "done"}),
        ("POST", "/tasks", {"title": "x", "priority": "20"}),
        ("POST", "/tasks", {"title": "x", "tier": "gigantic"}),
        ("POST", "/tasks", {}),
        ("GET", "/tasks?status=pending", None),
        ("GET", "/tasks?project__slug=shop", None),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(client: Caller, method: str, path: str, body: Any) -> None:
    refused = client.ask(method, path, body)
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert not Task.objects.exists()


def test_without_a_key_nothing_is_shown(client: Caller, nobody: Caller) -> None:
    for path in ("/tasks", "/tasks/1", "/agents"):
        assert nobody.get(path).status == 401


def test_what_belongs_to_another_project_does_not_exist(client: Caller, stranger: Caller) -> None:
    number = add(client)["id"]
    for method, path in (
        ("GET", f"/tasks/{number}"),
        ("POST", f"/tasks/{number}/claim"),
        ("PATCH", f"/tasks/{number}/status"),
        ("POST", f"/tasks/{number}/complete"),
        ("DELETE", f"/tasks/{number}"),
    ):
        body = {"status": "running"} if method == "PATCH" else {} if method == "POST" else None
        assert stranger.ask(method, path, body).status == 404
    assert stranger.get("/tasks").json["tasks"] == []
