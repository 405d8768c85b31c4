"""/events: pages, waiting, and the stream."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from coordination.actor import SYSTEM
from coordination.api import events
from coordination.models import Phase, Project
from coordination.operations import creation, messages
from coordination.operations.creation import NewTask
from tests.coordination.api.conftest import AddTask, Answer, Caller
from tests.servers.process import LONG


@pytest.mark.django_db(transaction=True)
def test_the_log_is_read_page_by_page_from_a_cursor(add: AddTask, planner: Caller) -> None:
    task = add()
    everything = planner.get("events?limit=200").json
    assert everything["last"] == everything["items"][-1]["id"]
    seen: list[int] = []
    cursor = ""
    while True:
        page = planner.get(f"events?limit=2{cursor}").json
        seen += [each["id"] for each in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [each["id"] for each in everything["items"]]
    assert planner.get(f"events?after={everything['last']}").json["items"] == []
    kinds = {each["kind"] for each in planner.get(f"events?task={task.pk}").json["items"]}
    assert kinds == {"task.created", "task.queued"}
    assert {each["kind"] for each in planner.get("events?kind=phase").json["items"]} == {"phase.created", "phase.started"}
    assert planner.get("events?kind=phase.*&kind=task.queued&limit=200").json["items"][-1]["kind"] == "task.queued"
    for kind in ("tasks", "task.faild"):
        refused = planner.get(f"events?kind={kind}")
        assert refused.status == 422
        assert "Did you mean task." in refused.json["detail"]
    assert planner.get("events?project=lab").status == 404


@pytest.mark.django_db(transaction=True)
def test_nobody_reads_what_happens_in_another_project(add: AddTask, stranger: Caller, planner: Caller, lab: Project) -> None:
    add()
    assert {each["project"] for each in stranger.get("events").json["items"]} == {"lab"}
    assert {each["project"] for each in planner.get("events").json["items"]} == {"shop"}


@pytest.mark.django_db(transaction=True)
def test_a_waiting_reader_is_woken(planner: Caller, shop: Project, build: Phase) -> None:
    last = planner.get("events?limit=200").json["last"]
    answers: list[Answer] = []

    def wait_for_news() -> None:
        answers.append(planner.get(f"events?after={last}&wait=20"))
        connection.close()

    waiting = threading.Thread(target=wait_for_news)
    waiting.start()
    waiting.join(1.0)
    assert waiting.is_alive()
    messages.say(shop, "News", actor=SYSTEM)
    waiting.join(LONG)
    assert [each["kind"] for each in answers[0].json["items"]] == ["message.said"]


def _stream(caller: Caller, path: str, **headers: str) -> Iterator[bytes]:
    response = Client().get(f"/api/v1/{path}", HTTP_AUTHORIZATION=f"Bearer {caller.key}", HTTP_ACCEPT="text/event-stream", **headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    return iter(response.streaming_content)


@pytest.mark.django_db(transaction=True)
def test_a_stream_goes_on_where_the_last_one_ended(planner: Caller, shop: Project, build: Phase) -> None:
    creation.create_task(shop, NewTask(title="One", phase=build), actor=SYSTEM)
    known, following = (each["id"] for each in planner.get("events").json["items"][:2])
    stream = _stream(planner, "events", HTTP_LAST_EVENT_ID=str(known))
    assert next(stream) == b"retry: 2000\n\n"
    second = next(stream)
    assert second.startswith(b"id: %d\nevent: " % following)
    assert b'\ndata: {"id":' in second


@pytest.mark.django_db(transaction=True)
def test_a_quiet_stream_pings_ends_after_a_while_and_when_its_key_is_revoked(
    planner: Caller, ada: Caller, build: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PING_EVERY", 0.3)
    monkeypatch.setattr(events, "STREAM_SECONDS", 3.0)
    chunks = list(_stream(planner, "events"))
    assert chunks[0] == b"retry: 2000\n\n"
    assert b": ping\n\n" in chunks[1:]
    assert set(chunks[1:]) == {b": ping\n\n"}
    monkeypatch.setattr(events, "STREAM_SECONDS", 60.0)
    stream = _stream(planner, "events")
    next(stream)
    number = next(key["id"] for key in ada.get("keys").json["items"] if key["scope"] == "coordinator" and not key["user"])
    ada.delete(f"keys/{number}")
    left = [chunk for chunk in stream if chunk.startswith(b"id:")]
    assert all(b"key.revoked" not in chunk for chunk in left)
