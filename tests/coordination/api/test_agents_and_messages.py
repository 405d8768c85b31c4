"""/agents and the log of messages."""

from coordination.models import Agent, Lease, Project
from tests.coordination.api.conftest import AddTask, Caller


def test_an_agent_registers_and_brings_itself_up_to_date(fleet: Caller, planner: Caller) -> None:
    asked = {"name": "worker-1", "capabilities": ["python"], "tiers": ["light"], "host": "macbook", "display_name": "Worker One"}
    made = fleet.post("agents/register", asked)
    assert (made.status, made.json["state"], made.json["capabilities"], made.json["tiers"]) == (200, "idle", ["python"], ["light"])
    assert fleet.post("agents/register", {**asked, "capabilities": ["sql"]}).json["capabilities"] == ["sql"]
    refused = planner.post("agents/register", asked)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert Agent.objects.count() == 1


def test_a_key_of_one_agent_registers_no_other(jared: Caller) -> None:
    assert jared.post("agents/register", {"name": "jared", "capabilities": ["python", "go"]}).json["capabilities"] == ["go", "python"]
    assert jared.post("agents/register", {"name": "jean"}).status == 403
    for name in ("", " x", "x ", "a/b", "a\nb", "x" * 101):
        assert jared.post("agents/register", {"name": name}).status == 422


def test_a_heartbeat_renews_everything_the_agent_holds(add: AddTask, jared: Caller, planner: Caller) -> None:
    tasks = [add("One"), add("Two")]
    jared.post("tasks/claim", {"limit": 2})
    planner.post(f"tasks/{tasks[0].pk}/cancel", {"reason": "No longer"})
    told = jared.post("agents/heartbeat").json
    assert [(each["task"], each["cancel_requested"], each["cancel_reason"]) for each in told["leases"]] == [
        (tasks[0].pk, True, "No longer"),
        (tasks[1].pk, False, ""),
    ]
    assert told["server_time"] < told["leases"][0]["expires_at"]
    assert Lease.objects.count() == 2


def test_the_list_shows_state_and_tasks_as_far_as_one_may_see_them(add: AddTask, jared: Caller, jean: Caller, stranger: Caller) -> None:
    task = add()
    jared.post(f"tasks/{task.pk}/claim")
    mine = {each["name"]: (each["state"], each["tasks"]) for each in jean.get("agents").json["items"]}
    assert mine["jared"] == ("active", [task.pk])
    assert mine["jean"] == ("idle", [])
    theirs = {each["name"]: each["tasks"] for each in stranger.get("agents").json["items"]}
    assert theirs["jared"] == []
    assert [each["name"] for each in jean.get("agents?capability=sql").json["items"]] == ["jared"]
    assert jean.get("agents/jared").json["last_claim_at"]


def test_a_retired_agent_claims_nothing_until_it_comes_back(add: AddTask, fleet: Caller, jared: Caller) -> None:
    add()
    fleet.post("agents/register", {"name": "worker-1"})
    assert jared.post("agents/worker-1/retire").status == 403
    assert fleet.post("agents/worker-1/retire").json["state"] == "retired"
    assert fleet.post("tasks/claim", {"agent": "worker-1"}).json["code"] == "not_claimable"
    assert fleet.post("agents/worker-1/unretire").json["state"] == "idle"
    assert fleet.post("tasks/claim", {"agent": "worker-1"}).status == 200


def test_messages_are_said_read_and_acknowledged(add: AddTask, jared: Caller, planner: Caller, shop: Project) -> None:
    task = add()
    said = planner.post("projects/shop/messages", {"text": "Look here", "task": task.pk, "to_agent": "jared"})
    assert (said.status, said.json["to_agent"], said.json["task"]) == (201, "jared", task.pk)
    planner.post("projects/shop/messages", {"text": "To all"})
    unread = jared.get("projects/shop/messages?unacked_by=jared").json["items"]
    assert [each["text"] for each in unread] == ["Look here", "To all"]
    for _ in range(2):
        assert jared.post(f"messages/{said.json['id']}/ack").json["acks"] == ["jared"]
    assert [each["text"] for each in jared.get("projects/shop/messages?unacked_by=jared").json["items"]] == ["To all"]
    assert [each["text"] for each in jared.get(f"projects/shop/messages?task={task.pk}").json["items"]] == ["Look here"]
    assert [each["text"] for each in jared.get(f"projects/shop/messages?after={said.json['id']}").json["items"]] == ["To all"]
    page = jared.get("projects/shop/messages?limit=1").json
    assert [each["text"] for each in jared.get(f"projects/shop/messages?cursor={page['next_cursor']}").json["items"]] == ["To all"]
    assert planner.post("projects/shop/messages", {"text": "x", "task": 987654}).status == 422
    assert planner.post("projects/shop/messages", {"text": "   "}).status == 422
