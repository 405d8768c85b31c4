"""Who may what (G1, G2), asked of every address there is: the table is made from the URL map, so no new route escapes."""

import re
from functools import cache
from typing import Any

import orjson
import pytest

from coordination.actor import SYSTEM
from coordination.api.docs import _schema
from coordination.api.urls import urlpatterns
from coordination.models import Attempt, Event, Message, Phase, Project, Task
from coordination.operations import agents, claims, line_comments, messages, phases, saved_views
from tests.coordination.api.conftest import AddTask, Caller, key_for

Operation = tuple[str, str, Any]  # method, path, example body
METHODS = ("get", "post", "put", "patch", "delete")
# Their subject is the caller, or the whole installation, and no thing that somebody else owns.
WITHOUT_A_THING = {
    "/api/v1/tasks/claim", "/api/v1/tasks/next", "/api/v1/tasks/bulk", "/api/v1/tasks", "/api/v1/projects", "/api/v1/events",
    "/api/v1/agents", "/api/v1/agents/register", "/api/v1/agents/heartbeat", "/api/v1/agents/{name}", "/api/v1/agents/{name}/retire",
    "/api/v1/agents/{name}/unretire", "/api/v1/keys", "/api/v1/me", "/api/v1/stats",
}  # fmt: skip


@cache
def operations() -> list[Operation]:
    """Return every operation, out of the API's own description: which is made by those who ask, and not by all who collect the tests."""
    schema = orjson.loads(_schema())
    return [
        (method.upper(), path, _example(schema, methods[method]))
        for path, methods in schema["paths"].items()
        for method in METHODS
        if method in methods
    ]


def with_a_thing() -> list[Operation]:
    return [each for each in operations() if each[1] not in WITHOUT_A_THING]


def planners_only() -> list[Operation]:
    of_planners = r"/(pause|resume|cancel|requeue|undo|assign|answer|take-back|close-gate|complete|move|needs/|adopt|keys|after/)"
    return [
        each for each in operations() if each[0] != "GET" and re.search(of_planners, each[1]) and "tasks/{task_id}/complete" not in each[1]
    ] + [each for each in operations() if each[0] in ("PATCH", "DELETE", "PUT")]


