"""/keys and /me: who may make keys, and what a revoked one can still do: nothing (A10)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from coordination.actor import SYSTEM
from coordination.models import ApiKey, Phase, Project, User
from coordination.models.clock import now
from coordination.operations import projects
from tests.coordination.api.conftest import Caller, key_for


def test_an_admin_makes_lists_and_revokes_keys(ada: Caller, shop: Project) -> None:
    made = ada.post("keys", {"name": "reader", "scope": "reader", "projects": ["shop"], "expires_at": "2999-01-01T00:00:00Z"})
    assert (made.status, made.json["projects"]) == (201, ["shop"])
    reader = Caller(made.json["key"])
    assert reader.get("projects/shop").status == 200
    listed = ada.get("keys").json["items"]
    assert listed[0]["id"] == made.json["id"]
    assert "key" not in listed[0]
    assert "hash" not in str(listed)
    assert ada.delete(f"keys/{made.json['id']}").status == 204
    assert reader.get("projects/shop").status == 401
    assert ada.get("keys").json["items"][0]["revoked_at"]


def test_nobody_else_makes_keys(planner: Caller, jared: Caller, vera: Caller) -> None:
    for caller in (planner, jared, vera):
        for answer in (caller.get("keys"), caller.post("keys", {"name": "x", "scope": "coordinator"}), caller.delete("keys/1")):
            assert (answer.status, answer.json["code"]) == (403, "scope_missing")


def test_a_projects_admin_makes_keys_for_that_project_only(shop: Project, lab: Project, db: None) -> None:
    pat = User.objects.create_user("pat", password="a long password")
    projects.grant_role(shop, pat, "admin", actor=SYSTEM)
    caller = key_for("admin", user=pat)
    foreign = ApiKey.objects.get(pk=ApiKey.objects.order_by("-pk")[0].pk)
    key_for("agent", projects=[lab])
    assert caller.post("keys", {"name": "x", "scope": "agent", "projects": ["shop"]}).status == 201
    assert caller.post("keys", {"name": "x", "scope": "agent"}).status == 403
    assert caller.post("keys", {"name": "x", "scope": "agent", "projects": ["shop", "lab"]}).status == 422
    assert {key["name"] for key in caller.get("keys").json["items"]} == {"x", foreign.name}
    assert caller.delete(f"keys/{ApiKey.objects.order_by('-pk')[1].pk}").status == 404


def test_an_expired_key_opens_nothing(jared: Caller) -> None:
    ApiKey.objects.update(expires_at=now() - timedelta(seconds=1))
    assert jared.get("me").status == 401


def test_me_says_who_asks_and_what_the_key_may_do(jared: Caller, planner: Caller, ada: Caller) -> None:
    told = jared.get("me").json
    assert (told["actor"]["kind"], told["agent"], told["permissions"]) == ("agent", "jared", {"shop": "work"})
    assert planner.get("me").json["permissions"] == {"shop": "plan"}
    assert ada.get("me").json["permissions"] == {"*": "admin"}
    assert ApiKey.objects.exclude(last_used_at=None).count() == 3


@pytest.mark.django_db(transaction=True)
def test_no_request_starts_after_the_answer_to_a_revocation(ada: Caller, jared: Caller, build: Phase) -> None:
    number = ApiKey.objects.get(agent__name="jared").pk
    revoked = threading.Event()

    def ask(_: int) -> tuple[bool, int]:
        try:
            after = revoked.is_set()
            return after, jared.get("projects").status
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(50)]
        assert ada.delete(f"keys/{number}").status == 204
        revoked.set()
        asked += [pool.submit(ask, number) for number in range(50)]
        answers = [each.result() for each in asked]
    assert {status for _, status in answers} <= {200, 401, 429}
    assert {status for after, status in answers if after} <= {401, 429}
