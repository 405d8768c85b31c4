"""Home: what waits for a person is answered in place, first steps tick themselves off, and a look costs few queries."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Agent, ApiKey, Phase, Project, Task, User
from coordination.models.clock import now
from coordination.operations import finish, phases
from coordination.operations.creation import NewTask, create_task
from coordination.operations.projects import create_project
from coordination.operations.sample import make
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15


def shown(client: Client) -> str:
    return client.get("/").content.decode()


def state_of(task: Task) -> str:
    return Task.objects.values_list("state", flat=True).get(pk=task.pk)


def test_a_question_is_answered_where_it_is_read(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which names?")
    client = signed_in(pat)
    page = shown(client)
    assert "<title>(1) Projects" in page
    assert "Which names?" in page
    assert f'action="/t/{task.pk}/answer"' in page
    client.post(f"/t/{task.pk}/answer", {"text": "Those of the manual", "next": "/"})
    assert state_of(task) == State.QUEUED
    assert "<title>Projects" in shown(client)


def test_reviews_gates_failures_and_proposals_take_one_click(
    pat: User, project: Project, phase: Phase, jared: Agent, key: ApiKey, ada: User
) -> None:
    reviewed = create_task(project, NewTask(title="Reviewed", phase=phase, review_policy="required"), actor=ada.actor)
    finish.complete(started(reviewed, jared, key), finish.Report(result="All **green**:\n\n- `make test` ran\n"))
    failed = create_task(project, NewTask(title="Failed", phase=phase), actor=ada.actor)
    finish.fail(started(failed, jared, key), finish.Report(error="No disk"), retryable=False)
    proposed = create_task(project, NewTask(title="Proposed", phase=phase, awaits_person=True), actor=ada.actor)
    gated = phases.create_phase(project, name="Release", gate=Gate.APPROVAL, after=[], actor=ada.actor)
    client = signed_in(pat)
    page = shown(client)
    assert "<title>(4) Projects" in page
    assert "No disk" in page
    assert "<bdi>All green: make test ran</bdi>" in page
    for path in (f"/t/{reviewed.pk}/approve", f"/t/{failed.pk}/requeue", f"/t/{proposed.pk}/let-run", f"/phases/{gated.pk}/approve"):
        assert f'action="{path}"' in page
        assert client.post(path, {"next": "/"}).headers["Location"] == "/"
    assert [state_of(task) for task in (reviewed, failed, proposed)] == [State.DONE, State.QUEUED, State.QUEUED]
    assert "<title>Projects" in shown(client)


def test_silent_agents_and_work_for_nobody_are_named(ada: User, project: Project, phase: Phase, jared: Agent) -> None:
    create_task(project, NewTask(title="Weld", phase=phase, capabilities=["welding"]), actor=ada.actor)
    Agent.objects.update(silent_since=now())
    client = signed_in(ada)
    page = shown(client)
    assert "No living agent has tier standard or the capability welding." in page
    assert 'action="/a/jared/retire"' in page
    client.post("/a/jared/retire")
    assert 'action="/a/jared/retire"' not in shown(client)


def test_viewers_are_not_called(vera: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which names?")
    page = shown(signed_in(vera))
    assert "<title>Projects" in page
    assert "Needs you" not in page


def test_it_shows_who_is_at_work_and_what_happened_last(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    page = shown(signed_in(pat))
    assert page.index("At work now") < page.index("<bdi>Jared</bdi>") < page.index("Latest") < page.index("claimed")


def test_the_first_steps_tick_themselves_off(ada: User, task: Task) -> None:
    client = signed_in(ada)
    page = shown(client)
    assert "Make a key in the settings" in page
    assert "export MUSTER_URL=http://testserver" in page
    client.post("/p/tally/settings/keys", {"name": "worker", "scope": "agent"})
    page = shown(client)
    assert (page.count("step is-done"), "Let an agent say hello" in page) == (1, True)
    key = ApiKey.objects.get()
    jared = Agent.objects.create(name="jared", tiers=["standard"], registered_at=now(), last_seen_at=now(), registered_by=key)
    assert shown(client).count("step is-done") == 2
    Task.objects.update(state=State.DONE)
    assert "Three steps" not in shown(client)
    assert jared.registered_by == key


def test_a_sample_project_is_one_button_away(ada: User, pat: User) -> None:
    client = signed_in(ada)
    assert "Make a sample project" in shown(client)
    assert client.post("/sample").headers["Location"] == "/p/tally-2/"
    assert client.post("/sample").headers["Location"] == "/p/tally-3/"
    assert signed_in(pat).post("/sample").status_code == 403


@pytest.mark.parametrize("name", ["ada", "pat"])
def test_many_projects_with_much_to_do_take_few_queries(
    ada: User, pat: User, django_assert_max_num_queries: DjangoAssertNumQueries, name: str
) -> None:
    make("sample", ada.actor)
    for number in range(10):
        project = create_project(slug=f"p{number}", name=f"Project {number}", actor=pat.actor)
        phases.create_phase(project, name="Gated", gate=Gate.APPROVAL, actor=ada.actor)
        last = phases.create_phase(project, name="Last", after=[], actor=ada.actor)
        for title in ("One", "Two"):
            create_task(project, NewTask(title=title, phase=last, capabilities=["welding"]), actor=ada.actor)
    client = signed_in({"ada": ada, "pat": pat}[name])
    with django_assert_max_num_queries(MOST_QUERIES):
        shown(client)


def test_of_many_phases_those_are_shown_where_work_goes_on(ada: User, project: Project) -> None:
    made = [phases.create_phase(project, name=f"Step {number:02}", actor=ada.actor) for number in range(30)]
    Phase.objects.filter(pk__in=[phase.pk for phase in made[:10]]).update(state=PhaseState.COMPLETED)
    page = shown(signed_in(ada))
    assert [number for number in range(30) if f"<bdi>Step {number:02}</bdi>" in page] == list(range(9, 17))
    assert "and 22 more phases" in page


def test_a_long_inbox_shows_its_first_entries_and_counts_the_rest(ada: User, project: Project, phase: Phase) -> None:
    for number in range(3):
        create_task(project, NewTask(title=f"Failed {number}", phase=phase), actor=ada.actor)
    first = Task.objects.order_by("pk")[0]
    Task.objects.update(state=State.FAILED)
    assert "more-needs" not in shown(signed_in(ada))
    Task.objects.bulk_create(
        Task(project=project, phase=phase, lane=first.lane, title="Copy", state=State.FAILED, state_since=now(), created_at=now())
        for _ in range(107)
    )
    page = shown(signed_in(ada))
    assert "<title>(99+) Projects" in page
    assert '<span class="count">99+</span>' in page
    assert "<summary>52 more</summary>" in page
    assert "and many more, on the boards of their projects" in page