def _example(schema: dict[str, Any], operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    names = re.findall(r"#/components/schemas/(\w+)", str(content))
    return schema["components"]["schemas"][names[0]]["examples"][0] if names else None


@pytest.fixture
def things(add: AddTask, shop: Project) -> dict[str, Any]:
    """One of each thing of the shop, by the name of the parameter that names it."""
    task, other = add("One", instructions="# One"), add("Two")
    key, _ = _keys(shop)
    agent = agents.register(name="holder", actor=SYSTEM)
    claims.claim_task(task.pk, agent, key_id=key)
    return {
        "slug": "shop",
        "task_id": task.pk,
        "on_id": other.pk,
        "phase_id": task.phase_id,
        "other_id": phases.create_phase(shop, name="Later", actor=SYSTEM).pk,
        "attempt_id": Attempt.objects.get().pk,
        "message_id": messages.say(shop, "Hello", actor=SYSTEM).pk,
        "key_id": key,
        "comment_id": comment(task),
        "view_id": saved_views.save_view(shop, name="Ready", q="is:ready", actor=SYSTEM).pk,
        "number": 1,
        "other_number": 1,
        "path": "instructions.md",
        "username": "pat",
    }


def comment(task: Task) -> int:
    """Somebody's remark on the first line of the task's instructions."""
    made = line_comments.comment(task, commit=task.head, path="instructions.md", line=1, text="Which?", actor=SYSTEM)
    return int(made.pk)


def _keys(shop: Project) -> tuple[int, str]:
    from coordination.models import ApiKey

    caller = key_for("agent", projects=[shop])
    return ApiKey.objects.order_by("-pk").values_list("pk", flat=True)[0], caller.key


MISSING = {"slug": "ghost", "path": "ghost.md"}


def fill(path: str, things: dict[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(things[found[1]]), path)


def body_of(answer: Any, *names: Any) -> Any:
    """The problem without what the asker itself sent: its address and the number in it."""
    text = re.sub(r"\d+|'?(shop|ghost)'?", "N", str({k: v for k, v in answer.json.items() if k != "instance"}))
    return answer.status, text


# One shop serves each table: what is refused changes nothing, which the tests make sure of.


def test_what_belongs_to_another_project_does_not_exist(things: dict[str, Any], stranger: Caller) -> None:
    """Every address with the id of a foreign thing answers what it answers for no thing at all (G1)."""
    before = list(Task.objects.values()), list(Message.objects.values())
    strangers = [stranger, *(key_for(scope, projects=list(Project.objects.filter(slug="lab"))) for scope in ("coordinator", "reader"))]
    for method, path, body in with_a_thing():
        for asker in strangers:
            foreign = asker.ask(method, fill(path, things), body)
            missing = asker.ask(method, fill(path, {name: MISSING.get(name, 987654321) for name in things}), body)
            allowed = (403, 404) if path.startswith("/api/v1/keys/") else (404,)
            assert foreign.status in allowed, f"{method} {path}: {foreign}"
            assert body_of(foreign) == body_of(missing), f"{method} {path}"
        assert (list(Task.objects.values()), list(Message.objects.values())) == before, f"{method} {path} changed something"


def test_without_a_key_every_address_answers_401(things: dict[str, Any], nobody: Caller) -> None:
    for method, path, body in operations():
        refused = nobody.ask(method, fill(path, things | {"name": "holder"}), body)
        assert (refused.status, refused.json["code"]) == (401, "unauthenticated"), f"{method} {path}: {refused}"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer"), f"{method} {path}"


def test_a_readers_key_changes_nothing(things: dict[str, Any], vera: Caller) -> None:
    before = everything()
    for method, path, body in operations():
        if method == "GET":
            continue
        refused = vera.ask(method, fill(path, things | {"name": "holder"}), _adapted(body, things))
        if path == "/api/v1/tasks/bulk":
            assert refused.status == 403 or refused.json["succeeded"] == 0, f"{method} {path}: {refused}"
        else:
            assert (refused.status, refused.json["code"]) == (403, "scope_missing"), f"{method} {path}: {refused}"
        assert everything() == before, f"{method} {path} changed something"


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in (Task, Message, Project, Phase, Event)]


def test_an_agents_key_plans_nothing(things: dict[str, Any], jared: Caller) -> None:
    before = everything()
    for method, path, body in planners_only():
        refused = jared.ask(method, fill(path, things | {"name": "holder"}), _adapted(body, things))
        assert (refused.status, refused.json["code"]) == (403, "scope_missing"), f"{method} {path}: {refused}"
    assert everything() == before


def _adapted(body: Any, things: dict[str, Any]) -> Any:
    return {**body, "tasks": [things["on_id"]]} if isinstance(body, dict) and body.get("action") else body


def test_the_table_knows_every_address_of_the_api() -> None:
    """Each pattern below /api/v1 is described, and so is in the tables above; the others are the seeds' and the health checks'."""
    resolver = next(each for each in urlpatterns if str(each.pattern) == "^api/v1/")
    described = {re.sub(r"\{(\w+)\}", "*", path) for _, path, _ in operations()} | {"/api/v1/tasks/*/brief.md"}
    for pattern in resolver.url_patterns:
        assert re.sub(r"<[^>]+>", "*", f"/api/v1/{pattern.pattern}") in described


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Basic bXN0Og=="}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer mst_a"}, 401),
        ({"authorization": "Bearer mst_a_b_c_d"}, 401),
        ({"authorization": "Bearer " + "x" * 5000}, 401),
        ({"authorization": "Bearer mst_\x00_b"}, 401),
        ({"x_api_key": "mst_ü_b"}, 401),
        ({"authorization": "Bearer mst_a_b", "x_api_key": "mst_c_d"}, 400),
    ],
)
def test_a_wrong_key_is_refused_in_one_way(nobody: Caller, db: None, headers: dict[str, str], status: int) -> None:
    assert nobody.get("me", **headers).status == status


def test_cookies_open_nothing(nobody: Caller, db: None) -> None:
    from django.test import Client

    from coordination.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("ada", password="x"))
    assert client.get("/api/v1/me").status_code == 401
    assert client.post("/api/v1/projects", b"{}", "application/json").status_code == 401


def test_guessing_is_slowed_down_and_locks_nobody_out(jared: Caller, nobody: Caller) -> None:
    wrong = Caller(jared.key[:-4] + "0000")
    answers = [wrong.get("me") for _ in range(30)]
    assert {answer.status for answer in answers} == {401, 429}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].json["retryable"] is True
    assert jared.get("me").status == 200
