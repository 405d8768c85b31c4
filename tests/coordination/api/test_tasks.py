"""/tasks: create, find, read, plan."""

import pytest

from coordination.actor import SYSTEM
from coordination.models import Phase, Project, Task
from coordination.operations import agents, projects
from tests.coordination.api.conftest import AddTask, Caller


def test_many_tasks_are_created_with_dependencies_among_them(planner: Caller, build: Phase) -> None:
    made = planner.post(
        "projects/shop/tasks",
        {
            "tasks": [
                {"ref": "schema", "title": "Write the schema", "capabilities": ["sql"], "criteria": ["It loads."], "instructions": "# Do"},
                {
                    "ref": "load",
                    "title": "Load",
                    "phase": "Build",
                    "needs": [{"on": "schema"}],
                    "files": {"context/a.bin": {"base64": "AP8="}},
                },
            ]
        },
    )
    assert made.status == 201, made
    schema, load = made.json["items"]
    assert (schema["ref"], schema["state"], load["state"], load["blockers"]) == ("schema", "queued", "waiting", 1)
    detail = planner.get(f"tasks/{load['id']}").json
    assert [(need["on"], need["satisfied"]) for need in detail["needs"]] == [(schema["id"], False)]
    assert planner.get(f"tasks/{schema['id']}").json["needed_by"] == [load["id"]]
    assert planner.get(f"tasks/{load['id']}/files/context/a.bin").json["base64"] == "AP8="


def test_a_task_that_nobody_could_run_says_so_when_it_is_written(planner: Caller, build: Phase) -> None:
    agents.register(name="jared", actor=SYSTEM, capabilities=["python"])
    made = planner.post("projects/shop/tasks", {"tasks": [{"title": "Weld", "capabilities": ["welding"]}, {"title": "Type"}]}).json
    assert [item["runnable_by"] for item in made["items"]] == [0, 1]
    assert [(each["task"], each["code"]) for each in made["warnings"]] == [(made["items"][0]["id"], "nobody_can_run")]
    assert "welding" in made["warnings"][0]["sentence"]
    assert planner.get(f"tasks/{made['items'][0]['id']}").json["warnings"] == made["warnings"]


@pytest.mark.django_db(transaction=True)
def test_all_or_nothing_is_created_and_a_circle_is_named(planner: Caller, build: Phase) -> None:
    refused = planner.post(
        "projects/shop/tasks",
        {"tasks": [{"ref": "a", "title": "A", "needs": [{"on": "b"}]}, {"ref": "b", "title": "B", "needs": [{"on": "a"}]}]},
    )
    assert (refused.status, refused.json["code"]) == (422, "cycle")
    assert set(refused.json["path"]) == {"a", "b"}
    assert not Task.objects.exists()


def test_agents_may_add_tasks_unless_the_project_says_no(jared: Caller, shop: Project, build: Phase) -> None:
    assert jared.post("projects/shop/tasks", {"tasks": [{"title": "Found this on the way"}]}).status == 201
    projects.edit_project(shop, {"agents_may_add": False}, actor=SYSTEM)
    assert jared.post("projects/shop/tasks", {"tasks": [{"title": "And this"}]}).json["code"] == "scope_missing"


def test_lists_are_filtered_by_every_documented_parameter(planner: Caller, jared: Caller, add: AddTask, build: Phase) -> None:
    first = add("Triage email", kind="email", priority=5, labels=["urgent", "mail"], capabilities=["python"], tier="light")
    second = add("Draw the logo", kind="art", priority=90, labels=["mail"], objective="A fox", parent=first)
    jared.post(f"tasks/{first.pk}/claim", {"brief": False})

    def found(query: str) -> list[int]:
        answer = planner.get(f"tasks?{query}")
        assert answer.status == 200, answer
        return [task["id"] for task in answer.json["items"]]

    both = [first.pk, second.pk]
    assert found("") == both
    assert found("order=-id") == both[::-1]
    assert found("order=priority") == both
    assert found("order=-state_since")[0] == first.pk
    assert found("project=shop") == both
    assert found("project=ghost") == []
    assert found(f"phase={build.pk}") == both
    assert found("status=claimed") == found("state=claimed") == [first.pk]
    assert found("state=claimed&state=queued") == both
    assert found("agent=jared") == [first.pk]
    assert found("kind=art") == [second.pk]
    assert found("band=critical") == [first.pk]
    assert found("tier=light") == [first.pk]
    assert found("label=mail") == both
    assert found("label=mail&label=urgent") == [first.pk]
    assert found("label=mai") == found("label=%25") == []
    assert found("capability=python") == [first.pk]
    assert found("q=fox") == [second.pk]
    assert found("q=LOGO+fox") == [second.pk]
    assert found(f"q=%23{first.pk}") == [first.pk]
    assert found(f"parent={first.pk}") == [second.pk]
    assert found("created_since=2020-01-01T00:00:00Z") == both
    assert found("updated_since=2990-01-01T00:00:00Z") == []


