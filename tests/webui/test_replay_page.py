"""The replay's page, and the activity feed that tells the same log."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import ReviewPolicy
from coordination.models import Agent, ApiKey, Event, Phase, Project, Task, User
from coordination.models.clock import now
from coordination.operations import finish, leases, phases, projects, tasks
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.report import Report
from coordination.operations.tasks import edit_task
from coordination.operations.tokens import Holder
from coordination.queries.board import COLUMNS
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15


def column(page: str, key: str) -> str:
    return page[page.index(f'id="then-{key}"') :].split("</section>")[0]


def event(kind: str) -> int:
    return Event.objects.filter(kind=kind).order_by("-pk").values_list("pk", flat=True)[0]


def test_it_shows_the_board_as_it_was_at_an_event(
    ada: User, task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    finish.complete(started(task, jared, key), Report(result="Done."))
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(f"/p/tally/replay?at={event('task.started')}").content.decode()
    assert "Write the parser" in column(page, "progress")
    assert "Jared" in column(page, "progress")
    assert "changed at this moment" in column(page, "progress")
    assert "Write the parser" not in column(page, "done")
    assert "Write the parser" in column(client.get("/p/tally/replay").content.decode(), "done")


def cards(page: str, item: str, places: Iterable[tuple[str, str]]) -> dict[str, set[tuple[str, ...]]]:
    """Return what stands in each column of a drawn board: number, title and state of each card."""
    found = {}
    for key, place in places:
        part = page.partition(place)[2].partition("</section>")[0]
        pieces = re.split(item, part)[1:]
        found[key] = {
            (*re.findall(r'<span class="id">#(\d+)</span> <bdi>([^<]+)</bdi>', piece)[0], *_state(key, piece)) for piece in pieces
        }
    return found


def _state(key: str, piece: str) -> list[str]:
    """Return the word of the state, which the replay leaves out where the column says it."""
    return re.findall(r"</svg>(\w+)</span>", piece)[:1] if key in ("progress", "needs", "failed") else []


def test_what_it_draws_is_what_the_board_drew_at_that_moment(ada: User, project: Project, phase: Phase, jared: Agent, key: ApiKey) -> None:
    """A project is driven through every kind of change; after each one the board is remembered as a browser would have got it."""
    client = signed_in(ada)
    later = phases.create_phase(project, name="Verify", actor=ada.actor)
    made = create_tasks(project, [NewTask(title=f"Task {number}", phase=phase) for number in range(5)], actor=ada.actor)
    create_tasks(project, [NewTask(title="Later", phase=later)], actor=ada.actor)
    reviewed = create_tasks(project, [NewTask(title="Reviewed", phase=phase, review_policy=ReviewPolicy.REQUIRED)], actor=ada.actor)[0]
    held: dict[int, Holder] = {}
    remembered: dict[int, dict[str, set[tuple[str, ...]]]] = {}
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: held.update({0: started(made[0], jared, key), 1: started(made[1], jared, key)}),
        lambda: finish.ask(held[0], "Which?"),
        lambda: finish.fail(held[1], Report(error="No"), retryable=False),
        lambda: phases.pause_phase(phase, actor=ada.actor),
        lambda: phases.resume_phase(Phase.objects.get(pk=phase.pk), actor=ada.actor),
        lambda: leases.release(started(made[2], jared, key), reason="Not mine."),
        lambda: finish.complete(started(reviewed, jared, key), Report(result="See there.")),
        lambda: tasks.cancel(Task.objects.get(pk=made[3].pk), actor=ada.actor),
        lambda: tasks.requeue(Task.objects.get(pk=made[1].pk), actor=ada.actor),
        lambda: finish.complete(started(made[1], jared, key), Report(result="Yes.")),
        lambda: projects.pause_project(project, actor=ada.actor),
    ]
    on_board = [(kind.key, f'id="column-{kind.key}"') for kind in COLUMNS]
    on_replay = [(kind.key, f'id="then-{kind.key}"') for kind in COLUMNS]
    for step in steps:
        step()
        remembered[Event.objects.latest("pk").pk] = cards(client.get("/p/tally/").content.decode(), '<li id="card-', on_board)
    assert len({str(board) for board in remembered.values()}) >= 10
    assert all(any(board[kind.key] for board in remembered.values()) for kind in COLUMNS)
    for place, board in remembered.items():
        page = client.get(f"/p/tally/replay?at={place}", headers={"HX-Request": "true"}).content.decode()
        assert cards(page, '<li id="then-', on_replay) == board, Event.objects.get(pk=place).kind


def test_events_lead_to_the_board_of_their_moment(ada: User, task: Task) -> None:
    client = signed_in(ada)
    place = event("task.queued")
    for path in ("/p/tally/activity", f"/t/{task.pk}/activity"):
        assert f'href="/p/tally/replay?at={place}"' in client.get(path).content.decode(), path
    assert "Write the parser" in column(client.get(f"/p/tally/replay?at={place}").content.decode(), "queued")


def test_its_buttons_lead_through_the_moments_without_a_script(ada: User, task: Task) -> None:
    client = signed_in(ada)
    page = client.get("/p/tally/replay").content.decode()
    earlier = re.search(r'id="replay-previous" name="at" value="(\d+)"', page)
    assert earlier is not None
    before = client.get(f"/p/tally/replay?at={earlier.group(1)}").content.decode()
    assert "Write the parser" in column(before, "waiting")
    assert f'id="replay-next" name="at" value="{event("task.queued")}"' in before


def test_a_link_names_a_moment_by_the_reader_s_clock(ada: User, task: Task) -> None:
    Event.objects.filter(kind="task.queued").update(at=now() + timedelta(hours=3))
    ada.time_zone = "Europe/Lisbon"
    ada.save()
    client = signed_in(ada)
    hour = (now() + timedelta(hours=1)).astimezone(ZoneInfo("Europe/Lisbon"))
    page = client.get(f"/p/tally/replay?at={hour:%Y-%m-%dT%H:%M}").content.decode()
    assert "Write the parser" in column(page, "waiting")
    assert client.get("/p/tally/replay?at=nonsense").status_code == 200
    assert client.get("/p/tally/replay?at=2026-02-31T10:00").status_code == 200


def test_an_empty_project_says_what_will_stand_here(ada: User, project: Project) -> None:
    Event.objects.all().delete()
    assert "its life can be played back here" in signed_in(ada).get("/p/tally/replay").content.decode()


def test_the_feed_is_filtered_by_what_who_task_and_phase(ada: User, pat: User, task: Task, phase: Phase, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    edit_task(task, {"priority": 5}, actor=pat.actor)
    client = signed_in(ada)

    def shown(query: str) -> str:
        page = client.get(f"/p/tally/activity?{query}").content.decode()
        return page[page.index('id="feed"') :]

    assert "started the phase" not in shown("kind=task")
    assert "created the project" not in shown("actor=agent")
    assert "claimed" in shown("actor=agent:jared")
    assert "claimed" not in shown("actor=person:pat")
    assert re.search(r"priority</span> <del><bdi>50</bdi></del>.*<ins><bdi>5</bdi>", shown("actor=person:pat"))
    assert "created the project" not in shown(f"phase={phase.pk}")
    assert "started the phase" not in shown(f"task=%23{task.pk}")
    assert "The filter leaves none" in shown("kind=webhook")
    assert "Program" not in shown("actor=robot:x&kind=task")


def test_the_feed_links_to_commits_and_attempts(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    page = signed_in(ada).get("/p/tally/activity").content.decode()
    assert f"/t/{task.pk}/diff?to={task.head}" in page
    assert "attempt 1</a>" in page


def test_the_feed_pages_by_cursor_and_keeps_its_filter(ada: User, project: Project, phase: Phase) -> None:
    create_tasks(project, [NewTask(title=f"T{number}", phase=phase) for number in range(60)], actor=ada.actor)
    client = signed_in(ada)
    page = client.get("/p/tally/activity?kind=task").content.decode()
    older = re.search(r'href="\?kind=task&amp;before=(\d+)"', page)
    assert older is not None
    rest = client.get(f"/p/tally/activity?kind=task&before={older.group(1)}").content.decode()
    ids = [re.findall(r'id="event-(\d+)"', each) for each in (page, rest)]
    assert len(ids[0]) == 50
    assert not set(ids[0]) & set(ids[1])


def test_news_are_counted_and_not_forced_upon_the_reader(ada: User, project: Project, phase: Phase) -> None:
    client = signed_in(ada)
    page = client.get("/p/tally/activity?kind=task").content.decode()
    address = re.search(r'id="news"[^>]* hx-get="([^"]+)"', page)
    assert address is not None
    url = address.group(1).replace("&amp;", "&")
    assert client.get(url).content.decode().strip() == ""
    create_tasks(project, [NewTask(title=f"T{number}", phase=phase) for number in range(3)], actor=ada.actor)
    told = client.get(url).content.decode()
    assert "6 new events" in told
    assert 'href="?kind=task&amp;"' in told


def test_the_days_of_the_feed_are_the_reader_s(ada: User, task: Task) -> None:
    Event.objects.update(at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    ada.time_zone = "Asia/Tokyo"
    ada.save()
    assert "Monday, 2 March 2026" in signed_in(ada).get("/p/tally/activity").content.decode()
