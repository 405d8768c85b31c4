"""A claim and a completion ask for an agent's key in their own statement, where it was right a moment ago."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.actor import SYSTEM
from coordination.models import Agent, ApiKey, Attempt, Task
from coordination.models.clock import now
from coordination.operations import agents, keys
from tests.coordination.api.conftest import AddTask, Caller, key_for

JARED = "jared-of-every-project"


@pytest.fixture
def jared(db: None) -> Caller:
    """An agent whose key opens every project, and was right a moment ago."""
    caller = key_for("agent", agent=agents.register(name=JARED, actor=SYSTEM))
    assert caller.post("tasks/claim").status == 204  # notes that the agent is alive, which makes a new version of its row
    assert caller.get("me").status == 200
    return caller


def _complete(caller: Caller, token: str) -> int:
    return caller.post(f"tasks/{token.split('_')[1]}/complete", {"lease_token": token, "result": "Done."}).status


def test_claim_and_completion_need_no_statement_for_the_key_alone(jared: Caller, add: AddTask) -> None:
    task = add()
    with CaptureQueriesContext(connection) as captured:
        told = jared.post("tasks/claim").json["items"][0]
        assert _complete(jared, told["lease_token"]) == 200
    task.refresh_from_db()
    assert (told["task"]["id"], told["attempt"]["agent"], task.state) == (task.pk, JARED, "done")
    asked = [query["sql"] for query in captured if "coordination_apikey" in query["sql"]]
    if settings.ON_POSTGRES:
        assert ["picked" in asked[0], "ended" in asked[1], len(asked)] == [True, True, 2], asked


def _revoke() -> None:
    keys.revoke_key(ApiKey.objects.get(agent__name=JARED), actor=SYSTEM)


def _let_expire() -> None:
    ApiKey.objects.filter(agent__name=JARED).update(expires_at=now() - timedelta(seconds=1))


@pytest.mark.parametrize("end", [_revoke, _let_expire])
def test_a_key_that_has_ended_since_does_nothing(jared: Caller, add: AddTask, end: Callable[[], None]) -> None:
    held, free = add("Held", priority=0), add("Free")
    token = jared.post("tasks/claim").json["items"][0]["lease_token"]
    assert jared.get("me").status == 200
    end()
    assert jared.post("tasks/claim").status == 401
    assert _complete(jared, token) == 401
    assert list(Task.objects.order_by("pk").values_list("pk", "state")) == [(held.pk, "claimed"), (free.pk, "queued")]


def test_another_secret_is_wrong_however_well_the_key_is_known(jared: Caller, add: AddTask) -> None:
    add()
    assert Caller(jared.key[:-1] + ("a" if jared.key[-1] != "a" else "b")).post("tasks/claim").status == 401
    assert not Attempt.objects.exists()


def test_an_agent_that_was_retired_since_claims_nothing(jared: Caller, add: AddTask) -> None:
    add()
    Agent.objects.filter(name=JARED).update(retired_at=now())
    assert jared.post("tasks/claim").json["code"] == "not_claimable"
    assert not Attempt.objects.exists()


def test_what_was_believed_and_is_wrong_is_told_as_ever(jared: Caller, add: AddTask) -> None:
    task = add()
    token = jared.post("tasks/claim").json["items"][0]["lease_token"]
    assert jared.get("me").status == 200
    assert _complete(jared, token[:-1] + ("0" if token[-1] != "0" else "1")) == 403
    assert _complete(jared, token) == 200
    assert jared.get("me").status == 200
    late = jared.post(f"tasks/{task.pk}/complete", {"lease_token": token})
    assert (late.status, late.json["code"]) == (409, "lease_lost")
