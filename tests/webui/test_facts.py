"""Facts of a task edited one at a time: saved alone, undone alone, and never over somebody else's change unseen."""

import json

import pytest
from django.http import HttpResponse

from coordination.lifecycle import State
from coordination.models import Agent, Phase, Project, Task, User
from coordination.operations import phases
from coordination.operations.creation import NewTask, create_task
from coordination.operations.tasks import edit_task
from tests.webui.conftest import signed_in
from webui.facts import FACTS, as_mark, shown

IN_PLACE = {"HX-Request": "true"}


def undo_of(response: HttpResponse) -> dict[str, object]:
    found: dict[str, object] = json.loads(response.headers["HX-Trigger"])["muster:said"]["undo"]
    return found


@pytest.mark.parametrize("name", list(FACTS))
def test_every_fact_has_a_form_that_saves_what_it_shows(pat: User, task: Task, name: str) -> None:
    client = signed_in(pat)
    page = client.get(f"/t/{task.pk}/facts/{name}")
    assert page.status_code == 200
    fields = shown(task, list(FACTS[name].fields(task)))
    assert client.post(f"/t/{task.pk}/facts/{name}/save", fields | {"was": as_mark(fields)}).status_code == 302
    before = task.version
    task.refresh_from_db()
    assert task.version == before, "saving what stands there changes nothing"


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("title", {"title": "Write a better parser"}, "Write a better parser"),
        ("labels", {"labels": "b, a,,a"}, ["a", "b"]),
        ("capabilities", {"capabilities": "sql"}, ["sql"]),
        ("criteria", {"criteria": "One\n\nTwo"}, ["One", "Two"]),
        ("tier", {"tier": "heavy"}, "heavy"),
        ("max_attempts", {"max_attempts": "7"}, 7),
        ("timeout", {"timeout": ""}, None),
        ("on_change", {"on_change": "stop"}, "stop"),
        ("lease_mode", {"lease_mode": "manual"}, "manual"),
    ],
)
def test_a_fact_is_saved_alone(pat: User, task: Task, name: str, typed: dict[str, str], expected: object) -> None:
    assert signed_in(pat).post(f"/t/{task.pk}/facts/{name}/save", typed, headers=IN_PLACE).status_code == 204
    task.refresh_from_db()
    assert getattr(task, name) == expected


def test_a_change_is_undone_to_the_old_value(pat: User, task: Task, jared: Agent) -> None:
    client = signed_in(pat)
    saved = client.post(f"/t/{task.pk}/facts/assigned_to/save", {"assigned_to": jared.pk, "fallback_after": 60}, headers=IN_PLACE)
    task.refresh_from_db()
    assert (task.assigned_to, task.fallback_after) == (jared, 60)
    undo = undo_of(saved)
    assert client.post(str(undo["url"]), undo["fields"], headers=IN_PLACE).status_code == 204
    task.refresh_from_db()
    assert (task.assigned_to, task.fallback_after) == (None, None)


def test_a_phase_and_a_start_time_are_changed(pat: User, project: Project, task: Task) -> None:
    later = phases.create_phase(project, name="Verify", actor=pat.actor)
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/facts/phase/save", {"phase": later.pk})
    client.post(f"/t/{task.pk}/facts/not_before/save", {"not_before": "2090-05-06T07:08"})
    task.refresh_from_db()
    assert task.phase == later
    assert task.not_before is not None
    assert f"{task.not_before:%Y-%m-%d %H:%M}" == "2090-05-06 07:08"


def test_somebody_else_s_change_of_the_same_fact_shows_both(pat: User, ada: User, task: Task) -> None:
    was = as_mark(shown(task, ["priority"]))
    edit_task(task, {"priority": 7}, actor=ada.actor)
    client = signed_in(pat)
    answer = client.post(f"/t/{task.pk}/facts/priority/save", {"priority": "33", "was": was}, headers=IN_PLACE)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#fact-priority"
    assert "<bdi>7</bdi>" in page
    assert "<bdi>ada</bdi>" in page
    assert 'value="33"' in page
    task.refresh_from_db()
    assert task.priority == 7
    mark = as_mark(shown(task, ["priority"]))
    assert client.post(f"/t/{task.pk}/facts/priority/save", {"priority": "33", "was": mark}).status_code == 302
    task.refresh_from_db()
    assert task.priority == 33


def test_somebody_else_s_change_of_another_fact_is_no_conflict(pat: User, ada: User, task: Task) -> None:
    was = as_mark(shown(task, ["priority"]))
    edit_task(task, {"title": "Renamed meanwhile"}, actor=ada.actor)
    assert signed_in(pat).post(f"/t/{task.pk}/facts/priority/save", {"priority": "33", "was": was}).status_code == 302
    task.refresh_from_db()
    assert (task.priority, task.title) == (33, "Renamed meanwhile")


def test_a_task_cannot_be_a_part_of_itself(pat: User, task: Task, phase: Phase, project: Project) -> None:
    child = create_task(project, NewTask(title="Part", phase=phase, parent=task), actor=pat.actor)
    answer = signed_in(pat).post(f"/t/{task.pk}/facts/parent/save", {"parent": f"#{child.pk}"}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "cannot be its parent" in answer.content.decode()


def test_a_viewer_changes_no_fact_and_an_unknown_one_is_not_found(vera: User, pat: User, task: Task) -> None:
    assert signed_in(vera).get(f"/t/{task.pk}/facts/tier").status_code == 403
    assert signed_in(vera).post(f"/t/{task.pk}/facts/tier/save", {"tier": "heavy"}).status_code == 403
    assert signed_in(pat).get(f"/t/{task.pk}/facts/head").status_code == 404


def test_calling_off_is_undone(pat: User, task: Task) -> None:
    client = signed_in(pat)
    undo = undo_of(client.post(f"/t/{task.pk}/cancel", headers=IN_PLACE))
    task.refresh_from_db()
    assert task.state == State.CANCELLED
    client.post(str(undo["url"]), undo["fields"], headers=IN_PLACE)
    task.refresh_from_db()
    assert task.state == State.QUEUED


def test_a_dependency_is_found_by_words_and_its_removal_undone(pat: User, project: Project, phase: Phase, task: Task) -> None:
    other = create_task(project, NewTask(title="Settle the names", phase=phase), actor=pat.actor)
    client = signed_in(pat)
    assert f'value="{other.pk}"' in client.get(f"/t/{task.pk}/needs/find?on=settle+names", headers=IN_PLACE).content.decode()
    assert f'value="{other.pk}"' in client.post(f"/t/{task.pk}/needs", {"on": "settle"}).content.decode()
    client.post(f"/t/{task.pk}/needs", {"on": "settle", "pick": other.pk, "kind": "finished"}, headers=IN_PLACE)
    assert task.dependencies.get().kind == "finished"
    undo = undo_of(client.post(f"/t/{task.pk}/needs/{other.pk}/remove", headers=IN_PLACE))
    assert not task.dependencies.exists()
    client.post(str(undo["url"]), undo["fields"])
    assert task.dependencies.get().kind == "finished"


def test_a_sub_task_is_added_and_taken_back(pat: User, task: Task) -> None:
    client = signed_in(pat)
    undo = undo_of(client.post(f"/t/{task.pk}/children", {"title": "A part of it"}, headers=IN_PLACE))
    child = task.children.get()
    assert "A part of it" in client.get(f"/t/{task.pk}/").content.decode()
    client.post(str(undo["url"]), undo["fields"])
    child.refresh_from_db()
    assert child.state == State.CANCELLED