@pytest.mark.parametrize("order", ["id", "-id", "queue", "priority", "-state_since"])
def test_pages_follow_each_other_without_a_gap_or_a_repeat(planner: Caller, add: AddTask, order: str) -> None:
    expected = {add(f"T{number}", priority=number % 3).pk for number in range(7)}
    seen: list[int] = []
    path = f"tasks?limit=3&order={order}"
    while path:
        answer = planner.get(path)
        seen += [task["id"] for task in answer.json["items"]]
        link = answer.headers.get("Link", "")
        assert bool(link) == bool(answer.json["next_cursor"])
        path = link.partition(">")[0].lstrip("<")
    assert len(seen) == 7
    assert set(seen) == expected


def test_polling_with_the_etag_costs_nothing_until_something_changes(planner: Caller, add: AddTask) -> None:
    task = add()
    for path in (f"tasks/{task.pk}", "tasks", f"tasks/{task.pk}/brief", "projects", "projects/shop", "agents", f"tasks/{task.pk}/explain"):
        first = planner.get(path)
        again = planner.get(path, if_none_match=first.headers["ETag"])
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    before = planner.get(f"tasks/{task.pk}").headers["ETag"]
    planner.patch(f"tasks/{task.pk}", {"priority": 1})
    assert planner.get(f"tasks/{task.pk}", if_none_match=before).status == 200


def test_an_edit_of_something_that_changed_meanwhile_is_refused(planner: Caller, add: AddTask) -> None:
    task = add()
    tag = planner.get(f"tasks/{task.pk}").headers["ETag"]
    first = planner.patch(f"tasks/{task.pk}", {"priority": 1}, if_match=tag)
    assert (first.status, first.json["priority"]) == (200, 1)
    stale = planner.patch(f"tasks/{task.pk}", {"priority": 2}, if_match=tag)
    assert (stale.status, stale.json["code"]) == (412, "precondition_failed")
    assert planner.patch(f"tasks/{task.pk}", {"priority": 3}, if_match=first.headers["ETag"]).json["priority"] == 3


def test_only_what_is_sent_is_changed(planner: Caller, add: AddTask, jared: Caller) -> None:
    task = add(labels=["a"], objective="Keep me")
    edited = planner.patch(f"tasks/{task.pk}", {"assigned_to": "jared", "tier": "heavy", "not_before": "2999-01-01T00:00:00Z"}).json
    assert (edited["assigned_to"], edited["tier"], edited["state"]) == ("jared", "heavy", "waiting")
    assert (edited["labels"], edited["objective"]) == (["a"], "Keep me")
    assert planner.patch(f"tasks/{task.pk}", {"assigned_to": None, "not_before": None}).json["state"] == "queued"


def test_a_planner_moves_a_task_through_its_life(planner: Caller, jared: Caller, add: AddTask) -> None:
    task = add(review_policy="required")
    token = jared.post(f"tasks/{task.pk}/claim").json["lease_token"]
    assert planner.post(f"tasks/{task.pk}/take-back", {"reason": "wrong agent"}).json["state"] == "queued"
    assert jared.post(f"tasks/{task.pk}/complete", {"lease_token": token}).json["code"] == "lease_lost"
    token = jared.post(f"tasks/{task.pk}/claim").json["lease_token"]
    assert jared.post(f"tasks/{task.pk}/complete", {"lease_token": token, "result": "v1"}).json["state"] == "review"
    assert jared.post(f"tasks/{task.pk}/approve").json["code"] == "author_may_not_review"
    assert planner.post(f"tasks/{task.pk}/request-changes", {"comments": "Add an index."}).json["state"] == "queued"
    claimed = jared.post(f"tasks/{task.pk}/claim").json
    assert "Add an index." in str(claimed["brief"]["earlier_attempts"])
    jared.post(f"tasks/{task.pk}/complete", {"lease_token": claimed["lease_token"], "result": "v2"})
    assert planner.post(f"tasks/{task.pk}/approve", {"comments": "Good."}).json["state"] == "done"
    assert planner.post(f"tasks/{task.pk}/requeue").json["state"] == "queued"
    assert planner.post(f"tasks/{task.pk}/cancel").json["state"] == "cancelled"
    attempts = planner.get(f"tasks/{task.pk}/attempts").json["items"]
    assert [attempt["outcome"] for attempt in attempts] == ["released", "submitted", "submitted"]
    assert planner.get(f"attempts/{attempts[1]['id']}").json["reviews"][0]["comments"] == "Add an index."


