"""The insights: figures that can be checked by hand, in the reader's time zone, each with a table and a way to its tasks."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, ApiKey, Attempt, Event, Project, Task, User
from coordination.models.clock import now
from coordination.models.sql import rows
from coordination.operations import finish, tasks
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.report import Report
from coordination.queries.days import Days, day_of
from coordination.queries.insights import insights
from tests.webui.conftest import signed_in, started
from webui.charts import Point, Series, bars, in_time, lines, plain_step, time_step

MOST_QUERIES = 15
LISBON = ZoneInfo("Europe/Lisbon")


def done_after(task: Task, *, days_ago: float, cycle: timedelta, lead: timedelta) -> None:
    """Move a finished task's life into the past."""
    ended = now() - timedelta(days=days_ago)
    Task.objects.filter(pk=task.pk).update(done_at=ended, state_since=ended, created_at=ended - lead)
    Attempt.objects.filter(task=task).update(claimed_at=ended - cycle, finished_at=ended)


@pytest.fixture
def finished(project: Project, task: Task, ada: User, jared: Agent, key: ApiKey) -> list[Task]:
    """Ten tasks done: the n-th took n hours from its claim and twice that from being added, n days ago."""
    more = create_tasks(project, [NewTask(title=f"T{number}", phase=task.phase) for number in range(9)], actor=ada.actor)
    for number, each in enumerate([task, *more], start=1):
        finish.complete(started(each, jared, key), Report(result="ok", cost_usd=Decimal("0.50")))
        done_after(each, days_ago=number, cycle=timedelta(hours=number), lead=timedelta(hours=2 * number))
    return [task, *more]


def test_times_are_ranked_and_counted_by_day(project: Project, finished: list[Task]) -> None:
    found = insights(project, count=30, zone=UTC)
    assert found.done_now == 10
    cycle, lead = found.overall["cycle"], found.overall["lead"]
    assert (cycle.count, round(cycle.p50 / 3600), round(cycle.p90 / 3600)) == (10, 5, 9)
    assert (round(lead.p50 / 3600), round(lead.p90 / 3600)) == (10, 18)
    assert {day: count for day, count in found.done.items() if count} == {
        found.days.last - timedelta(days=number): 1 for number in range(1, 11)
    }


def test_shorter_ranges_compare_with_the_days_before(project: Project, finished: list[Task]) -> None:
    found = insights(project, count=7, zone=UTC)
    assert (found.done_now, found.done_before) == (6, 4)
    assert round(found.overall["cycle_before"].p90 / 3600) == 10
    assert found.before.good == 4


def test_failures_and_cost_are_told_by_tier_and_agent(project: Project, finished: list[Task], ada: User, jared: Agent, key: ApiKey) -> None:
    bad = create_tasks(project, [NewTask(title="Bad", phase=finished[0].phase)], actor=ada.actor)[0]
    finish.fail(started(bad, jared, key), Report(error="No", cost_usd=Decimal("1.25")), retryable=False)
    found = insights(project, count=30, zone=UTC)
    assert (found.total.good, found.total.bad, found.total.cost) == (10, 1, Decimal("6.25"))
    assert found.by_agent["jared"].cost == Decimal("6.25")
    assert list(found.by_tier) == ["standard"]


def test_the_burn_up_knows_what_was_before_and_what_was_called_off(project: Project, finished: list[Task], ada: User) -> None:
    off = create_tasks(project, [NewTask(title="Not needed", phase=finished[0].phase)], actor=ada.actor)[0]
    tasks.cancel(off, actor=ada.actor)
    found = insights(project, count=7, zone=UTC)
    assert found.burn_up[0].done == 5
    assert found.burn_up[0].scope >= 5
    assert (found.burn_up[-1].scope, found.burn_up[-1].done) == (10, 10)


