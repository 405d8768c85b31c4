"""Home, plan, agents, messages, activity, settings, account: what each shows, and who may do what on it."""

import re

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, PhaseState
from coordination.models import Agent, ApiKey, Membership, Message, Phase, Project, Task, User
from coordination.operations import finish, phases
from coordination.operations.creation import NewTask, create_task
from coordination.operations.projects import create_project
from tests.webui.conftest import PASSWORD, signed_in, started

MOST_QUERIES = 15


def test_home_lists_projects_with_progress_and_what_needs_a_person(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which names?")
    page = signed_in(ada).get("/").content.decode()
    assert "Which names?" in page
    assert "<title>(1) Projects" in page
    assert "0</b> of <b>1</b> done" in page


def test_home_takes_the_same_queries_for_many_projects(ada: User, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(12):
        project = create_project(slug=f"p{number}", name=f"Project {number}", actor=ada.actor)
        phases.create_phase(project, name="One", actor=ada.actor)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get("/").status_code == 200


def test_an_admin_makes_a_project_and_is_led_to_its_plan(ada: User) -> None:
    response = signed_in(ada).post("/p", {"name": "Mine", "slug": "mine"})
    assert response.headers["Location"] == "/p/mine/plan"
    assert Membership.objects.get(user=ada).role == "admin"


def test_a_person_without_a_project_is_told_whom_to_ask(stranger: User) -> None:
    client = signed_in(stranger)
    page = client.get("/").content.decode()
    assert "ask an admin of a project to add you" in page
    assert "New project" not in page
    assert client.post("/p", {"name": "Mine", "slug": "mine"}).status_code == 403


def test_a_taken_slug_is_refused_in_words(ada: User, project: Project) -> None:
    response = signed_in(ada).post("/p", {"name": "Again", "slug": "tally"}, headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "choose another slug" in response.content.decode()


def test_the_plan_shows_phases_in_order_and_takes_few_queries(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("Verify", "Release", "After"):
        later = phases.create_phase(project, name=name, actor=ada.actor)
        for number in range(15):
            create_task(project, NewTask(title=f"{name} {number}", phase=later), actor=ada.actor)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/plan").content.decode()
    assert page.index("<bdi>Build</bdi>") < page.index("<bdi>Verify</bdi>") < page.index("<bdi>Release</bdi>")
    assert "3 more in this phase" in page


def test_a_planner_adds_a_phase_and_approves_its_gate(pat: User, project: Project) -> None:
    client = signed_in(pat)
    client.post("/p/tally/phases", {"name": "Release", "gate": Gate.APPROVAL})
    phase = Phase.objects.get()
    assert phase.state == PhaseState.PLANNED
    assert "Open the gate" in client.get("/p/tally/plan").content.decode()
    client.post(f"/phases/{phase.pk}/approve")
    phase.refresh_from_db()
    assert phase.state == PhaseState.ACTIVE


def test_a_planner_pauses_and_resumes_phase_and_project(pat: User, project: Project, phase: Phase) -> None:
    client = signed_in(pat)
    client.post(f"/phases/{phase.pk}/pause")
    phase.refresh_from_db()
    assert phase.state == PhaseState.PAUSED
    client.post(f"/phases/{phase.pk}/resume")
    client.post("/p/tally/pause", {"reason": "Holidays"})
    assert "Holidays" in client.get("/p/tally/plan").content.decode()
    client.post("/p/tally/resume")
    project.refresh_from_db()
    assert not project.is_paused


def test_a_planner_links_edits_moves_and_describes_phases(pat: User, project: Project, phase: Phase) -> None:
    client = signed_in(pat)
    client.post("/p/tally/phases", {"name": "Verify", "gate": Gate.AUTO})
    verify = Phase.objects.get(name="Verify")
    client.post(f"/phases/{verify.pk}/unlink/{phase.pk}")
    verify.refresh_from_db()
    assert verify.state == PhaseState.ACTIVE
    client.post(f"/phases/{verify.pk}/edit", {"name": "Check", "description": "Twice", "gate": Gate.AUTO})
    client.post(f"/phases/{verify.pk}/up")
    client.post(f"/phases/{verify.pk}/status", {"status_line": "On time", "blockers": "No logs\nNo disk"})
    verify.refresh_from_db()
    assert (verify.name, verify.position, verify.status_line, verify.blockers) == ("Check", 1, "On time", ["No logs", "No disk"])


def test_a_new_task_is_written_with_all_its_details(pat: User, project: Project, phase: Phase) -> None:
    client = signed_in(pat)
    assert client.get(f"/p/tally/tasks/new?phase={phase.pk}").status_code == 200
    form = {"title": "Write it", "phase": phase.pk, "instructions": "Do it.", "criteria": "It works", "priority": 7, "tier": "heavy"}
    client.post("/p/tally/tasks", form | {"capabilities": "python, sql", "review_policy": "required", "max_attempts": 2})
    task = Task.objects.get()
    assert (task.title, task.tier, task.capabilities, task.criteria) == ("Write it", "heavy", ["python", "sql"], ["It works"])
    assert task.files.get().text == "Do it."


def test_a_viewer_cannot_change_the_plan(vera: User, project: Project, phase: Phase) -> None:
    client = signed_in(vera)
    assert "New phase" not in client.get("/p/tally/plan").content.decode()
    for path in ("/p/tally/phases", f"/phases/{phase.pk}/pause", f"/phases/{phase.pk}/edit", "/p/tally/pause", "/p/tally/tasks"):
        assert client.post(path, {"name": "x", "gate": "auto"}).status_code == 403, path


def test_agents_show_what_they_do_and_how_to_start_one(
    ada: User, task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    started(task, jared, key)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/a/").content.decode()
    assert "Jared" in page
    assert f"#{task.pk} <bdi>Write the parser" in page
    assert "http://testserver" in page


def test_only_an_admin_of_everything_retires_an_agent(ada: User, pat: User, jared: Agent) -> None:
    assert signed_in(pat).post("/a/jared/retire").status_code == 403
    client = signed_in(ada)
    client.post("/a/jared/retire")
    client.get("/a/")  # the first page still says what was done
    assert "Jared" not in client.get("/a/").content.decode()
    assert "Retired" in client.get("/a/?retired").content.decode()
    client.post("/a/jared/unretire")
    jared.refresh_from_db()
    assert jared.retired_at is None


def test_messages_go_to_everybody_or_to_one_agent(pat: User, vera: User, project: Project, jared: Agent) -> None:
    client = signed_in(pat)
    client.post("/p/tally/messages/say", {"text": "Good morning", "to": "jared"})
    assert Message.objects.get().to_agent == jared
    assert "Good morning" in client.get("/p/tally/messages").content.decode()
    assert signed_in(vera).post("/p/tally/messages/say", {"text": "x"}).status_code == 403


def test_activity_tells_who_did_what_newest_first(ada: User, project: Project, task: Task) -> None:
    client = signed_in(ada)
    page = client.get("/p/tally/activity").content.decode()
    assert page.index("saved a version of the files of") < page.index("created the project")
    assert "created the project" not in client.get("/p/tally/activity?kind=task").content.decode()


def test_a_key_is_shown_once(ada: User, project: Project) -> None:
    client = signed_in(ada)
    shown = client.post("/p/tally/settings/keys", {"name": "worker", "scope": "agent"})
    raw = re.search(r"mst_[0-9a-f]+_[0-9a-f]{20,}", shown.content.decode())
    assert raw is not None
    assert shown.headers["Cache-Control"] == "private, no-store"
    again = client.get("/p/tally/settings").content.decode()
    assert raw.group() not in again
    assert "worker" in again
    key = ApiKey.objects.get()
    client.post(f"/p/tally/settings/keys/{key.pk}/revoke")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_only_admins_see_keys_and_change_settings(pat: User, ada: User, project: Project, key: ApiKey) -> None:
    client = signed_in(pat)
    assert "fleet" not in client.get("/p/tally/settings").content.decode()
    assert client.post("/p/tally/settings/keys", {"name": "x", "scope": "agent"}).status_code == 403
    assert client.post("/p/tally/settings/members", {"username": "ada", "role": "viewer"}).status_code == 403
    assert client.post(f"/p/tally/settings/keys/{key.pk}/revoke").status_code == 403


def test_settings_and_members_are_saved(ada: User, stranger: User, project: Project) -> None:
    client = signed_in(ada)
    form = {"name": "Tally two", "review_policy": "required", "max_attempts": 5, "lease_ttl": 300, "version": project.version}
    form |= {"on_change": "stop", "rerun": "as_it_was"}
    assert client.post("/p/tally/settings/save", form).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.review_policy, project.lease_ttl, project.agents_may_add) == ("Tally two", "required", 300, False)
    assert client.post("/p/tally/settings/save", form).status_code == 412
    client.post("/p/tally/settings/members", {"username": "mallory", "role": "viewer"})
    assert signed_in(stranger).get("/p/tally/").status_code == 200
    client.post(f"/p/tally/settings/members/{stranger.pk}/remove")
    assert signed_in(stranger).get("/p/tally/").status_code == 404


def test_the_theme_is_in_the_first_answer(ada: User) -> None:
    client = signed_in(ada)
    client.post("/account/save", {"theme": "dark", "time_zone": "Europe/Lisbon", "shortcuts": "on"})
    assert '<html lang="en-GB" data-theme="dark">' in client.get("/account").content.decode()


def test_keys_of_one_letter_can_be_switched_off(ada: User) -> None:
    client = signed_in(ada)
    client.post("/account/save", {"theme": "system", "time_zone": "UTC"})
    assert 'data-shortcuts="off"' in client.get("/account").content.decode()


def test_a_password_is_changed_and_the_session_stays(ada: User) -> None:
    client = Client()
    assert client.login(username="ada", password=PASSWORD)
    new = "another long password"
    client.post("/account/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert client.get("/account").status_code == 200
    ada.refresh_from_db()
    assert ada.check_password(new)


def test_a_wrong_old_password_is_refused_at_its_field(ada: User) -> None:
    new = "another long password"
    response = signed_in(ada).post("/account/password", {"old_password": "wrong", "new_password1": new, "new_password2": new})
    assert response.status_code == 422
    assert "id_old_password_error" in response.content.decode()
