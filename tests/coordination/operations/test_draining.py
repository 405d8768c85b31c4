"""Drain and stop: what goes on, what is held, what is taken back, and who hears of the end."""

import pytest

from coordination.errors import WrongState
from coordination.lifecycle import PhaseState, State
from coordination.models import Attempt, Event
from coordination.operations import draining, phases, projects
from coordination.operations.sweep import sweep
from tests.factories import Plan, assert_sound, phase_state, state_of

pytestmark = pytest.mark.django_db


def kinds(word: str) -> list[str]:
    return list(Event.objects.filter(kind__startswith=f"{word}.").order_by("pk").values_list("kind", flat=True))


def test_draining_lets_attempts_end_and_hands_out_nothing(plan: Plan) -> None:
    running, queued = plan.add("Running", "Queued")
    hold = plan.jared.claims(running)
    phase = draining.drain_phase(plan.phase, actor=plan.planner)
    assert (phase.state, phase.draining) == (PhaseState.PAUSED, True)
    assert state_of(queued) == State.WAITING
    assert plan.jean.claim() is None
    sweep()
    assert kinds("phase")[-2:] == ["phase.paused", "phase.draining"]
    hold.completes()
    sweep()
    sweep()
    assert kinds("phase")[-3:] == ["phase.paused", "phase.draining", "phase.drained"]
    phase.refresh_from_db()
    assert (phase.state, phase.draining) == (PhaseState.PAUSED, False)
    phases.resume_phase(phase, actor=plan.planner)
    assert state_of(queued) == State.QUEUED
    assert_sound()


def test_what_runs_nothing_is_drained_at_once(plan: Plan) -> None:
    draining.drain_phase(plan.phase, actor=plan.planner)
    project = draining.drain_project(plan.project, actor=plan.planner, reason="Backup")
    assert kinds("phase")[-1] == "phase.drained"
    assert kinds("project")[-3:] == ["project.paused", "project.draining", "project.drained"]
    assert (project.pause_reason, project.draining) == ("Backup", False)


def test_a_paused_phase_can_be_drained_and_resuming_ends_it(plan: Plan) -> None:
    plan.jared.claims(plan.task())
    paused = phases.pause_phase(plan.phase, actor=plan.planner)
    phase = draining.drain_phase(paused, actor=plan.planner)
    with pytest.raises(WrongState, match="draining already"):
        draining.drain_phase(phase, actor=plan.planner)
    assert not phases.resume_phase(phase, actor=plan.planner).draining
    sweep()
    assert "phase.drained" not in kinds("phase")


def test_a_draining_project_ends_with_its_last_attempt(plan: Plan) -> None:
    holds = [plan.jared.claims(plan.task("One")), plan.jean.claims(plan.task("Two"))]
    project = draining.drain_project(plan.project, actor=plan.planner)
    for hold in holds:
        sweep()
        assert "project.drained" not in kinds("project")
        hold.completes()
    sweep()
    assert kinds("project")[-1] == "project.drained"
    assert not projects.resume_project(project, actor=plan.planner).draining


def test_stopping_takes_back_what_runs(plan: Plan) -> None:
    running, queued = plan.add("Running", "Queued")
    hold = plan.jared.claims(running)
    elsewhere = plan.jean.claims(plan.task("Elsewhere", phase=plan.after(after=[])))
    phase = draining.stop_phase(plan.phase, actor=plan.planner, reason="Wrong branch")
    assert phase.state == PhaseState.PAUSED
    assert [state_of(task) for task in (running, queued, elsewhere.task)] == [State.WAITING, State.WAITING, State.CLAIMED]
    assert Attempt.objects.get(pk=hold.claimed.attempt_id).reason == "Wrong branch"
    with pytest.raises(WrongState, match="nothing runs"):
        draining.stop_phase(phase, actor=plan.planner)
    project = draining.stop_project(plan.project, actor=plan.planner)
    assert project.is_paused
    assert state_of(elsewhere.task) == State.WAITING
    projects.resume_project(project, actor=plan.planner)
    assert phase_state(plan.phase) == PhaseState.PAUSED
    assert state_of(elsewhere.task) == State.QUEUED
    assert_sound()


def test_stopping_ends_a_drain_that_takes_too_long(plan: Plan) -> None:
    hold = plan.jared.claims(plan.task())
    draining.drain_phase(plan.phase, actor=plan.planner)
    plan.phase.refresh_from_db()
    draining.stop_phase(plan.phase, actor=plan.planner)
    assert kinds("phase")[-1] == "phase.drained"
    assert state_of(hold.task) == State.WAITING
