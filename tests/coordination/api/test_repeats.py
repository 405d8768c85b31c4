"""Idempotency-Key (A7, C8, P10): one effect, the first answer again, and never somebody else's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from coordination.models import Event, IdempotentRequest, Message, Phase, Project, Task
from tests.coordination.api.conftest import AddTask, Answer, Caller, key_for

TASKS = {"tasks": [{"title": "Once"}]}


@pytest.mark.django_db(transaction=True)
def test_fifty_requests_with_one_key_have_one_effect(planner: Caller, build: Phase) -> None:
    def send(_: int) -> Answer:
        try:
            return planner.post("projects/shop/tasks", TASKS, idempotency_key="create-1")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(50)))
    assert Task.objects.count() == 1
    assert {answer.status for answer in answers} <= {201, 409}
    made = [answer for answer in answers if answer.status == 201]
    assert {answer.json["items"][0]["id"] for answer in made} == {Task.objects.get().pk}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    for answer in answers:
        if answer.status == 409:
            assert (answer.json["code"], answer.json["retryable"]) == ("idempotency_in_flight", True)
            assert int(answer.headers["Retry-After"]) >= 1
    assert planner.post("projects/shop/tasks", TASKS, idempotency_key="create-1").status == 201


def test_the_same_key_with_another_body_is_refused(planner: Caller, build: Phase) -> None:
    planner.post("projects/shop/tasks", TASKS, idempotency_key="k")
    refused = planner.post("projects/shop/tasks", {"tasks": [{"title": "Twice"}]}, idempotency_key="k")
    assert (refused.status, refused.json["code"]) == (422, "idempotency_key_reused")
    assert Task.objects.count() == 1


def test_another_owner_never_sees_the_answer(planner: Caller, build: Phase, shop: Project) -> None:
    mine = planner.post("projects/shop/tasks", TASKS, idempotency_key="k")
    other = key_for("coordinator", projects=[shop]).post("projects/shop/tasks", TASKS, idempotency_key="k")
    assert other.json["items"][0]["id"] != mine.json["items"][0]["id"]


def test_the_same_key_on_another_address_is_another_request(planner: Caller, add: AddTask) -> None:
    first, second = add("One"), add("Two")
    for task in (first, second):
        assert planner.post(f"tasks/{task.pk}/cancel", {}, idempotency_key="k").json["id"] == task.pk


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_not_kept_because_it_left_no_effect(planner: Caller, add: AddTask) -> None:
    task = add()
    assert planner.post(f"tasks/{task.pk}/requeue", {}, idempotency_key="k").status == 409
    assert not IdempotentRequest.objects.exists()
    planner.post(f"tasks/{task.pk}/cancel")
    assert planner.post(f"tasks/{task.pk}/requeue", {}, idempotency_key="k").status == 200


def test_every_repeated_write_of_a_worker_has_one_effect(add: AddTask, jared: Caller, planner: Caller) -> None:
    task = add()
    token = {"lease_token": jared.post(f"tasks/{task.pk}/claim", {}, idempotency_key="0").json["lease_token"]}
    for name, body in (
        ("start", {}),
        ("progress", {"percent": 5}),
        ("log", {"text": "Hello"}),
        ("heartbeat", {}),
        ("complete", {"result": "R"}),
    ):
        answers = [jared.post(f"tasks/{task.pk}/{name}", token | body, idempotency_key=name) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json == answers[1].json
    assert Message.objects.count() == 1
    for kind in ("task.claimed", "task.started", "task.progress", "message.said", "task.done"):
        assert Event.objects.filter(kind=kind).count() == 1


def test_the_secret_of_a_new_key_is_shown_once_and_not_kept(ada: Caller) -> None:
    first = ada.post("keys", {"name": "laptop", "scope": "agent"}, idempotency_key="k")
    again = ada.post("keys", {"name": "laptop", "scope": "agent"}, idempotency_key="k")
    assert first.json["key"].startswith("mst_")
    assert (again.json["id"], again.json["key"]) == (first.json["id"], None)
    secret = first.json["key"].split("_")[2]
    assert secret not in str(IdempotentRequest.objects.values_list("answer", flat=True).get())
    assert Caller(first.json["key"]).get("me").status == 200
