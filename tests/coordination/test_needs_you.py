"""What waits for whom, and that counting it stays one statement."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, State
from coordination.models import Agent, Task
from coordination.models.clock import now
from coordination.operations.agents import retire
from coordination.operations.finish import ask
from coordination.queries.access import Caller, caller_of_user
from coordination.queries.needs_you import needs_you, needs_you_count
from tests.factories import Plan, make_plan, person

pytestmark = pytest.mark.django_db


def caller(plan: Plan) -> Caller:
    return caller_of_user(plan.pat)


def in_trouble(plan: Plan) -> None:
    """One of each: a question, a review, a gate, a failure, a proposal of an agent, a silent agent, work for nobody."""
    asked, reviewed = plan.task("Asked"), plan.task("Reviewed", review_policy="required")
    ask(plan.jared.claims(asked).holder, "Which names?")
    plan.jean.claims(reviewed).completes()
    failed = plan.task("Failed")
    plan.jared.claims(failed).fails(retryable=False)
    plan.task("Proposed", awaits_person=True)
    plan.task("For nobody", capabilities=["welding"], tier="heavy")
    Agent.objects.filter(pk=plan.jean.agent.pk).update(silent_since=now() - timedelta(hours=1))
    release = plan.after(name="Release", gate=Gate.APPROVAL)
    release.links.all().delete()


def test_each_kind_is_listed_with_what_answers_it(plan: Plan) -> None:
    in_trouble(plan)
    inbox = needs_you(caller(plan))
    assert [(task.title, task.open_question) for task in inbox.questions] == [("Asked", "Which names?")]
    assert [task.title for task in inbox.reviews] == ["Reviewed"]
    assert [phase.name for phase in inbox.gates] == ["Release"]
    assert [task.title for task in inbox.failed] == ["Failed"]
    assert [task.title for task in inbox.proposed] == ["Proposed"]
    assert [agent.pk for agent in inbox.silent] == [plan.jean.agent.pk]
    assert [(each.phase, each.tasks) for each in inbox.stranded] == [("Build", 1)]
    assert "welding" in inbox.stranded[0].sentence
    assert (inbox.total, inbox.more) == (7, 0)


def test_it_is_counted_in_one_statement(plan: Plan, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    in_trouble(plan)
    asker = caller(plan)
    with django_assert_num_queries(1):
        assert needs_you_count(asker) == 7


def test_it_is_listed_in_few_statements(plan: Plan, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    in_trouble(plan)
    asker = caller(plan)
    with django_assert_max_num_queries(5):
        needs_you(asker)


def test_who_plans_nothing_is_not_called(plan: Plan) -> None:
    in_trouble(plan)
    for asker in (caller_of_user(plan.vera), caller_of_user(person("mallory"))):
        assert needs_you_count(asker) == 0
        assert needs_you(asker).total == 0


def test_a_planner_hears_of_the_own_projects_only(plan: Plan) -> None:
    other = make_plan("other")
    in_trouble(other)
    assert needs_you_count(caller(plan)) == 0
    assert needs_you_count(caller(other)) == 7


def test_a_gate_whose_turn_has_not_come_asks_nobody(plan: Plan) -> None:
    plan.task("Unfinished")
    plan.after(name="Release", gate=Gate.APPROVAL)
    assert needs_you(caller(plan)).gates == []


def test_an_agent_that_was_retired_or_lost_long_ago_is_no_news(plan: Plan) -> None:
    for worker, silence in ((plan.jared, timedelta(hours=1)), (plan.jean, timedelta(days=8))):
        Agent.objects.filter(pk=worker.agent.pk).update(silent_since=now() - silence)
    plan.task("Makes a lane")
    assert [agent.pk for agent in needs_you(caller(plan)).silent] == [plan.jared.agent.pk]
    retire(plan.jared.agent, actor=plan.planner)
    assert needs_you_count(caller(plan)) == 0


def test_it_is_counted_up_to_a_limit_and_by_an_index(plan: Plan) -> None:
    tasks = plan.add(*(f"Task {number}" for number in range(100)))
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(state=State.REVIEW)
    for asker in (caller(plan), caller_of_user(person("ada", superuser=True))):
        with CaptureQueriesContext(connection) as asked:
            assert needs_you_count(asker) == 100
            inbox = needs_you(asker)
        assert (len(inbox.reviews), inbox.is_counted) == (60, False)
    for each in (asked[0]["sql"], next(query["sql"] for query in asked[1:] if "of_review" in query["sql"])):
        assert "task_needs_person" in plan_of(each)


def plan_of(statement: str) -> str:
    """Return how the database would run a statement if reading whole tables were dear, as it is with many rows."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE coordination_task")
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{'EXPLAIN' if connection.vendor == 'postgresql' else 'EXPLAIN QUERY PLAN'} {statement}")
        return str(cursor.fetchall())


def test_more_than_fits_is_counted(plan: Plan) -> None:
    tasks = plan.add(*(f"Task {number}" for number in range(70)))
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(state=State.FAILED)
    inbox = needs_you(caller(plan))
    assert (inbox.total, len(inbox.failed), inbox.more) == (70, 60, 10)
