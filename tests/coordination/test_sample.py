"""The sample project has two days behind it that hold together: in its log, its attempts and its heartbeats."""

from datetime import timedelta
from itertools import pairwise

import pytest

from coordination.actor import SYSTEM
from coordination.lifecycle import State
from coordination.models import Agent, AgentHour, Attempt, Event, Lease, Message, Task
from coordination.models.clock import now
from coordination.operations.rowcheck import check_rows
from coordination.operations.sample import make
from coordination.operations.sweep import sweep
from coordination.queries.access import EVERY_PROJECT, Caller, Permission
from coordination.queries.home import home
from coordination.queries.insights import insights
from coordination.queries.project_log import project_log
from coordination.queries.replay import states_at
from coordination.queries.versions import counts, version
from tests.factories import Plan

pytestmark = pytest.mark.django_db


def test_its_past_holds_together_and_nothing_else_is_touched(plan: Plan) -> None:
    other = plan.task("Of another project")
    began = now()
    project = make("tally", plan.planner)
    times = list(Event.objects.filter(project=project).order_by("pk").values_list("at", flat=True))
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert timedelta(hours=45) < now() - times[0] < timedelta(hours=47)
    assert now() - times[-1] < timedelta(minutes=7)
    other.refresh_from_db()
    assert began - other.created_at < timedelta(minutes=5)
    for attempt in Attempt.objects.filter(task__project=project):
        assert attempt.claimed_at <= (attempt.started_at or attempt.claimed_at) <= (attempt.finished_at or now())
        assert attempt.took is None or timedelta(minutes=4) < attempt.took < timedelta(hours=3)
    assert not Message.objects.filter(project=project, created_at__gt=now() - timedelta(minutes=10)).exists()
    tasks = Task.objects.filter(project=project)
    assert states_at(project) == {task.pk: State(task.state) for task in tasks}
    assert check_rows(repair=False) == []
    shown = insights(project, count=7, zone=times[0].tzinfo)  # type: ignore[arg-type]  # UTC
    assert (shown.done_now, shown.total.bad) == (13, 2)
    assert min(shown.overall["cycle"].p50, 600) == 600


def test_its_agents_were_alive_while_they_worked_and_hold_their_tasks_now(plan: Plan) -> None:
    project = make("tally", plan.planner)
    for attempt in Attempt.objects.filter(task__project=project, finished_at__isnull=False).select_related("agent"):
        hour = attempt.claimed_at.replace(minute=0, second=0, microsecond=0)
        lived = AgentHour.objects.get(agent=attempt.agent, hour=hour).minutes >> attempt.claimed_at.minute
        assert bin(lived).count("1") > 0, attempt
    assert AgentHour.objects.filter(agent__name="jared").count() > 24
    sweep()
    assert Lease.objects.filter(task__project=project).count() == 2
    assert not Agent.objects.filter(silent_since__isnull=False, registered_by__projects=project).exists()


def test_its_commits_bear_the_dates_that_its_events_tell(plan: Plan) -> None:
    project = make("dated", plan.planner)
    for kind in ("files.saved", "attempt.pushed"):
        event = Event.objects.filter(project=project, kind=kind).latest("pk")
        task = Task.objects.get(pk=event.task_id)
        assert abs(version(task, event.data["new"]).when - event.at) < timedelta(minutes=1)


def test_the_first_push_of_an_attempt_is_compared_with_what_the_attempt_was_handed(plan: Plan) -> None:
    project = make("pushed", plan.planner)
    (pushed,) = project_log(project, kind="pushed")
    assert pushed.base == Attempt.objects.get(task=pushed.task, number=pushed.attempt).commit
    counted = counts(pushed.task, pushed.base, pushed.new)
    assert counted is not None
    assert [each.path for each in counted] == pushed.files


def test_what_needs_a_person_is_counted_alike_for_the_inbox_and_the_project(plan: Plan) -> None:
    project = make("counted", plan.planner)
    shown = home(Caller(SYSTEM, {EVERY_PROJECT: Permission.ADMIN}))
    (overview,) = [each for each in shown.overviews if each.project.pk == project.pk]
    assert overview.needs == shown.inbox.total
