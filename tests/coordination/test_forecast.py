"""The end of a project, told from real attempts: what it rests on, and what it takes for granted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import Gate, Outcome, PhaseState, State
from coordination.models import Agent, Attempt, Dependency, Phase, PhaseLink, Task
from coordination.models.clock import now
from coordination.operations import finish, phases, projects
from coordination.queries.forecast import forecast
from tests.factories import Plan, Worker, make_plan

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def worked(plan: Plan, minutes: Sequence[float], worker: Worker | None = None, **settings: object) -> None:
    """Finish one task for each length, as attempts of that many minutes."""
    moment = now()
    for each in minutes:
        hold = (worker or plan.jared).claims(plan.task("Done before", **settings))
        hold.completes()
        Attempt.objects.filter(pk=hold.claimed.attempt_id).update(claimed_at=moment - each * MINUTE, finished_at=moment)


def retire_all_but(plan: Plan, *workers: Worker) -> None:
    Agent.objects.exclude(pk__in=[worker.agent.pk for worker in workers]).update(retired_at=now())


def test_it_says_how_many_attempts_are_missing(plan: Plan) -> None:
    worked(plan, [4, 4])
    plan.task()
    told = forecast(plan.project)
    assert (told.p50, told.p90) == (None, None)
    assert told.basis == "A forecast needs 5 finished attempts; so far there are 2."


def test_nothing_left_has_no_end_to_come(plan: Plan) -> None:
    worked(plan, [4] * 5)
    assert forecast(plan.project).basis == "Nothing is left to do."


def test_one_agent_does_one_thing_after_the_other(plan: Plan) -> None:
    worked(plan, [10] * 5)
    retire_all_but(plan, plan.jared)
    plan.add("One", "Two", "Three")
    moment = now()
    told = forecast(plan.project, moment=moment)
    assert told.p50 == told.p90 == moment + 30 * MINUTE
    assert told.basis == "Played through 300 times with one agent, as long as 5 finished attempts of this project took: usually 10 min."


def test_two_agents_share_and_a_limit_of_the_project_holds_them_back(plan: Plan) -> None:
    worked(plan, [10] * 5)
    retire_all_but(plan, plan.jared, plan.jean)
    plan.add("One", "Two", "Three", "Four")
    moment = now()
    assert forecast(plan.project, moment=moment).p50 == moment + 20 * MINUTE
    projects.edit_project(plan.project, {"max_running": 1}, actor=plan.planner)
    plan.project.refresh_from_db()
    assert forecast(plan.project, moment=moment).p50 == moment + 40 * MINUTE


def test_the_same_rows_give_the_same_answer(plan: Plan) -> None:
    worked(plan, [3, 5, 8, 13, 21, 34])
    plan.add(*(f"Task {number}" for number in range(12)))
    moment = now()
    first = forecast(plan.project, moment=moment)
    assert first == forecast(plan.project, moment=moment)
    assert first.p50 is not None


def test_a_task_that_runs_longer_moves_nothing_that_does_not_wait_for_it(plan: Plan) -> None:
    worked(plan, [3, 5, 8, 13, 21, 34])
    aside = plan.after(name="Aside", after=[])
    hold = plan.jared.claims(plan.task("Runs", assigned_to=plan.jared.agent))
    for number in range(3):
        plan.task(f"Aside {number}", phase=aside, assigned_to=plan.jean.agent)
    began = Attempt.objects.get(pk=hold.claimed.attempt_id).claimed_at
    left = set()
    for moment in (began + minutes * MINUTE for minutes in (1, 4, 6)):
        end = forecast(plan.project, moment=moment).phases[aside.pk].p90
        assert end
        left.add(end - moment)
    assert len(left) == 1


def test_the_critical_path_is_the_chain_that_takes_longest(plan: Plan) -> None:
    worked(plan, [60] * 5, tier="heavy")
    worked(plan, [1] * 5, tier="light")
    long = plan.task("Long", tier="heavy")
    plan.task("Short", tier="light")
    last = plan.task("Last", needs=[long], tier="light")
    later = plan.task("Later", phase=plan.after(), tier="light")
    told = forecast(plan.project)
    assert told.critical == [long.pk, last.pk, later.pk]
    assert told.waits == {last.pk: [long.pk]}


def test_a_phase_begins_when_those_before_it_end(plan: Plan) -> None:
    worked(plan, [10] * 5)
    after = plan.after()
    plan.task("First")
    plan.task("Second", phase=after)
    moment = now()
    told = forecast(plan.project, moment=moment)
    assert told.phases[plan.phase.pk].p50 == moment + 10 * MINUTE
    assert told.phases[after.pk].p50 == told.p50 == moment + 20 * MINUTE


def test_what_runs_has_its_time_behind_it(plan: Plan) -> None:
    worked(plan, [10] * 5)
    hold = plan.jared.claims(plan.task("Running"))
    moment = hold.lease.acquired_at + 4 * MINUTE
    assert forecast(plan.project, moment=moment).p50 == moment + 6 * MINUTE


def test_what_failed_before_it_succeeded_makes_tasks_longer(plan: Plan) -> None:
    worked(plan, [10] * 5)
    plan.task("Ahead")
    moment = now()
    before = forecast(plan.project, moment=moment).p90
    attempts = Attempt.objects.order_by("pk")[:2]
    Attempt.objects.filter(pk__in=attempts).update(outcome=Outcome.FAILED)
    worked(plan, [10] * 2)
    told = forecast(plan.project, moment=moment)
    assert before is not None
    assert told.p90 is not None
    assert told.p90 > before
    assert "2 more came to nothing" in told.basis


def test_a_start_time_is_waited_for(plan: Plan) -> None:
    worked(plan, [10] * 5)
    moment = now()
    plan.task("Tonight", not_before=moment + 60 * MINUTE)
    assert forecast(plan.project, moment=moment).p50 == moment + 70 * MINUTE


def test_a_new_project_borrows_from_the_others(plan: Plan) -> None:
    worked(plan, [10] * 5)
    other = make_plan("other")
    other.task("Here")
    told = forecast(other.project)
    assert told.p50 is not None
    assert "of all projects, since this one has fewer than 5 took: usually 10 min." in told.basis


def test_what_only_people_can_do_is_said(plan: Plan) -> None:
    worked(plan, [10] * 5)
    asked, reviewed = plan.task("Asked"), plan.task("Reviewed", review_policy="required")
    finish.ask(plan.jared.claims(asked).holder, "Which?")
    plan.jean.claims(reviewed).completes()
    plan.jared.claims(plan.task("Failed")).fails(retryable=False)
    release = plan.after(name="Release", gate=Gate.APPROVAL)
    plan.task("Publish", phase=release)
    told = forecast(plan.project)
    assert told.conditions == [
        "the gate of Release is opened when its turn comes",
        "1 question is answered now",
        "1 review is given now",
        "1 failed task is tried again now",
    ]
    assert told.phases[release.pk].is_conditional
    plan.phase.tasks.update(state=State.DONE)
    Phase.objects.filter(pk=plan.phase.pk).update(state=PhaseState.COMPLETED)
    assert forecast(plan.project).conditions == ["the gate of Release is opened now"]


def test_pauses_are_said_and_an_open_gate_is_not(plan: Plan) -> None:
    worked(plan, [10] * 5)
    plan.task("Here")
    release = plan.after(name="Release", gate=Gate.APPROVAL)
    plan.task("Publish", phase=release)
    phases.approve_gate(release, actor=plan.planner)
    phases.pause_phase(plan.phase, actor=plan.planner)
    project = projects.pause_project(plan.project, actor=plan.planner)
    told = forecast(project)
    assert told.conditions == ["the project is resumed now", "Build is resumed now"]
    assert all(each.is_conditional for each in told.phases.values())


def test_nobody_to_do_it_is_said(plan: Plan) -> None:
    worked(plan, [10] * 5)
    plan.task("Ordinary")
    plan.task("Weld it", capabilities=["welding"])
    assert forecast(plan.project).conditions == ["an agent joins for the 1 task that no live agent can run"]
    Agent.objects.update(silent_since=now())
    told = forecast(plan.project)
    assert told.conditions == ["an agent starts now"]
    assert told.phases[plan.phase.pk].is_conditional
    assert told.p50 is not None


def test_tasks_that_wait_for_a_later_phase_have_no_end(plan: Plan) -> None:
    worked(plan, [10] * 5)
    first = plan.task("First")
    late = plan.task("Late", phase=plan.after())
    Dependency.objects.create(project=plan.project, task=first, on=late)
    told = forecast(plan.project)
    assert (told.p50, told.p90) == (None, None)
    assert told.basis.startswith("No end in sight")


def test_what_only_a_failure_needs_is_left_out(plan: Plan) -> None:
    worked(plan, [10] * 5)
    retire_all_but(plan, plan.jared)
    risky, repair = plan.add("Risky", "Repair")
    Dependency.objects.create(project=plan.project, task=repair, on=risky, kind="failure")
    Task.objects.filter(pk=repair.pk).update(blockers=1, state=State.WAITING)
    moment = now()
    assert forecast(plan.project, moment=moment).p50 == moment + 10 * MINUTE


def big(plan: Plan, tasks: int, count: int) -> None:
    """A plan of `tasks` in a chain of `count` phases, without as many operations."""
    worked(plan, [3, 5, 8, 13, 21, 34])
    sample, moment = plan.task("Sample"), now()
    stages = [plan.phase, *(plan.after() for _ in range(count - 1))]
    rows = [
        Task(project=plan.project, phase=stages[number * count // tasks], lane=sample.lane, title=f"Task {number}", state=State.WAITING,
             state_since=moment, created_at=moment, created_by="system:tests")
        for number in range(tasks)
    ]  # fmt: skip
    made = Task.objects.bulk_create(rows)
    Dependency.objects.bulk_create(
        [Dependency(project=plan.project, task=task, on=made[number - 3]) for number, task in enumerate(made) if number % 5 and number > 3]
    )
    if connection.vendor == "postgresql":  # which has not heard of so many rows: they are of this transaction
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE coordination_task, coordination_dependency")


def test_a_thousand_tasks_take_few_queries(plan: Plan, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    big(plan, 1_000, 30)
    with django_assert_max_num_queries(6):
        told = forecast(plan.project)
    assert (told.left, len(told.phases)) == (1_001, 30)
    assert told.p50 is not None
    ends = [told.phases[phase.pk].p50 for phase in Phase.objects.order_by("position")]
    assert ends == sorted(ends, key=lambda end: end or now())
    assert PhaseLink.objects.count() == 29
