"""Every figure of the insights leads to a list of exactly what it counts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from coordination.models import Agent, ApiKey, Attempt, Event, Project, Task, User
from coordination.models.clock import now
from coordination.operations import agents, finish, leases, tasks
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.report import Report
from coordination.queries.insights import insights
from tests.webui.conftest import signed_in, started
from webui.charts import Point
from webui.insight_charts import Drawn

ZONE = ZoneInfo("Pacific/Auckland")  # its days begin half a day before those of the server
DAYS = 7


@dataclass(frozen=True)
class Seen:
    """What the reader has before them."""

    client: Client
    drawn: Drawn

    def rows(self, url: str, mark: str) -> int:
        answer = self.client.get(url)
        assert answer.status_code == 200, url
        return len(re.findall(mark, answer.content.decode()))


def midnight(days_ago: int) -> datetime:
    """Return when that day began where the reader is."""
    return datetime.combine(now().astimezone(ZONE).date() - timedelta(days=days_ago), datetime.min.time(), ZONE)


def ended(task: Task, at: datetime, *, state: str = "done") -> None:
    Task.objects.filter(pk=task.pk).update(**{f"{state}_at": at, "state_since": at, "created_at": at - timedelta(hours=30)})
    Attempt.objects.filter(task=task).update(claimed_at=at - timedelta(minutes=7), finished_at=at)


@pytest.fixture
def seen(ada: User, project: Project, task: Task, jared: Agent, key: ApiKey) -> Seen:
    """Work of two agents that ended a second before and after midnights, well and badly, with and without a cost; some by hand."""
    jean = agents.register(name="jean", capabilities=["python"], key=key, actor=key.actor)
    news = [NewTask(title=f"T{number}", phase=task.phase, tier="heavy" if number % 3 else "light") for number in range(14)]
    made = create_tasks(project, news, actor=ada.actor)
    for number, each in enumerate(made[:9]):
        cost = None if number % 4 == 0 else Decimal("0.50")
        finish.complete(started(each, jared if number % 2 else jean, key), Report(result="ok", cost_usd=cost))
        ended(each, midnight(1 + number // 2) + timedelta(seconds=number % 2 * 2 - 1))
    for number, each in enumerate(made[9:11]):
        finish.fail(started(each, jared, key), Report(error="No"), retryable=False)
        ended(each, midnight(2) - timedelta(seconds=number), state="failed")
    tasks.cancel(made[11], actor=ada.actor)
    ended(made[11], midnight(2), state="cancelled")
    Task.objects.filter(pk=made[12].pk).update(state="done", done_at=midnight(3), state_since=midnight(3))  # nobody ever claimed it
    leases.release(started(made[13], jean, key), reason="Not mine.")
    Event.objects.filter(kind="task.queued").update(at=midnight(DAYS - 1))
    Event.objects.filter(kind="task.created").update(at=midnight(DAYS - 1) - timedelta(seconds=1))
    ada.time_zone = str(ZONE)
    ada.save()
    return Seen(signed_in(ada), Drawn(project, insights(project, count=DAYS, zone=ZONE)))


def linked(points: Iterable[Point]) -> list[Point]:
    found = [point for point in points if point.url and point.value]
    assert found
    return found


def number(pattern: str, said: str) -> int:
    match = re.search(pattern, said)
    return int(match.group(1)) if match else 1


def test_every_figure_leads_to_a_list_of_exactly_what_it_counts(seen: Seen) -> None:
    drawn = seen.drawn
    for chart in (drawn.burn_up, drawn.throughput, drawn.cycle, drawn.lead):
        for point in linked(point for row in chart.rows for point in row.points):
            assert seen.rows(point.url, r'<tr id="row-') == number(r"(\d+) tasks?", point.said), f"{chart.title}, {point.label}"
    for point in linked(row.points[0] for row in drawn.failures.rows):
        assert seen.rows(point.url, r'<tr id="attempt-') == number(r": (\d+) of", point.said) > 0, point.label
    for bars in (drawn.tiers, drawn.agents):
        assert len(bars) >= 2
        for bar in bars:
            page = seen.client.get(bar.point.url).content.decode()
            assert len(re.findall(r'<tr id="attempt-', page)) == number(r"(\d+) attempts?", bar.more), bar.point.label
            assert bar.point.said in page[page.index('id="ended-attempts"') : page.index("<table")]
        assert any("told a cost" in bar.more for bar in bars)
    assert {"In the queue, for a free agent", "Not waiting: an agent worked on it"} <= {bar.point.label for bar in drawn.waits}
    for bar in drawn.waits:
        assert seen.rows(bar.point.url, r'<li id="event-') == number(r"(\d+) times", bar.more), bar.point.label


def test_nothing_told_is_no_cost_of_nothing(ada: User, project: Project, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(task, jared, key), Report(result="ok"))
    page = signed_in(ada).get("/p/tally/insights").content.decode()
    assert "$0.00" not in page
    assert "cost not told" in page
    assert "1 attempt, 0 of 1 failed" in page
    Attempt.objects.update(cost_usd=Decimal("0.0004"))
    assert "under $0.01" in signed_in(ada).get("/p/tally/insights").content.decode()


def test_days_on_which_nothing_happened_are_told_so(ada: User, project: Project, task: Task) -> None:
    page = signed_in(ada).get("/p/tally/insights").content.decode()
    assert "Nothing was done in these days." in page
    assert "No attempt ended in these days." in page
    assert "0 of 1 task done, 1 left." in page


def test_the_list_of_attempts_takes_nonsense_for_nothing_and_names_what_it_leaves_out(
    ada: User, stranger: User, project: Project, seen: Seen
) -> None:
    page = "/p/tally/insights/attempts"
    wild = seen.client.get(page, {"from": "2026-02-31", "until": "x", "ended": "'", "tier": "\0", "agent": "a\0b", "offset": "9" * 30})
    assert wild.status_code == 200
    assert "No attempt ended so in these days" in wild.content.decode()
    backwards = seen.client.get(page, {"from": "2999-01-01", "until": "2026-01-01"})
    assert backwards.status_code == 200
    assert signed_in(stranger).get(page).status_code == 404
