import html
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, State
from coordination.models import Agent, ApiKey, Phase, Project, Task, User
from coordination.operations.creation import Need, NewTask, create_task, create_tasks
from coordination.operations.phases import complete_phase, create_phase, pause_phase
from coordination.operations.projects import pause_project
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15
BIGGEST_PAGE = 300_000  # bytes


def make_many(project: Project, phase: Phase, sample: Task, count: int) -> None:
    """Fill a board without 10,000 operations: rows like the sample's, spread over the states."""
    states = [State.WAITING, State.QUEUED, State.BLOCKED, State.REVIEW, State.DONE, State.FAILED]
    since = timezone.now() - timedelta(hours=1)
    Task.objects.bulk_create(
        [
            Task(
                project=project,
                phase=phase,
                lane=sample.lane,
                title=f"Task number {number} with a title of a usual length",
                state=states[number % len(states)],
                state_since=since,
                created_at=since,
                created_by="person:ada",
                sort_key=number,
            )
            for number in range(count)
        ],
        batch_size=1000,
    )


def test_it_shows_each_task_in_the_column_of_its_state(
    ada: User, project: Project, task: Task, jared: Agent, key: ApiKey, phase: Phase
) -> None:
    other = create_task(project, NewTask(title="Write the manual", phase=phase), actor=ada.actor)
    started(task, jared, key)
    page = signed_in(ada).get("/p/tally/").content.decode()
    progress = page[page.index('id="column-progress"') : page.index('id="column-needs"')]
    assert "Write the parser" in progress
    assert "Jared" in progress
    assert "Attempt 1/3" in progress
    assert f"#{other.pk}" in page[page.index('id="column-queued"') : page.index('id="column-progress"')]


def test_it_filters_by_phase_from_the_address(ada: User, project: Project, task: Task) -> None:
    verify = create_phase(project, name="Verify", actor=ada.actor)
    create_task(project, NewTask(title="Compare figures", phase=verify), actor=ada.actor)
    page = signed_in(ada).get(f"/p/tally/?phase={verify.pk}").content.decode()
    assert "Compare figures" in page
    assert "Write the parser" not in page


def waits_told(client: Client, path: str, task: Task) -> str:
    """Return what the task's card or row says it waits for."""
    page = client.get(path, headers={"HX-Request": "true"}).content.decode()
    row = page[page.index(f'data-task="{task.pk}"') :]
    found = re.search(
        r"((?:waits for|not before|tried again|the project is) .*?|<bdi[^<]*</bdi> is paused)</span>", row[: row.find("data-task", 9)], re.I
    )
    return html.unescape(strip_tags(found[1])).capitalize() if found else ""