def test_waits_are_added_up_by_reason(project: Project, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which?")
    Event.objects.filter(kind="task.queued").update(at=now() - timedelta(hours=5))
    Event.objects.filter(kind="task.claimed").update(at=now() - timedelta(hours=3))
    Event.objects.filter(kind="task.started").update(at=now() - timedelta(hours=3))
    Event.objects.filter(kind="task.asked").update(at=now() - timedelta(hours=1))
    found = {wait.reason: (wait.count, round(wait.seconds / 3600)) for wait in insights(project, count=7, zone=UTC).waits}
    assert (found["queue"], found["work"], found["answer"]) == ((1, 2), (1, 2), (1, 1))


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Europe/Lisbon", "Asia/Kathmandu", "America/New_York", "Pacific/Auckland"])
def test_the_database_s_days_are_those_of_the_reader_s_clock(zone: str) -> None:
    """Through both changes of the clock in a year, at every half hour around them."""
    days = Days(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo(zone))
    moments = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(minutes=30 * step) for step in range(0, 350 * 48, 7)]
    near = [change + timedelta(seconds=shift) for change, _ in days.changes[1:] for shift in (-3600, -1, 0, 1, 3600)]
    for moment in [*moments[::40], *near]:
        value = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        column = "CAST(%(value)s AS timestamptz)" if _on_postgres() else "%(value)s"
        number = rows(f"SELECT {days.number(column)}", {**days.params, "value": f"{value}+00" if _on_postgres() else value})[0][0]
        assert day_of(number) == moment.astimezone(days.zone).date(), moment


def _on_postgres() -> bool:
    return connection.vendor == "postgresql"


def test_the_page_shows_every_chart_with_a_table_and_links(
    ada: User, finished: list[Task], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/insights?days=30").content.decode()
    for title in (
        "Burn-up",
        "Throughput",
        "Cycle time",
        "Lead time",
        "Failure rate",
        "Where the time went",
        "Cost by tier",
        "Cost by agent",
    ):
        assert f">{title}</h2>" in page
    day = (now() - timedelta(days=3)).date()
    assert f"?q=state%3Adone%20finished%3A{day}" in page
    assert len(re.findall(r'<details class="chart-table">', page)) == 5
    assert "style=" not in page
    linked = client.get(f"/p/tally/?q=state%3Adone%20finished%3A{day}").content.decode()
    assert "T1" in linked


def test_an_unknown_range_is_thirty_days_and_nothing_yet_says_so(ada: User, project: Project) -> None:
    client = signed_in(ada)
    page = client.get("/p/tally/insights?days=12345").content.decode()
    assert "Nothing to count yet" in page
    assert 'href="?days=30" aria-current="true"' in page


def test_gridlines_stand_at_round_numbers() -> None:
    assert [plain_step([top]) for top in (0.5, 1, 3, 7, 36, 400)] == [0.2, 1.0, 1.0, 2.0, 10.0, 100.0]
    assert [time_step([top]) for top in (3, 130, 4_000, 40_000, 130_000, 10**7)] == [1, 60, 1800, 10_800, 43_200, 50 * 86_400]
    assert [in_time(length) for length in (5, 90, 7_200, 130_000)] == ["5 s", "1.5 min", "2 h", "1.5 d"]


def test_a_chart_of_nothing_and_one_with_gaps_can_be_drawn() -> None:
    nothing = Series("None", "look-done", [Point("1 May", None, "nothing"), Point("2 May", None, "nothing")])
    assert bars("a", "A", nothing, says="", means="").is_empty
    zero = bars("a", "A", Series("Rate", "look-failed", [Point("1 May", 0, "0 %: 0 of 4 attempts")]), says="", means="")
    assert (zero.is_empty, zero.shapes) == (False, [])
    assert [(label.x, label.text) for label in zero.labels] == [("50.00", "1 May")]
    gaps = Series("Some", "look-p50", [Point("1 May", 1, "1"), Point("2 May", None, "-"), Point("3 May", 3, "3")])
    drawn = lines("b", "B", [gaps], says="", means="")
    assert [path for _, path in drawn.lines] == ["M5 66.67 L25 0.00"]
    assert len(drawn.shapes) == 2


def test_a_refresh_is_the_figures_alone(ada: User, finished: list[Task]) -> None:
    for address, part in (("/p/tally/insights", "insights"), ("/p/tally/insights/attempts", "ended-attempts")):
        whole = signed_in(ada).get(address).content.decode()
        assert re.search(rf'<div id="{part}"[^>]* hx-trigger="sse:figures, ', whole)
        fresh = signed_in(ada).get(address, headers={"HX-Request": "true"}).content.decode()
        assert fresh.strip() in whole
        assert "<html" not in fresh
