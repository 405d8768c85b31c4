"""/views: saved filters; and the filter line on /tasks."""

from urllib.parse import urlencode

import pytest

from coordination.actor import SYSTEM
from coordination.models import Project, User
from coordination.operations import projects
from tests.coordination.api.conftest import AddTask, Caller, key_for


def test_a_coordinator_shares_views_and_everybody_reads_them(planner: Caller, vera: Caller, build: object) -> None:
    made = planner.post("projects/shop/views", {"name": "Ready", "q": "status:queued is:ready", "layout": "list", "shared": True})
    assert (made.status, made.json["q"], made.json["shared"]) == (201, "state:queued is:ready", True)
    listed = vera.get("projects/shop/views").json["items"]
    assert [(each["id"] is None, each["name"]) for each in listed][-2:] == [(True, "Mine"), (False, "Ready")]
    changed = planner.patch(f"views/{made.json['id']}", {"name": "Now"})
    assert (changed.json["name"], changed.json["q"]) == ("Now", "state:queued is:ready")
    assert planner.delete(f"views/{made.json['id']}").status == 204
    assert planner.delete(f"views/{made.json['id']}").status == 404


def test_a_view_of_ones_own_needs_a_person(planner: Caller, shop: Project) -> None:
    assert planner.post("projects/shop/views", {"name": "Mine"}).json["code"] == "scope_missing"
    pat = User.objects.create_user("pat")
    projects.grant_role(shop, pat, "viewer", actor=SYSTEM)
    own = key_for("admin", user=pat)
    made = own.post("projects/shop/views", {"name": "Mine", "q": "by:@me"})
    assert made.status == 201, made
    assert planner.patch(f"views/{made.json['id']}", {"name": "Theirs"}).status == 404
    assert key_for("reader", user=pat).delete(f"views/{made.json['id']}").status == 403
    assert own.post("projects/shop/views", {"name": "Bad", "q": "stat:x"}).status == 422


def test_tasks_are_listed_by_the_filter_line(planner: Caller, jared: Caller, add: AddTask) -> None:
    first, second = add("Draw the logo", labels=["art"]), add("Write it", priority=3)
    jared.post(f"tasks/{second.pk}/claim")

    def found(**query: str) -> list[int]:
        return [task["id"] for task in planner.get(f"tasks?{urlencode(query)}").json["items"]]

    assert found(q="state:queued label:art") == [first.pk]
    assert found(q="-label:art priority:critical") == [second.pk]
    assert found(q="agent:jared", state="claimed") == [second.pk]
    assert found(q="agent:jared", state="queued") == []
    refused = planner.get("tasks?q=stat:queued")
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "q")
    assert "did you mean 'state'" in refused.json["detail"]


@pytest.mark.django_db(transaction=True)
def test_events_are_read_of_the_tasks_that_match(planner: Caller, add: AddTask) -> None:
    wanted, _ = add("Draw the logo", labels=["art"]), add("Write it")
    events = planner.get("events?q=label:art").json["items"]
    assert {event["task"] for event in events} == {wanted.pk}
    assert planner.get("events?q=stat:x").status == 422
