"""/tasks/next and /tasks/claim: who gets what, and what waiting and repeating do."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from coordination.actor import SYSTEM
from coordination.models import ApiKey, Attempt, IdempotentRequest, Phase, Project
from coordination.operations import agents, creation, keys, projects
from coordination.operations.creation import NewTask
from tests.coordination.api.conftest import AddTask, Answer, Caller, key_for
from tests.servers.process import LONG


def test_the_most_urgent_task_that_the_agent_can_run_comes_first(add: AddTask, jared: Caller) -> None:
    add("Low", priority=90)
    add("Not for jared", priority=0, capabilities=["design"])
    urgent = add("Urgent", priority=1)
    assert jared.get("tasks/next").json["id"] == urgent.pk
    told = jared.post("tasks/claim", {"brief": False}).json["items"][0]
    assert (told["task"]["id"], told["task"]["state"], told["brief"], told["heartbeat_every"]) == (urgent.pk, "claimed", None, 30)
    assert told["task"]["lease"]["agent"] == "jared"


def test_there_being_nothing_is_a_204(jared: Caller, build: Phase) -> None:
    assert jared.post("tasks/claim").status == 204
    assert jared.get("tasks/next").status == 204


def test_a_claim_narrows_and_never_widens(add: AddTask, jared: Caller, lab: Project) -> None:
    add("SQL", capabilities=["sql"], tier="heavy")
    assert jared.post("tasks/claim", {"capabilities": ["python"]}).status == 204
    assert jared.post("tasks/claim", {"tiers": ["light"]}).status == 204
    assert jared.post("tasks/claim", {"project": "lab"}).status == 404
    assert jared.post("tasks/claim", {"capabilities": ["sql", "welding"], "tiers": ["heavy"], "project": "shop"}).status == 200


def test_several_tasks_are_claimed_at_once(add: AddTask, jared: Caller) -> None:
    wanted = [add(f"T{number}").pk for number in range(4)]
    told = jared.post("tasks/claim", {"limit": 3, "brief": False}).json["items"]
    assert [each["task"]["id"] for each in told] == wanted[:3]


def test_a_task_that_is_held_says_by_whom(add: AddTask, jared: Caller, jean: Caller) -> None:
    task = add()
    jared.post(f"tasks/{task.pk}/claim")
    refused = jean.post(f"tasks/{task.pk}/claim")
    assert (refused.status, refused.json["code"], refused.json["holder"]) == (409, "held_by_another", "jared")
    welding = add(capabilities=["welding"])
    assert jean.post(f"tasks/{welding.pk}/claim").json["code"] == "not_claimable"


def test_a_fleets_key_acts_as_the_agents_it_registered_and_as_no_other(add: AddTask, fleet: Caller, jared: Caller) -> None:
    add()
    assert fleet.post("tasks/claim").status == 403
    assert fleet.post("tasks/claim", {"agent": "jared"}).status == 403
    assert fleet.post("tasks/claim", {"agent": "ghost"}).status == 404
    assert fleet.post("agents/register", {"name": "worker-1"}).status == 200
    assert fleet.post("tasks/claim", x_agent="worker-1").json["items"][0]["attempt"]["agent"] == "worker-1"


def test_a_key_of_another_project_claims_nothing_here(add: AddTask, stranger: Caller) -> None:
    add()
    assert stranger.post("tasks/claim").status == 204


def test_a_repeated_claim_returns_the_same_lease(add: AddTask, jared: Caller) -> None:
    add("One"), add("Two")
    first = jared.post("tasks/claim", {}, idempotency_key="claim-1")
    again = jared.post("tasks/claim", {}, idempotency_key="claim-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    for name in ("task", "attempt", "lease_token", "fence", "expires_at", "brief"):
        assert again.json["items"][0][name] == first.json["items"][0][name]
    assert Attempt.objects.count() == 1
    stored = str(IdempotentRequest.objects.values_list("answer", flat=True).get())
    assert first.json["items"][0]["lease_token"] not in stored
    assert "brief" not in stored


def test_a_claim_that_found_nothing_may_be_repeated_with_its_key(add: AddTask, jared: Caller) -> None:
    assert jared.post("tasks/claim", {}, idempotency_key="claim-1").status == 204
    add()
    assert jared.post("tasks/claim", {}, idempotency_key="claim-1").status == 200


@pytest.mark.django_db(transaction=True)
def test_a_waiting_claim_gets_a_task_as_soon_as_there_is_one(jared: Caller, shop: Project, build: Phase) -> None:
    answers: list[tuple[float, Answer]] = []

    def wait_for_work() -> None:
        began = time.monotonic()
        answers.append((began, jared.post("tasks/claim", {"wait": 20})))
        connection.close()

    waiting = threading.Thread(target=wait_for_work)
    waiting.start()
    waiting.join(1.0)
    assert waiting.is_alive(), answers
    task = creation.create_task(shop, NewTask(title="Here you are", phase=build), actor=SYSTEM)
    created = time.monotonic()
    waiting.join(LONG)
    assert not waiting.is_alive()
    assert answers[0][1].json["items"][0]["task"]["id"] == task.pk
    assert time.monotonic() - created < 18, "it did not wait for the end"


@pytest.mark.django_db(transaction=True)
def test_a_key_revoked_while_its_claim_waits_gets_nothing(jared: Caller, shop: Project, build: Phase) -> None:
    answers: list[Answer] = []

    def wait_for_work() -> None:
        answers.append(jared.post("tasks/claim", {"wait": 20}))
        connection.close()

    waiting = threading.Thread(target=wait_for_work)
    waiting.start()
    waiting.join(1.0)
    keys.revoke_key(ApiKey.objects.get(agent__name="jared"), actor=SYSTEM)
    creation.create_task(shop, NewTask(title="Not for you", phase=build), actor=SYSTEM)
    waiting.join(LONG)
    assert answers[0].status == 401
    assert not Attempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_wait_that_finds_nothing_ends_with_204(jared: Caller, build: Phase) -> None:
    began = time.monotonic()
    assert jared.post("tasks/claim", {"wait": 1}).status == 204
    assert jared.get("tasks/next?wait=1").status == 204
    assert 1.8 <= time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_many_agents_never_get_the_same_task(shop: Project, build: Phase) -> None:
    wanted = 24
    creation.create_tasks(shop, [NewTask(title=f"T{number}", phase=build) for number in range(wanted)], actor=SYSTEM)
    callers = []
    for number in range(6):
        agent = agents.register(name=f"worker-{number}", actor=SYSTEM)
        callers.append(key_for("agent", agent=agent))

    def drain(caller: Caller) -> list[int]:
        mine = []
        while (answer := caller.post("tasks/claim", {"brief": False})).status == 200:
            item = answer.json["items"][0]
            mine.append(item["task"]["id"])
            assert caller.post(f"tasks/{mine[-1]}/complete", {"lease_token": item["lease_token"]}).status == 200
        connection.close()
        return mine

    with ThreadPoolExecutor(len(callers)) as pool:
        taken = [number for mine in pool.map(drain, callers) for number in mine]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == wanted


def test_a_paused_project_hands_nothing_out(add: AddTask, jared: Caller, shop: Project) -> None:
    task = add()
    projects.pause_project(shop, actor=SYSTEM)
    assert jared.post("tasks/claim").status == 204
    assert jared.get("tasks/next").status == 204
    assert jared.post(f"tasks/{task.pk}/claim").status == 409
