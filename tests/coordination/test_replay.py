"""The log tells the board: of every moment of histories in any order, and to the last event of today."""

from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import State
from coordination.models import Event, Task
from coordination.models.clock import now
from coordination.operations import phases, projects, tasks
from coordination.operations.retention import _drop
from coordination.operations.rowcheck import check_rows
from coordination.queries.replay import Replay, replay, states_at
from tests.factories import Plan
from tests.promises.test_lifecycle_machine import Lifecycle

pytestmark = pytest.mark.django_db


class Remembered(Lifecycle):
    """The lifecycle's machine, which notes the board after every step and compares it with what the log says, then and later."""

    @invariant()
    def the_log_tells_every_board_so_far(self) -> None:
        if not hasattr(self, "model"):
            return
        self.boards: dict[int, dict[int, State]] = getattr(self, "boards", {})
        board = {pk: State(state) for pk, state in Task.objects.filter(project=self.plan.project).values_list("pk", "state")}
        assert states_at(self.plan.project) == board
        place = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
        self.boards.setdefault(place, board)
        for earlier in sorted(self.boards)[:: max(1, len(self.boards) // 3)]:
            assert states_at(self.plan.project, earlier) == self.boards[earlier]


def test_the_log_tells_the_board_of_every_moment_of_any_history() -> None:
    run_state_machine_as_test(
        Remembered,
        settings=settings(max_examples=8, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)),
    )


def counts(shown: Replay) -> dict[str, int]:
    return {column.kind.key: column.total for column in shown.columns if column.total}


def test_it_steps_through_the_moments_that_change_the_board(plan: Plan) -> None:
    first, second = plan.add("Read", "Write")
    hold = plan.jared.claims(first)
    hold.completes()
    shown = replay(plan.project)
    assert shown.is_now
    assert counts(shown) == {"done": 1, "queued": 1}
    assert (shown.done, shown.scope) == (1, 2)
    steps = [shown]
    while (previous := steps[-1].previous) is not None:
        steps.append(replay(plan.project, at=previous))
    told = [counts(step) for step in steps]
    assert told[:4] == [{"done": 1, "queued": 1}, {"progress": 1, "queued": 1}, {"queued": 2}, {"waiting": 2}]
    assert [step.next for step in steps[1:4]] == [step.at for step in steps[:3]]
    assert told[-1] == {}
    claimed = steps[1]
    assert [(card.task_id, card.agent, card.is_new) for card in claimed.columns[2].cards] == [(first.pk, plan.jared.name, True)]
    assert [event.kind for event in claimed.happened] == ["task.claimed"]
    assert second.pk in {card.task_id for card in claimed.columns[1].cards}


def test_a_moment_is_found_by_the_clock_too(plan: Plan) -> None:
    task = plan.task()
    Event.objects.update(at=F("at") - timedelta(hours=2))
    between = now() - timedelta(hours=1)
    plan.jared.claims(task)
    assert counts(replay(plan.project, moment=between)) == {"queued": 1}
    assert counts(replay(plan.project, moment=now())) == {"progress": 1}
    assert counts(replay(plan.project, moment=now() - timedelta(days=2))) == {}


def test_a_project_without_a_task_has_an_empty_board(plan: Plan) -> None:
    shown = replay(plan.project)
    assert counts(shown) == {}
    assert shown.is_now


def test_what_pauses_and_holds_is_told(plan: Plan) -> None:
    plan.add("Read", "Write")
    projects.pause_project(plan.project, actor=plan.planner)
    assert counts(replay(plan.project)) == {"waiting": 2}
    projects.resume_project(plan.project, actor=plan.planner)
    phases.pause_phase(plan.phase, actor=plan.planner)
    assert counts(replay(plan.project)) == {"waiting": 2}


def test_a_task_whose_lost_lease_was_mended_is_told(plan: Plan) -> None:
    hold = plan.jared.claims(plan.task())
    hold.lease.delete()
    projects.pause_project(plan.project, actor=plan.planner)
    check_rows(repair=True)
    assert states_at(plan.project) == {hold.claimed.task_id: State.WAITING}


def test_a_task_whose_events_were_dropped_stands_where_it_is(plan: Plan) -> None:
    old, young = plan.add("Old", "Young")
    tasks.cancel(old, actor=plan.planner)
    _drop(list(Event.objects.filter(task_id=old.pk).values_list("pk", flat=True)))
    _drop(list(Event.objects.filter(kind="project.created").values_list("pk", flat=True)))
    shown = replay(plan.project)
    assert shown.begins_late
    assert counts(shown) == {"failed": 1, "queued": 1}
    assert {card.task_id for column in shown.columns for card in column.cards} == {old.pk, young.pk}


def test_it_takes_the_same_queries_for_a_long_log(plan: Plan, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for task in plan.add(*(f"T{number}" for number in range(40))):
        plan.jared.claims(task).completes()
    past = replay(plan.project).before[1]
    with django_assert_max_num_queries(6):
        shown = replay(plan.project, at=past)
    assert shown.columns[4].total == 39
    assert shown.columns[4].more == 39 - len(shown.columns[4].cards)
