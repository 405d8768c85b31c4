"""Playing a plan through: properties that hold for every plan, and small plans whose end is plain."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.queries.schedule import Network, Step, conditional, critical_path, play, quantile


@st.composite
def plans(draw: st.DrawFn) -> tuple[Network, list[float]]:
    """Steps in up to four stages, each needing some before it in its own stage or an earlier one; and how long each takes."""
    stages = draw(st.integers(1, 4))
    crews = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    steps: list[Step] = []
    for stage in range(stages):
        for _ in range(draw(st.integers(0, 6))):
            earlier = list(range(len(steps)))
            needs = tuple(draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2))) if earlier else ()
            can = tuple(draw(st.lists(st.sampled_from(range(len(crews))), unique=True, min_size=1)))
            steps.append(Step(stage, needs, can, draw(st.sampled_from([0.0, 0.0, 7.0])), draw(st.integers(0, 100))))
    follows = [draw(st.lists(st.sampled_from(range(stage)), unique=True)) if stage else [] for stage in range(stages)]
    durations = draw(st.lists(st.floats(0, 100), min_size=len(steps), max_size=len(steps)))
    return Network(steps, follows, crews, draw(st.sampled_from([None, 1, 2]))), durations


@given(plans())
def test_no_plan_ends_before_its_critical_path_or_after_one_thing_at_a_time(plan: tuple[Network, list[float]]) -> None:
    network, durations = plan
    end = max(play(network, durations))
    path = critical_path(network, durations)
    assert end <= sum(durations) + max((step.earliest for step in network.steps), default=0) + 1e-6
    assert end >= sum(durations[step] for step in path) - 1e-6
    assert len(set(path)) == len(path)


@given(plans())
def test_with_an_agent_for_everything_the_critical_path_decides(plan: tuple[Network, list[float]]) -> None:
    network, durations = plan
    steps = [Step(step.stage, step.needs) for step in network.steps]
    crowd = Network(steps, network.follows, [len(steps) + 1])
    assert max(play(crowd, durations)) == pytest.approx(sum(durations[step] for step in critical_path(crowd, durations)))


@given(plans())
def test_no_stage_ends_before_those_it_follows(plan: tuple[Network, list[float]]) -> None:
    network, durations = plan
    ends = play(network, durations)
    for stage, before in enumerate(network.follows):
        assert all(ends[stage] >= ends[other] for other in before)


@given(plans())
def test_the_same_plan_goes_the_same_way(plan: tuple[Network, list[float]]) -> None:
    assert play(*plan) == play(*plan)


def test_agents_share_the_work_that_is_ready() -> None:
    steps = [Step(0)] * 6
    assert play(Network(steps, [[]], [1]), [10] * 6) == [60]
    assert play(Network(steps, [[]], [3]), [10] * 6) == [20]
    assert play(Network(steps, [[]], [6], most_at_once=2), [10] * 6) == [30]


def test_only_who_can_do_it_does_it() -> None:
    steps = [Step(0, crews=(0,)), Step(0, crews=(0,)), Step(0, crews=(1,)), Step(0, crews=(0, 1))]
    assert play(Network(steps, [[]], [1, 1]), [10, 10, 5, 5]) == [20]


def test_what_runs_already_keeps_its_agent_busy() -> None:
    steps = [Step(0, running=True), Step(0)]
    assert play(Network(steps, [[]], [1]), [30, 10]) == [40]
    assert play(Network([Step(0, crews=(), running=True), Step(0)], [[]], [1]), [30, 10]) == [30]


def test_stages_without_steps_hold_up_nothing_however_many() -> None:
    follows = [[], *([number] for number in range(2_000))]
    network = Network([Step(0), Step(2_000)], follows)
    assert play(network, [3, 4])[-1] == 7
    assert critical_path(network, [3, 4]) == [0, 1]


def test_steps_that_wait_for_a_later_stage_never_end() -> None:
    steps = [Step(0, needs=(1,)), Step(1)]
    assert play(Network(steps, [[], [0]]), [1, 1]) == [inf, inf]


def test_what_is_left_of_a_duration_is_taken_from_those_that_lasted_longer() -> None:
    assert conditional([10, 20, 30], 15) == [5, 15]
    assert conditional([10, 20], 40) == [20]


@given(st.lists(st.floats(0, 1e6), min_size=1).map(sorted), st.floats(0, 1))
def test_a_quantile_lies_within(values: list[float], share: float) -> None:
    assert values[0] - 1e-6 <= quantile(values, share) <= values[-1] + 1e-6
    assert quantile(values, 0.5) <= quantile(values, 0.9) + 1e-6
