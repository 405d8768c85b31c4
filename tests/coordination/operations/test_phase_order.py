"""Putting phases in, moving and splitting them: what follows what stays right."""

import pytest

from coordination.errors import CycleRefused, Invalid, WrongState
from coordination.lifecycle import Gate, PhaseState, State
from coordination.models import Event, Phase, PhaseLink
from coordination.operations.phase_order import insert_phase, reorder_phase, split_phase
from coordination.operations.phases import approve_gate, link_phases
from tests.factories import Plan, assert_sound, phase_state, state_of

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return list(Phase.objects.order_by("position").values_list("name", flat=True))


def followed(phase: Phase) -> set[str]:
    return set(PhaseLink.objects.filter(phase=phase).values_list("after__name", flat=True))


@pytest.fixture
def row(plan: Plan) -> tuple[Phase, Phase, Phase]:
    """Build, which has begun, and three that follow one another."""
    plan.task()
    return plan.after(name="Verify"), plan.after(name="Package"), plan.after(name="Release")


def test_a_phase_is_put_between_two(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    verify, package, _ = row
    new = insert_phase(plan.project, name="Review", behind=verify, actor=plan.planner)
    assert names() == ["Build", "Verify", "Review", "Package", "Release"]
    assert (followed(new), followed(package)) == ({"Verify"}, {"Review"})
    assert new.state == PhaseState.PLANNED


def test_a_phase_is_put_first(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    first = insert_phase(plan.project, name="Survey", behind=None, actor=plan.planner)
    assert names()[:2] == ["Survey", "Build"]
    assert first.state == PhaseState.ACTIVE
    assert followed(plan.phase) == set()


def test_moving_within_a_plain_row_changes_the_order_of_work(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    verify, package, release = row
    assert reorder_phase(release, 2, actor=plan.planner)
    assert names() == ["Build", "Release", "Verify", "Package"]
    assert [followed(phase) for phase in (release, verify, package)] == [{"Build"}, {"Release"}, {"Verify"}]
    assert Phase.objects.filter(state=PhaseState.ACTIVE).get() == plan.phase


def test_moving_among_what_has_begun_changes_the_display_only(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    verify, package, _ = row
    assert not reorder_phase(verify, 1, actor=plan.planner)
    assert names()[:2] == ["Verify", "Build"]
    assert (followed(verify), followed(package)) == ({"Build"}, {"Verify"})
    assert phase_state(verify) == PhaseState.PLANNED


def test_moving_in_a_plan_with_branches_changes_the_display_only(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    _, package, release = row
    link_phases(release, plan.phase, actor=plan.planner)
    assert not reorder_phase(release, 2, actor=plan.planner)
    assert followed(release) == {"Build", "Package"}
    assert followed(package) == {"Verify"}


def test_the_new_first_of_a_row_that_has_not_begun_begins(plan: Plan) -> None:
    plan.phase.delete()
    gated, free = plan.after(name="Gated", gate=Gate.APPROVAL), plan.after(name="Free")
    assert reorder_phase(free, 1, actor=plan.planner)
    assert phase_state(free) == PhaseState.ACTIVE
    assert followed(gated) == {"Free"}


def test_chosen_tasks_move_into_a_phase_that_follows(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    verify = row[0]
    stays, moves = plan.add("Stays", "Moves")
    later = plan.task("Later", needs=[moves], phase=verify)
    new = split_phase(plan.phase, [moves], name="Build the rest", gate=Gate.APPROVAL, actor=plan.planner)
    assert names()[:3] == ["Build", "Build the rest", "Verify"]
    assert (followed(new), followed(verify)) == ({"Build"}, {"Build the rest"})
    moves.refresh_from_db()
    assert (moves.phase, moves.state) == (new, State.WAITING)
    assert state_of(stays) == State.QUEUED
    assert later.dependencies.get().on == moves
    assert Event.objects.get(kind="phase.split").data["tasks"] == [moves.pk]
    assert Event.objects.get(kind="task.edited").data["changes"] == {"phase": ["Build", "Build the rest"]}
    assert_sound()


def test_nothing_that_stays_may_wait_for_what_moves(plan: Plan) -> None:
    moves = plan.task("Moves")
    between = plan.task("Elsewhere", needs=[moves], phase=plan.after(after=[]))
    stays = plan.task("Stays", needs=[between])
    with pytest.raises(Invalid, match=f"#{stays.pk} would stay in Build and wait for #{moves.pk}"):
        split_phase(plan.phase, [moves], name="Rest", actor=plan.planner)
    assert names() == ["Build", "Phase 2"]


def test_what_has_begun_stays_and_so_does_something(plan: Plan) -> None:
    running, queued = plan.add("Running", "Queued")
    plan.jared.claims(running)
    with pytest.raises(WrongState, match="only tasks that have not begun can move"):
        split_phase(plan.phase, [running], name="Rest", actor=plan.planner)
    with pytest.raises(Invalid, match="Choose tasks of Build"):
        split_phase(plan.phase, [], name="Rest", actor=plan.planner)
    other = plan.task("Of another phase", phase=plan.after())
    with pytest.raises(Invalid, match="Choose tasks of Build"):
        split_phase(plan.phase, [queued, other], name="Rest", actor=plan.planner)
    with pytest.raises(Invalid, match="At least one task must stay"):
        split_phase(other.phase, [other], name="Rest", actor=plan.planner)


@pytest.mark.django_db(transaction=True)  # a phase advances when the change that ends it has committed
def test_the_split_phase_ends_when_only_finished_tasks_are_left(plan: Plan) -> None:
    finished, left = plan.add("Finished", "Left")
    plan.jared.claims(finished).completes()
    new = split_phase(plan.phase, [left], name="Rest", actor=plan.planner)
    assert phase_state(plan.phase) == PhaseState.COMPLETED
    assert phase_state(new) == PhaseState.ACTIVE
    assert state_of(left) == State.QUEUED


def test_links_still_make_no_circle(plan: Plan, row: tuple[Phase, Phase, Phase]) -> None:
    verify, _, release = row
    approve = insert_phase(plan.project, name="Sign off", behind=verify, gate=Gate.APPROVAL, actor=plan.planner)
    with pytest.raises(CycleRefused):
        link_phases(verify, release, actor=plan.planner)
    assert approve_gate(approve, actor=plan.planner).is_gate_open
