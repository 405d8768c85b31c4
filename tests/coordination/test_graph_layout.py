"""The places of the graph, by what must hold for every graph."""

import re
from collections.abc import Iterable
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from coordination.queries.critical_path import longest_chain
from coordination.queries.graph_layers import Edge, Group, components, depths
from coordination.queries.graph_layout import NODE_HEIGHT, NODE_WIDTH, Drawing, Frame, lay_out

Case = tuple[tuple[Group, ...], tuple[Edge, ...], tuple[Edge, ...]]


@st.composite
def plans(draw: st.DrawFn) -> Case:
    """Phases with tasks, dependencies without a circle, and an order of phases that may contradict them."""
    count = draw(st.integers(1, 40))
    phases = draw(st.integers(1, 5))
    phase_of = [draw(st.integers(1, phases)) for _ in range(count)]
    order = draw(st.permutations(range(1, count + 1)))
    places = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(places, places), max_size=70))
    edges = {(order[min(pair)], order[max(pair)]) for pair in pairs if pair[0] != pair[1]}
    links = draw(st.lists(st.tuples(st.integers(1, phases), st.integers(1, phases)), max_size=6))
    groups = []
    for phase in range(1, phases + 1):
        members = tuple(number + 1 for number in range(count) if phase_of[number] == phase)
        groups.append(Group(phase, members) if members else Group(phase, (-phase,), framed=False))
    return tuple(groups), tuple(sorted(edges)), tuple(sorted({link for link in links if link[0] < link[1]}))


def overlap(one: Frame, other: Frame) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def boxes(drawing: Drawing) -> list[Frame]:
    return [Frame(x, y, NODE_WIDTH, NODE_HEIGHT) for x, y in drawing.places.values()]


def straight_parts(path: str) -> Iterable[tuple[float, float, float]]:
    """Yield the level parts of a path: from, to, height."""
    x = y = 0.0
    for letter, numbers in re.findall(r"([MHC])([^MHC]+)", path):
        values = [float(value) for value in numbers.split()]
        if letter == "H":
            yield x, values[0], y
            x = values[0]
        else:
            x, y = values[-2:]


@given(plans())
def test_every_edge_leads_to_the_right(case: Case) -> None:
    drawing = lay_out(*case)
    for source, target in case[1]:
        assert drawing.places[source][0] + NODE_WIDTH < drawing.places[target][0]
        ends = re.findall(r"[-\d.]+", drawing.paths[source, target])
        x, y = drawing.places[source]
        assert (float(ends[0]), float(ends[1])) == (x + NODE_WIDTH, y + NODE_HEIGHT // 2)


@given(plans())
def test_no_two_nodes_overlap_and_all_are_inside(case: Case) -> None:
    drawing = lay_out(*case)
    placed = boxes(drawing)
    assert not any(overlap(one, other) for one, other in combinations(placed, 2))
    assert all(box.x >= 0 and box.y >= 0 and box.x + box.width <= drawing.width and box.y + box.height <= drawing.height for box in placed)


@given(plans())
def test_frames_hold_their_own_nodes_and_no_others(case: Case) -> None:
    drawing = lay_out(*case)
    frames = drawing.frames
    assert not any(overlap(one, other) for one, other in combinations(frames.values(), 2))
    for group in case[0]:
        for node, (x, y) in drawing.places.items():
            inside = overlap(frames[group.key], Frame(x, y, NODE_WIDTH, NODE_HEIGHT))
            assert inside == (node in group.nodes)


@given(plans())
def test_no_edge_runs_under_a_node(case: Case) -> None:
    drawing = lay_out(*case)
    placed = boxes(drawing)
    for path in drawing.paths.values():
        for start, end, y in straight_parts(path):
            assert not any(start < box.x + box.width and box.x < end and box.y < y < box.y + box.height for box in placed)


@given(plans())
def test_phases_that_follow_stand_to_the_right(case: Case) -> None:
    drawing = lay_out(*case)
    for before, after in drawing.links:
        assert drawing.frames[before].x + drawing.frames[before].width < drawing.frames[after].x


@given(plans())
def test_the_same_plan_is_drawn_the_same(case: Case) -> None:
    assert lay_out.__wrapped__(*case) == lay_out.__wrapped__(*case)


def test_nothing_is_drawn_of_nothing() -> None:
    assert lay_out((), ()).places == {}


def test_phases_that_wait_for_each_other_both_ways_stand_above_each_other() -> None:
    groups = (Group(1, (1, 2)), Group(2, (3, 4)))
    drawing = lay_out(groups, ((1, 3), (4, 2)), ((1, 2),))
    assert drawing.places[1][0] < drawing.places[3][0]
    assert drawing.places[4][0] < drawing.places[2][0]
    assert not overlap(drawing.frames[1], drawing.frames[2])


def test_a_chain_is_drawn_as_a_straight_line() -> None:
    drawing = lay_out((Group(1, (1, 2, 3)),), ((1, 2), (2, 3)))
    assert len({y for _, y in drawing.places.values()}) == 1
    assert "C" not in drawing.paths[1, 2]


def test_many_loose_tasks_form_a_grid() -> None:
    drawing = lay_out((Group(1, tuple(range(1, 101))),), ())
    assert len({x for x, _ in drawing.places.values()}) == 6
    assert len({y for _, y in drawing.places.values()}) == 17


@given(st.integers(1, 12), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_components_are_those_that_reach_each_other(count: int, pairs: set[Edge]) -> None:
    after: dict[int, list[int]] = {}
    for source, target in pairs:
        if source < count and target < count:
            after.setdefault(source, []).append(target)

    def reach(start: int) -> set[int]:
        found, front = {start}, [start]
        while front:
            front = [other for each in front for other in after.get(each, []) if other not in found]
            found.update(front)
        return found

    component = components(count, after)
    for one, other in combinations(range(count), 2):
        assert (component[one] == component[other]) == (other in reach(one) and one in reach(other))


def test_a_depth_is_the_longest_way() -> None:
    assert depths([1, 2, 3, 4], [(1, 2), (2, 3), (1, 3)]) == {1: 0, 2: 1, 3: 2, 4: 0}


def test_the_longest_chain_follows_dependencies_and_the_order_of_phases() -> None:
    phase_of = {1: 10, 2: 10, 3: 10, 4: 20, 5: 20}
    lengths = dict.fromkeys(phase_of, 1.0)
    assert longest_chain(lengths, [(1, 2), (4, 5)], phase_of, [(10, 20)]) == [1, 2, 4, 5]
    assert longest_chain(lengths | {3: 9.0}, [(1, 2), (4, 5)], phase_of, [(10, 20)]) == [3, 4, 5]


def test_the_longest_chain_of_contradicting_phases_follows_dependencies() -> None:
    phase_of = {1: 10, 2: 10, 3: 20}
    assert longest_chain(dict.fromkeys(phase_of, 1.0), [(3, 1)], phase_of, [(10, 20)]) == [3, 1]


def test_there_is_no_longest_chain_of_finished_work() -> None:
    assert longest_chain({}, [(1, 2)], {}, [(10, 20)]) == []
