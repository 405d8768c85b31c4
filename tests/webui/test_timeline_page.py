import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import ReviewPolicy
from coordination.models import Agent, ApiKey, Attempt, Event, Phase, Project, Task, User
from coordination.operations import finish, questions
from coordination.operations.creation import NewTask, create_task
from coordination.operations.report import Report
from coordination.queries.attempts_grid import Order, attempts_grid
from coordination.queries.timeline import Range, by_agent, by_task
from tests.webui.conftest import signed_in, started
from tests.webui.test_board_page import MOST_QUERIES, make_many

HOUR = timedelta(hours=1)


def tried(task: Task, agent: Agent, *, number: int, began: timedelta, lasted: timedelta | None, outcome: str = "done") -> Attempt:
    """An attempt that began so long ago; `lasted` None: it still runs."""
    claimed = timezone.now() - began
    Task.objects.filter(pk=task.pk).update(attempts_made=number)
    finished = claimed + lasted if lasted else None
    return Attempt.objects.create(
        task=task, agent=agent, number=number, fence=number, claimed_at=claimed, finished_at=finished, outcome=outcome if lasted else ""
    )


def test_it_shows_when_a_task_waited_ran_and_asked(ada: User, project: Project, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which one?")
    (row,) = by_task(project, Range.HOUR).rows
    assert [(bar.state, bar.number, bar.is_live) for bar in row.bars] == [("blocked", 0, True), ("running", 1, False)]
    Event.objects.filter(task_id=task.pk).update(at=timezone.now() - HOUR / 4)
    Event.objects.filter(task_id=task.pk, kind="task.created").update(at=timezone.now() - HOUR / 2)
    questions.answer(Task.objects.get(pk=task.pk), "This one.", actor=ada.actor)
    finish.complete(started(task, jared, key), Report(result="Done."))
    (row,) = by_task(project, Range.HOUR).rows
    assert [bar.state for bar in row.bars] == ["waiting", "blocked", "running", "running"]
    assert [bar.outcome for bar in row.attempts] == ["asked", "done"]
    page = signed_in(ada).get("/p/tally/timeline").content.decode()
    assert f"#{task.pk} Write the parser, attempt 1 by Jared: asked a question" in page
    assert f"/t/{task.pk}/attempts" in page


def test_a_review_is_a_wait_for_a_person(project: Project, phase: Phase, ada: User, jared: Agent, key: ApiKey) -> None:
    task = create_task(project, NewTask(title="Check", phase=phase, review_policy=ReviewPolicy.REQUIRED), actor=ada.actor)
    finish.complete(started(task, jared, key), Report(result="Done."))
    (row,) = by_task(project, Range.HOUR).rows
    assert [bar.state for bar in row.bars if bar.is_live] == ["review"]


def test_a_range_leaves_out_what_ended_before_it(project: Project, task: Task, jared: Agent) -> None:
    tried(task, jared, number=1, began=26 * HOUR, lasted=HOUR, outcome="failed")
    assert by_task(project, Range.DAY).total == 0
    assert by_task(project, Range.WEEK).total == 1
    tried(task, jared, number=2, began=2 * HOUR, lasted=HOUR)
    (row,) = by_task(project, Range.DAY).rows
    assert [bar.number for bar in row.attempts] == [2]


def test_attempts_of_an_agent_at_the_same_time_stand_below_each_other(
    project: Project, phase: Phase, task: Task, jared: Agent, ada: User
) -> None:
    other = create_task(project, NewTask(title="Other", phase=phase), actor=ada.actor)
    tried(task, jared, number=1, began=3 * HOUR, lasted=2 * HOUR)
    tried(other, jared, number=1, began=2 * HOUR, lasted=None)
    tried(task, jared, number=2, began=HOUR / 2, lasted=None)
    (row,) = by_agent(project, Range.DAY).rows
    assert row.lanes == 2
    assert [(bar.task_id, bar.lane) for bar in row.bars] == [(task.pk, 0), (other.pk, 1), (task.pk, 0)]


def test_what_runs_ends_at_now_and_leaves_room_to_grow(project: Project, task: Task, jared: Agent) -> None:
    tried(task, jared, number=1, began=HOUR, lasted=None)
    found = by_task(project, Range.DAY)
    (bar,) = found.rows[0].attempts
    assert bar.left + bar.width == pytest.approx(found.now_at)
    assert found.now_at < 100
    assert found.scale.percent_per_second > 0


@pytest.mark.parametrize("address", ["", "?by=agent", "?as=table", "?by=agent&as=table", "?range=all&idle=shown", "?range=x&by=x&offset=x"])
def test_it_is_drawn_for_every_choice(ada: User, project: Project, task: Task, jared: Agent, address: str) -> None:
    tried(task, jared, number=1, began=9 * HOUR, lasted=HOUR, outcome="failed")
    tried(task, jared, number=2, began=HOUR, lasted=None)
    page = signed_in(ada).get(f"/p/tally/timeline{address}").content.decode()
    assert "Jared" in page
    assert "Write the parser" in page


def test_the_table_says_exact_times(ada: User, project: Project, task: Task, jared: Agent) -> None:
    attempt = tried(task, jared, number=1, began=9 * HOUR, lasted=HOUR)
    page = signed_in(ada).get("/p/tally/timeline?as=table").content.decode()
    assert f'<time datetime="{attempt.claimed_at.isoformat()}">' in page
    assert "<td>1\N{NO-BREAK SPACE}h</td>" in page


def test_the_filter_narrows_the_rows(ada: User, project: Project, phase: Phase, task: Task, jared: Agent) -> None:
    other = create_task(project, NewTask(title="Manual", phase=phase), actor=ada.actor)
    for each in (task, other):
        tried(each, jared, number=1, began=HOUR, lasted=HOUR / 2)
    client = signed_in(ada)
    for path in ("timeline", "timeline?by=agent", "grid", "graph?others=hidden"):
        page = client.get(f"/p/tally/{path}{'&' if '?' in path else '?'}q=manual").content.decode()
        assert "Write the parser" not in page
        assert f"#{other.pk}" in page
    faint = client.get("/p/tally/graph?q=manual").content.decode()
    assert re.search(rf'<a id="n{task.pk}" class="node[^"]* is-faint', faint)
    assert not re.search(rf'<a id="n{other.pk}" class="node[^"]* is-faint', faint)


def test_empty_pages_say_what_to_do(ada: User, project: Project) -> None:
    client = signed_in(ada)
    assert "Nothing ran in the last day" in client.get("/p/tally/timeline").content.decode()
    assert "Attempts appear here" in client.get("/p/tally/timeline?range=all").content.decode()
    assert "Nothing was tried yet" in client.get("/p/tally/grid").content.decode()


def test_the_grid_shows_every_attempt_and_what_is_slow(project: Project, phase: Phase, task: Task, jared: Agent, ada: User) -> None:
    quick = create_task(project, NewTask(title="Quick", phase=phase), actor=ada.actor)
    tried(task, jared, number=1, began=20 * HOUR, lasted=HOUR / 6, outcome="failed")
    tried(task, jared, number=2, began=19 * HOUR, lasted=9 * HOUR)
    tried(quick, jared, number=1, began=HOUR, lasted=HOUR / 6)
    found = attempts_grid(project, Order.SLOWEST)
    assert [row.task for row in found.rows] == [task, quick]
    slow, fast = found.rows
    assert [box.is_slow for box in slow.boxes if box] == [False, True]
    assert fast.boxes[1] is None
    assert slow.share == 1.0
    assert [column.count for column in found.columns] == [2, 1]
    page = signed_in(ada).get("/p/tally/grid?sort=slowest").content.decode()
    assert page.count("slow</span>") == 1
    assert [row.task for row in attempts_grid(project, Order.NEWEST).rows] == [quick, task]


def test_the_grid_counts_the_attempts_that_it_leaves_out(project: Project, phase: Phase, task: Task, jared: Agent, ada: User) -> None:
    quick = create_task(project, NewTask(title="Quick", phase=phase), actor=ada.actor)
    for number in range(1, 41):
        tried(task, jared, number=number, began=(50 - number) * HOUR, lasted=HOUR / 2, outcome="failed")
    tried(quick, jared, number=1, began=HOUR, lasted=HOUR / 6)
    found = attempts_grid(project, Order.TRIED)
    assert [box.number for box in found.rows[0].boxes if box] == list(range(31, 41))
    assert (found.columns[0].count, found.columns[0].usual) == (1, HOUR / 6)
    page = signed_in(ada).get("/p/tally/grid?sort=tried").content.decode()
    assert f'<a class="small" href="/t/{task.pk}/attempts">30 earlier</a>' in page
    assert page.count("usually") == 2


@pytest.mark.parametrize("path", ["timeline?by=task", "timeline?by=agent", "grid?"])
def test_a_page_too_far_on_is_the_last(ada: User, task: Task, jared: Agent, path: str) -> None:
    tried(task, jared, number=1, began=HOUR, lasted=None)
    page = signed_in(ada).get(f"/p/tally/{path}&offset=500").content.decode()
    assert f"/t/{task.pk}/attempts/1/" in page
    assert "First page" not in page


def test_the_legend_tells_of_what_is_drawn(ada: User, task: Task, jared: Agent) -> None:
    tried(task, jared, number=1, began=HOUR, lasted=None)
    client = signed_in(ada)
    drawn = {by: client.get(f"/p/tally/timeline?by={by}").content.decode() for by in ("task", "agent")}
    assert [("in the queue" in page, "asked or submitted" in page) for page in drawn.values()] == [(True, True), (False, True)]


@pytest.mark.parametrize("path", ["timeline?range=all", "timeline?range=all&by=agent", "timeline?as=table", "grid", "grid?sort=plan"])
def test_many_attempts_take_no_more_queries(
    ada: User,
    project: Project,
    phase: Phase,
    task: Task,
    jared: Agent,
    path: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_many(project, phase, task, 200)
    now = timezone.now()
    ids = project.tasks.values_list("pk", flat=True)
    Attempt.objects.bulk_create(
        Attempt(task_id=pk, agent=jared, number=number, fence=number, claimed_at=now - HOUR * number, finished_at=now, outcome="done")
        for pk in ids
        for number in (1, 2, 3)
    )
    project.tasks.update(attempts_made=3)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(f"/p/tally/{path}").content.decode()
    assert "by=agent" in path or "offset=50" in page