@pytest.mark.parametrize("path", ["/p/tally/", "/p/tally/list"])
def test_a_task_that_waits_says_for_which_phase_or_gate(
    ada: User, project: Project, phase: Phase, task: Task, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    verify = create_phase(project, name="Verify <it>", gate=Gate.APPROVAL, actor=ada.actor)
    release = create_phase(project, name="Release", after=[phase, verify], actor=ada.actor)
    held, behind, last = (
        create_task(project, NewTask(title="Held", phase=each, needs=needs), actor=ada.actor)
        for each, needs in ((verify, []), (verify, [Need(task.pk)]), (release, []))
    )
    client = signed_in(ada)

    def told(shown: Task) -> str:
        with django_assert_max_num_queries(MOST_QUERIES):
            return waits_told(client, path, shown)

    assert [told(each) for each in (task, held, behind, last)] == ["", "Waits for build", "Waits for 1 task", "Waits for build"]
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    complete_phase(phase, actor=ada.actor)
    assert [told(each) for each in (held, last)] == ["Waits for the gate of verify <it>", "Waits for verify <it>"]
    pause_phase(verify, actor=ada.actor)
    assert [told(each) for each in (held, last)] == ["Verify <it> is paused", "Waits for verify <it>"]


@pytest.mark.parametrize("path", ["/p/tally/", "/p/tally/list"])
def test_a_task_that_waits_says_until_when_for_whom_or_that_the_project_is_paused(
    ada: User, project: Project, task: Task, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, tomorrow = signed_in(ada), timezone.localtime() + timedelta(days=1)

    def told(**facts: object) -> str:
        Task.objects.filter(pk=task.pk).update(state=State.WAITING, **facts)
        return waits_told(client, path, task)

    assert told(not_before=tomorrow) == f"Not before tomorrow {tomorrow:%H:%M}"
    assert told(not_before=None, retry_at=tomorrow) == f"Tried again tomorrow {tomorrow:%H:%M}"
    assert told(not_before=tomorrow - timedelta(days=2), retry_at=None) == ""
    assert told(awaits_person=True) == "Waits for a person to let it run"
    pause_project(project, actor=ada.actor)
    assert told(awaits_person=False, not_before=tomorrow) == "The project is paused"
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(path)


def test_what_waits_costs_no_query_a_card(ada: User, project: Project, phase: Phase, task: Task) -> None:
    client, later = signed_in(ada), timezone.now() + timedelta(days=1)

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(path, headers={"HX-Request": "true"})
        return len(asked)

    Task.objects.update(state=State.WAITING, not_before=later)
    one = [queries(path) for path in ("/p/tally/", "/p/tally/list")]
    make_many(project, phase, task, 60)
    Task.objects.update(state=State.WAITING, not_before=later)
    assert [queries(path) for path in ("/p/tally/", "/p/tally/list")] == one


def test_it_says_when_no_agent_could_run_a_task(ada: User, project: Project, phase: Phase, jared: Agent) -> None:
    create_task(project, NewTask(title="Paint", phase=phase, capabilities=["painting"]), actor=ada.actor)
    create_task(project, NewTask(title="Code", phase=phase, capabilities=["python"]), actor=ada.actor)
    assert signed_in(ada).get("/p/tally/").content.decode().count("No agent could run this") == 1


def test_ten_thousand_tasks_take_no_more_queries_and_bytes(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(project, phase, task, 10_000)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get("/p/tally/")
    assert response.status_code == 200
    assert len(response.content) <= BIGGEST_PAGE


def test_a_column_continues_where_it_ended(ada: User, project: Project, phase: Phase, task: Task) -> None:
    create_tasks(project, [NewTask(title=f"Number {number}", phase=phase) for number in range(30)], actor=ada.actor)
    client = signed_in(ada)
    first = client.get("/p/tally/").content.decode()
    more = client.get("/p/tally/columns/queued?offset=15", headers={"HX-Request": "true"}).content.decode()
    shown = [number for number in range(30) if f"Number {number}</bdi>" in first]
    rest = [number for number in range(30) if f"Number {number}</bdi>" in more]
    assert sorted(shown + rest) == list(range(30))
    assert "Show more" not in more


def test_a_refresh_shows_as_much_as_was_scrolled_into_view(ada: User, project: Project, phase: Phase, task: Task) -> None:
    create_tasks(project, [NewTask(title=f"Number {number}", phase=phase) for number in range(60)], actor=ada.actor)
    part = signed_in(ada).get("/p/tally/?shown.queued=40", headers={"HX-Request": "true"}).content.decode()
    assert part.count('class="card"') == 40
    assert "<html" not in part


def test_a_refresh_far_down_draws_what_is_seen_and_names_the_rest(ada: User, project: Project, phase: Phase, task: Task) -> None:
    make_many(project, phase, task, 900)
    part = signed_in(ada).get("/p/tally/?shown.done=140&at.done=100", headers={"HX-Request": "true"}).content.decode()
    done = part[part.index('id="column-done"') : part.index('id="column-failed"')]
    cards = re.findall(r'<li id="card-(\d+)" data-task="\1"( data-stub)?>', done)
    assert [bool(stub) for _, stub in cards] == [True] * 80 + [False] * 60
    assert len(set(cards)) == 140
    assert "offset=140" in done


def test_quick_add_gives_a_task_what_the_filter_asks_for(pat: User, project: Project, phase: Phase) -> None:
    create_phase(project, name="Verify", actor=pat.actor)
    wanted = "phase:Verify label:api priority:critical state:failed"
    response = signed_in(pat).post("/p/tally/quick-add", {"title": "One more", "q": wanted}, follow=True)
    assert response.redirect_chain == [(f"/p/tally/?{urlencode({'q': wanted})}", 302)]
    made = Task.objects.get(title="One more")
    assert (made.phase.name, made.labels, made.band) == ("Verify", ["api"], "critical")


def test_a_board_without_phases_is_read_anew_when_the_first_one_is_there(ada: User, vera: User, project: Project) -> None:
    client, empty = signed_in(vera), {"HX-Request": "true", "HX-Target": "board-none"}
    assert "A planner adds them" in client.get("/p/tally/").content.decode()
    part = client.get("/p/tally/", headers=empty)
    assert "Nothing is planned yet" in part.content.decode()
    assert "<html" not in part.content.decode()
    create_phase(project, name="Build", actor=ada.actor)
    assert client.get("/p/tally/", headers=empty).headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get("/p/tally/", headers={"HX-Request": "true", "HX-Target": "board"}).headers


def test_a_viewer_can_look_but_not_add(vera: User, project: Project, phase: Phase) -> None:
    client = signed_in(vera)
    assert "quick-add" not in client.get("/p/tally/").content.decode()
    assert client.post("/p/tally/quick-add", {"title": "No"}).status_code == 403
    assert not Task.objects.exists()


@pytest.mark.parametrize("path", ["/p/tally/", "/p/tally/plan", "/p/tally/activity", "/p/tally/messages", "/p/tally/settings"])
def test_a_stranger_finds_nothing(stranger: User, project: Project, path: str) -> None:
    assert signed_in(stranger).get(path).status_code == 404


def test_it_sends_whoever_is_not_signed_in_to_sign_in_and_back(client: Client, project: Project) -> None:
    response = client.get("/p/tally/?phase=3")
    assert response.status_code == 302
    assert response.headers["Location"] == "/login?next=%2Fp%2Ftally%2F%3Fphase%3D3"