def test_dependencies_are_added_and_removed_and_never_close_a_circle(planner: Caller, add: AddTask) -> None:
    first, second = add("One"), add("Two")
    assert planner.put(f"tasks/{second.pk}/needs/{first.pk}", {"kind": "finished"}).json["state"] == "waiting"
    refused = planner.put(f"tasks/{first.pk}/needs/{second.pk}")
    assert (refused.status, refused.json["code"], refused.json["path"]) == (422, "cycle", [first.pk, second.pk, first.pk])
    changed = planner.patch(f"tasks/{second.pk}/needs/{first.pk}", {"kind": "failure"})
    assert [(need["on"], need["kind"]) for need in changed.json["needs"]] == [(first.pk, "failure")]
    assert planner.patch(f"tasks/{second.pk}/needs/{first.pk}", {}).status == 422
    assert planner.patch(f"tasks/{second.pk}/needs/{first.pk}", {"kind": "luck"}).status == 422
    assert planner.patch(f"tasks/{first.pk}/needs/{second.pk}", {"kind": "failure"}).json["code"] == "not_found"
    assert planner.delete(f"tasks/{second.pk}/needs/{first.pk}").status == 204
    assert planner.get(f"tasks/{second.pk}").json["state"] == "queued"


def test_a_bulk_action_tells_of_each_task(planner: Caller, add: AddTask, lab: Project) -> None:
    first, second = add("One"), add("Two")
    planner.post(f"tasks/{second.pk}/cancel")
    told = planner.post("tasks/bulk", {"action": "cancel", "tasks": [first.pk, second.pk, 987654]}).json
    assert [(each["ok"], each["code"]) for each in told["items"]] == [(True, ""), (False, "wrong_state"), (False, "not_found")]
    assert (told["succeeded"], told["failed"]) == (1, 2)
    assert planner.post("tasks/bulk", {"action": "reprioritise", "tasks": [first.pk]}).status == 422
    assert planner.post("tasks/bulk", {"action": "edit", "tasks": [first.pk], "changes": {"labels": ["x"]}}).json["succeeded"] == 1
    assert planner.post("tasks/bulk", {"action": "requeue", "tasks": [first.pk, second.pk]}).json["succeeded"] == 2


def test_a_task_explains_itself_in_words_and_as_data(planner: Caller, jean: Caller, add: AddTask) -> None:
    task = add(capabilities=["welding"])
    told = planner.get(f"tasks/{task.pk}/explain").json
    assert told["summary"]
    assert told["reasons"]
    for_jean = planner.get(f"tasks/{task.pk}/explain?agent=jean").json
    assert "welding" in for_jean["summary"]
    assert planner.get(f"tasks/{task.pk}/explain?agent=ghost").status == 404


def test_the_brief_is_json_or_markdown(planner: Caller, jared: Caller, add: AddTask) -> None:
    task = add(instructions="# Do it", criteria=["It works."])
    assert planner.get(f"tasks/{task.pk}/brief").json["criteria"] == ["It works."]
    for answer in (
        planner.get(f"tasks/{task.pk}/brief", accept="text/markdown"),
        planner.get(f"tasks/{task.pk}/brief?format=markdown"),
        planner.get(f"tasks/{task.pk}/brief.md"),
    ):
        assert answer.headers["Content-Type"].startswith("text/markdown")
        assert "# Do it" in answer.content.decode()
    jared.post(f"tasks/{task.pk}/claim")
    assert planner.get(f"tasks/{task.pk}/brief?attempt=1").json["agent"] == "jared"
    assert planner.get(f"tasks/{task.pk}/brief?attempt=2").status == 404
