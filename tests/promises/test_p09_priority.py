"""P9: a fixed key of readiness and priority; nothing starves. Goal 12."""

import heapq
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from coordination.lifecycle import sort_key
from coordination.models import Task
from coordination.models.clock import micros, now
from coordination.operations.tasks import reprioritise
from tests.factories import Plan


def _ready_ago(task: Task, minutes: float) -> None:
    moment = now() - timedelta(minutes=minutes)
    Task.objects.filter(pk=task.pk).update(sort_key=sort_key(micros(moment), task.priority))


def test_a_low_task_yields_to_a_critical_one_for_a_hundred_minutes(plan: Plan) -> None:
    low, critical = plan.task("Low", priority=100), plan.task("Critical", priority=0)
    _ready_ago(low, 99)
    assert plan.jared.claims().task == critical
    other = plan.task("Critical too", priority=0)
    _ready_ago(low, 101)
    assert plan.jared.claims().task == low
    assert plan.jared.claims().task == other


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 100)), min_size=2, max_size=30))
def test_no_task_is_overtaken_by_one_that_became_ready_much_later(queue: list[tuple[int, int]]) -> None:
    order = sorted(queue, key=lambda each: sort_key(each[0] * 1_000_000, each[1]))
    for place, (ready, priority) in enumerate(order):
        for later_ready, later_priority in order[:place]:
            assert later_ready <= ready + 60 * max(0, priority - later_priority)


def test_under_endless_critical_load_a_low_task_waits_no_longer_than_its_hundred_minutes() -> None:
    """Simulated days: every minute two critical tasks become ready and one task is claimed, yet the low one gets its turn."""
    queue = [(sort_key(0, 100), "low")]
    for minute in range(3 * 24 * 60):
        for _ in range(2):
            heapq.heappush(queue, (sort_key(minute * 60 * 1_000_000, 0), "critical"))
        if heapq.heappop(queue)[1] == "low":
            break
    assert minute <= 202, "only what became ready within its hundred minutes may come first"


def test_a_new_priority_moves_a_queued_task_without_losing_its_age(plan: Plan) -> None:
    first, second = plan.add("First", "Second", priority=50)
    reprioritise(second, 49, actor=plan.planner)
    assert plan.jared.claims().task == second
    third = plan.task("Third", priority=50)
    reprioritise(third, 10, actor=plan.planner)
    reprioritise(third, 50, actor=plan.planner)
    assert plan.jared.claims().task == first
