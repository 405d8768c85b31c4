"""The plan: order, gates, stopping, splitting, picking, forecast; who may do what; and that a large one stays cheap."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Agent, ApiKey, Attempt, Dependency, Event, Phase, Project, Task, User
from coordination.models.clock import now
from coordination.operations import finish, phases
from coordination.operations.creation import Need, NewTask, create_task, create_tasks
from tests.factories import behind
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15
HTMX = {"HX-Request": "true"}


@pytest.fixture
def planner(pat: User) -> Client:
    return signed_in(pat)


def in_order() -> list[str]:
    return list(Phase.objects.order_by("position").values_list("name", flat=True))


def shown(client: Client, path: str = "/p/tally/plan") -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def worked(task: Task, agent: Agent, key: ApiKey, minutes: int) -> None:
    """Let the agent finish the task in an attempt of that many minutes."""
    finish.complete(started(task, agent, key), finish.Report(result="Done"))
    Attempt.objects.filter(task=task).update(claimed_at=now() - timedelta(minutes=minutes))


def test_a_phase_is_added_at_a_place(planner: Client, phase: Phase, ada: User) -> None:
    release = phases.create_phase(phase.project, name="Release", actor=ada.actor)
    assert f'<option value="{phase.pk}" selected>After Build</option>' in shown(planner, f"/p/tally/plan?behind={phase.pk}")
    planner.post("/p/tally/phases", {"name": "Verify", "gate": Gate.AUTO, "behind": phase.pk})
    assert in_order() == ["Build", "Verify", "Release"]
    assert [link.after.name for link in release.links.all()] == ["Verify"]


def test_a_phase_is_added_at_the_end_by_a_page_that_is_older_than_the_last_phase(planner: Client, ada: User, project: Project) -> None:
    assert '<option value="" selected>Last of all</option>' in shown(planner)
    for name in ("Survey", "Build"):
        planner.post("/p/tally/phases", {"name": name, "gate": Gate.AUTO, "behind": ""})
    planner.post("/p/tally/phases", {"name": "Found", "gate": Gate.AUTO, "behind": "first"})
    assert in_order() == ["Found", "Survey", "Build"]
    assert [link.after.name for link in Phase.objects.get(name="Build").links.all()] == ["Survey"]


def test_a_phase_that_is_gone_is_no_place_for_a_new_one(planner: Client, phase: Phase, ada: User) -> None:
    gone = phases.create_phase(phase.project, name="Gone", actor=ada.actor)
    assert f'<option value="{gone.pk}">After Gone</option>' in planner.get("/p/tally/plan", headers=HTMX).content.decode()
    asked = {"name": "Verify", "gate": Gate.AUTO, "behind": gone.pk}
    phases.delete_phase(gone, actor=ada.actor)
    refused = planner.post("/p/tally/phases", asked, headers=HTMX)
    assert "The phase that it was to follow is gone. Choose another place." in refused.content.decode()
    assert in_order() == ["Build"]


def test_a_new_task_is_offered_the_phase_that_is_at_work(planner: Client, phase: Phase, ada: User) -> None:
    Phase.objects.filter(pk=phase.pk).update(state=PhaseState.COMPLETED)
    planned, active = (phases.create_phase(phase.project, name=name, actor=ada.actor) for name in ("Planned", "At work"))
    Phase.objects.filter(pk=planned.pk).update(state=PhaseState.PLANNED)
    Phase.objects.filter(pk=active.pk).update(state=PhaseState.ACTIVE)
    assert f'<option value="{active.pk}" selected>At work</option>' in shown(planner, "/p/tally/tasks/new")


def test_a_task_without_a_phase_to_stand_in_is_told_what_comes_first(planner: Client, project: Project) -> None:
    assert "Add the first phase to the plan" in shown(planner, "/p/tally/tasks/new")


def test_moving_a_phase_says_what_it_did_and_can_be_undone(planner: Client, phase: Phase, ada: User) -> None:
    for name in ("Verify", "Release"):
        phases.create_phase(phase.project, name=name, actor=ada.actor)
    release = Phase.objects.get(name="Release")
    said = planner.post(f"/phases/{release.pk}/up", headers=HTMX).headers["HX-Trigger"]
    assert "Release moved and begins after Build." in said
    assert in_order() == ["Build", "Release", "Verify"]
    assert '"position": ["3"]' in said
    planner.post(f"/phases/{release.pk}/move", {"position": 3})
    assert in_order() == ["Build", "Verify", "Release"]
    assert (
        "What waits for what is as it was."
        in planner.post(f"/phases/{release.pk}/move", {"position": 1}, headers=HTMX).headers["HX-Trigger"]
    )


def test_a_drain_is_previewed_shown_and_ended(planner: Client, phase: Phase, task: Task, jared: Agent, key: ApiKey, ada: User) -> None:
    create_task(phase.project, NewTask(title="Queued"), actor=ada.actor)
    later = phases.create_phase(phase.project, name="Verify", actor=ada.actor)
    create_tasks(phase.project, [NewTask(title="A", phase=later), NewTask(title="B", phase=later)], actor=ada.actor)
    started(task, jared, key)
    preview = shown(planner, f"/phases/{phase.pk}/")
    assert "1 running attempt goes on to the end. 1 queued task is not handed out; 2 later tasks wait until you resume." in preview
    assert "1 running attempt ends now: its agent is told to stop" in preview
    assert "1 queued task is not handed out" in shown(planner, "/p/tally/hold")
    said = planner.post(f"/phases/{phase.pk}/drain", headers=HTMX).headers["HX-Trigger"]
    assert f'"url": "/phases/{phase.pk}/resume"' in said
    page = shown(planner)
    assert "Draining</span>" in page
    assert "1 running attempt goes on to the end." in page
    planner.post(f"/phases/{phase.pk}/stop", {"reason": "Too slow"})
    task.refresh_from_db()
    assert task.state == State.WAITING
    assert Event.objects.filter(kind="phase.drained").count() == 1
    planner.post(f"/phases/{phase.pk}/resume")
    task.refresh_from_db()
    assert task.state == State.QUEUED


def test_the_pause_of_a_phase_and_of_the_project_hold_the_same_tasks(planner: Client, phase: Phase, task: Task, ada: User) -> None:
    create_task(phase.project, NewTask(title="Second", phase=phase, needs=[Need(task.pk)]), actor=ada.actor)
    later = phases.create_phase(phase.project, name="Verify", actor=ada.actor)
    create_tasks(phase.project, [NewTask(title="A", phase=later), NewTask(title="B", phase=later)], actor=ada.actor)
    for path in (f"/phases/{phase.pk}/", "/p/tally/hold"):
        preview = shown(planner, path)
        assert preview.count("1 queued task is not handed out; 3 later tasks wait until you resume.") == 2, path
        assert preview.count("<b>What runs may finish.</b>") == preview.count("<b>What runs is taken back.</b>") == 1, path


def test_the_project_is_drained_with_a_reason_and_stopped(planner: Client, project: Project, task: Task, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    planner.post("/p/tally/pause", {"reason": "A new server", "how": "drain"})
    page = shown(planner)
    assert "<b>Draining</b>: <bdi>A new server</bdi>" in page
    assert "Resume" in page
    assert "Stop now…" in page
    assert "Drain</button>" not in shown(planner, "/p/tally/hold")
    planner.post("/p/tally/pause", {"how": "stop"})
    assert "Nothing runs, and nothing is handed out." in shown(planner)


def test_the_reason_of_a_pause_is_told_also_when_it_stops_what_runs(planner: Client, project: Project, task: Task) -> None:
    preview = shown(planner, "/p/tally/hold")
    form = preview[preview.index('action="/p/tally/pause"') :].partition("</form>")[0]
    assert all(words in form for words in ('name="reason"', 'value="drain"', 'value="stop"'))
    planner.post("/p/tally/pause", {"reason": "Wrong branch", "how": "stop"})
    assert "<b>Paused</b>: <bdi>Wrong branch</bdi>" in shown(planner)


def test_a_phase_is_split_by_choosing_tasks(planner: Client, phase: Phase, task: Task, ada: User) -> None:
    moves = create_task(phase.project, NewTask(title="Moves", phase=phase), actor=ada.actor)
    assert "Moves" in shown(planner, f"/phases/{phase.pk}/split")
    refused = planner.post(f"/phases/{phase.pk}/split/tasks", {"name": "Rest", "gate": "auto"}, headers=HTMX)
    assert (refused.status_code, "Choose at least one task" in refused.content.decode()) == (422, True)
    planner.post(f"/phases/{phase.pk}/split/tasks", {"name": "Rest", "gate": "approval", "tasks": [moves.pk]}, headers=HTMX)
    assert f"1 task is in Rest now, which follows {phase.name}." in shown(planner)
    moves.refresh_from_db()
    assert (moves.phase.name, moves.phase.gate) == ("Rest", Gate.APPROVAL)
    foreign = planner.post(f"/phases/{phase.pk}/split/tasks", {"name": "Again", "gate": "auto", "tasks": [moves.pk]}, headers=HTMX)
    assert (foreign.status_code, f"#{moves.pk} is not in this phase any more." in foreign.content.decode()) == (422, True)


def test_a_task_is_added_in_place(planner: Client, phase: Phase) -> None:
    planner.post(f"/phases/{phase.pk}/tasks", {"title": "Right here"})
    assert Task.objects.get().phase == phase
    assert "Right here" in shown(planner)


def test_a_gate_is_approved_and_taken_back_while_it_can_be(planner: Client, phase: Phase, task: Task, ada: User) -> None:
    release = phases.create_phase(phase.project, name="Release", gate=Gate.APPROVAL, actor=ada.actor)
    said = planner.post(f"/phases/{release.pk}/approve", headers=HTMX).headers["HX-Trigger"]
    assert f'"url": "/phases/{release.pk}/close"' in said
    assert "Close the gate again" in shown(planner, f"/phases/{release.pk}/")
    planner.post(f"/phases/{release.pk}/close")
    planner.post(f"/phases/{release.pk}/unlink/{phase.pk}")
    assert "undo" not in planner.post(f"/phases/{release.pk}/approve", headers=HTMX).headers["HX-Trigger"]
    release.refresh_from_db()
    assert release.state == PhaseState.ACTIVE


def test_dependencies_are_picked_by_number_or_words(planner: Client, phase: Phase, task: Task, ada: User) -> None:
    other = create_task(phase.project, NewTask(title="Settle the names", phase=phase), actor=ada.actor)
    offered = planner.get(f"/p/tally/offer?q=names+sett&for={task.pk}", headers=HTMX).content.decode()
    assert f'data-value="#{other.pk}"' in offered
    assert f'data-value="#{task.pk}"' not in planner.get(f"/p/tally/offer?q=%23{task.pk}&for={task.pk}", headers=HTMX).content.decode()
    assert f'data-value="#{task.pk}"' in planner.get(f"/p/tally/offer?q={task.pk}", headers=HTMX).content.decode()
    back = planner.post(f"/t/{task.pk}/needs", {"on": f"#{other.pk}", "next": f"/t/{task.pk}/waits"})
    assert back.headers["Location"] == f"/t/{task.pk}/waits"
    assert "Settle the names" in shown(planner, f"/t/{task.pk}/waits")
    assert f'waits for <a class="quiet-link" href="/t/{other.pk}/">#{other.pk}</a>' in shown(planner)


def test_the_forecast_is_told_with_what_it_rests_on(
    planner: Client, phase: Phase, task: Task, jared: Agent, key: ApiKey, ada: User
) -> None:
    assert "A forecast needs 5 finished attempts; so far there are none." in shown(planner)
    for done in create_tasks(phase.project, [NewTask(title=f"Past {number}", phase=phase) for number in range(5)], actor=ada.actor):
        worked(done, jared, key, 30)
    page = shown(planner)
    assert "Done by <b><time" in page
    assert "Played through 300 times with one agent, as long as 5 finished attempts of this project took: usually 30 min." in page
    assert "Provided that" not in page
    assert f'<a href="/t/{task.pk}/">#{task.pk} <bdi>{task.title}</bdi></a>' in page[page.index("Critical path, 1 task") :]
    assert "done by <b><time" in page
    phases.pause_phase(phase, actor=ada.actor)
    page = shown(planner)
    assert "Provided that <bdi>Build is resumed now</bdi>." in page
    assert "if people do their part at once" in page
    Task.objects.filter(project=phase.project).update(state=State.DONE)
    page = shown(planner)
    assert "Nothing is left to do." in page
    assert "Provided that" not in page


def test_a_page_of_tasks_opens_in_its_place(planner: Client, phase: Phase, ada: User) -> None:
    create_tasks(phase.project, [NewTask(title=f"Task {number:03}", phase=phase) for number in range(60)], actor=ada.actor)
    first = shown(planner)
    assert ("Task 011" in first, "Task 012" in first, "48 more in this phase" in first) == (True, False, True)
    opened = shown(planner, f"/p/tally/plan?in={phase.pk}")
    assert ("Task 049" in opened, "Task 050" in opened, "page 1 of 2" in opened) == (True, False, True)
    assert "Task 059" in shown(planner, f"/p/tally/plan?in={phase.pk}&page=2")


def test_a_thousand_tasks_in_thirty_phases_take_few_queries(
    planner: Client,
    project: Project,
    task: Task,
    jared: Agent,
    key: ApiKey,
    ada: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(29):
        phases.create_phase(project, name=f"Stage {number}", actor=ada.actor)
    stages = list(project.phases.all())
    moment = now()
    common = {"project": project, "lane": task.lane, "state_since": moment, "created_at": moment, "created_by": "system:tests"}
    tasks = Task.objects.bulk_create(
        [Task(phase=stages[number % 30], title=f"Task {number}", state=State.WAITING, **common) for number in range(1_000)]
    )
    tasks.sort(key=lambda each: (stages.index(each.phase), each.pk))
    Dependency.objects.bulk_create(
        [Dependency(project=project, task=later, on=earlier) for earlier, later in zip(tasks[:-5], tasks[5:], strict=True)]
    )
    with django_assert_max_num_queries(MOST_QUERIES):
        page = shown(planner)
    assert len(page) < 700_000
    assert "Critical path, " in page
    with django_assert_max_num_queries(MOST_QUERIES):
        shown(planner, f"/p/tally/plan?in={stages[3].pk}")


def test_viewers_look_and_change_nothing(vera: User, phase: Phase, task: Task) -> None:
    client = signed_in(vera)
    page = shown(client)
    for words in ("New phase", "Pause…", "phase-handle", "Add a task"):
        assert words not in page
    for path in (f"/phases/{phase.pk}/", f"/phases/{phase.pk}/split", "/p/tally/hold", f"/t/{task.pk}/waits"):
        assert client.get(path).status_code == 403, path
    posts = ("drain", "stop", "up", "move", "tasks", "split/tasks")
    for path in ("/p/tally/pause", *(f"/phases/{phase.pk}/{verb}" for verb in posts)):
        assert client.post(path, {"title": "x", "position": 1}).status_code == 403, path


def test_what_one_person_left_alone_does_not_write_over_another_s_words(planner: Client, phase: Phase) -> None:
    shown_to_both = {"was_name": phase.name, "was_description": "", "was_gate": "auto", "was_open_ended": "", "has_open_ended": "1"}
    as_it_was = {"name": phase.name, "description": "", "gate": "auto"}
    assert 'name="was_description"' in shown(planner, f"/phases/{phase.pk}/")
    planner.post(f"/phases/{phase.pk}/edit", shown_to_both | as_it_was | {"description": "Written by one.\r\nIn two lines."})
    planner.post(f"/phases/{phase.pk}/edit", shown_to_both | as_it_was | {"name": "Named by another"})
    phase.refresh_from_db()
    assert (phase.name, phase.description) == ("Named by another", "Written by one.\r\nIn two lines.")
    both = shown_to_both | as_it_was | {"description": "Written by another."}
    answer = planner.post(f"/phases/{phase.pk}/edit", both, headers=HTMX)
    assert answer.status_code == 409
    assert "Somebody changed the description meanwhile; it is “Written by one." in answer.content.decode()
    status = {"was_status_line": "", "was_blockers": ""}
    planner.post(f"/phases/{phase.pk}/status", status | {"status_line": "On its way", "blockers": ""})
    planner.post(f"/phases/{phase.pk}/status", status | {"status_line": "", "blockers": "No sample logs\r\nNo key"})
    phase.refresh_from_db()
    assert (phase.status_line, phase.blockers) == ("On its way", ["No sample logs", "No key"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_the_status_of_a_phase_in_the_same_moment_the_second_is_told(planner: Client, phase: Phase, ada: User) -> None:
    url, as_it_was = f"/phases/{phase.pk}/status", {"status_line": "", "blockers": "", "was_status_line": "", "was_blockers": ""}
    other = signed_in(ada)
    second = behind(
        lambda: planner.post(url, as_it_was | {"status_line": "On track"}, headers=HTMX),
        lambda: other.post(url, as_it_was | {"status_line": "Late"}, headers=HTMX),
    )
    assert not isinstance(second, BaseException), second
    assert (second.status_code, "it is “On track” now" in second.content.decode()) == (409, True)
    phase.refresh_from_db()
    assert phase.status_line == "On track"


@pytest.mark.django_db(transaction=True)
def test_two_who_change_different_fields_of_a_phase_in_the_same_moment_both_do(planner: Client, phase: Phase, ada: User) -> None:
    url, sent = f"/phases/{phase.pk}/edit", {"name": "Build", "description": "", "gate": "auto"}
    as_it_was = sent | {f"was_{name}": text for name, text in sent.items()}
    other = signed_in(ada)
    second = behind(
        lambda: planner.post(url, as_it_was | {"name": "Build it"}, headers=HTMX),
        lambda: other.post(url, as_it_was | {"description": "All of it"}, headers=HTMX),
    )
    assert not isinstance(second, BaseException), second
    assert second.status_code == 204
    phase.refresh_from_db()
    assert (phase.name, phase.description) == ("Build it", "All of it")
