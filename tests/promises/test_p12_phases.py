"""P12: a phase is completed once, never zero times, whatever finishes at the same moment. A5, A9."""

from collections.abc import Sequence

from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.lifecycle import PhaseState, State
from coordination.models import Event, Phase, Task
from coordination.operations.phases import advance, create_phase, pause_phase, resume_phase
from coordination.operations.sweep import sweep
from coordination.operations.tasks import cancel, requeue
from tests.factories import Plan, age, assert_sound, phase_state, refusals, state_of, swept_until_now, together


def _pair(plan: Plan, name: str) -> tuple[Phase, Phase]:
    first = create_phase(plan.project, name=name, actor=plan.planner, after=[])
    return first, create_phase(plan.project, name=f"after {name}", actor=plan.planner, after=[first])


def _told(phases: Sequence[Phase], kind: str) -> list[int]:
    return [Event.objects.filter(phase_id=phase.pk, kind=kind).count() for phase in phases]


def test_two_last_tasks_that_finish_at_once_complete_the_phase_once(plan: Plan, rounds: int) -> None:
    for number in range(rounds):
        phase, after = _pair(plan, f"P{number}")
        tasks = plan.add("One", "Two", phase=phase)
        waits = plan.task("Next", phase=after)
        holds = [plan.jared.claims(tasks[0]), plan.jean.claims(tasks[1])]
        assert together(*[hold.completes for hold in holds]) == [State.DONE, State.DONE]
        assert (phase_state(phase), phase_state(after)) == (PhaseState.COMPLETED, PhaseState.ACTIVE)
        assert _told([phase], "phase.completed") == _told([after], "phase.started") == [1]
        assert state_of(waits) is State.QUEUED
        plan.jared.claims(waits).completes()
    assert_sound()


def test_many_who_advance_at_once_advance_once(plan: Plan, rounds: int) -> None:
    for number in range(min(rounds, 200)):
        phase, after = _pair(plan, f"P{number}")
        task = plan.task("Only", phase=phase)
        Task.objects.filter(pk=task.pk).update(state=State.CANCELLED)
        advanced = together(*[lambda phase=phase: advance(phase.pk) for _ in range(4)])
        assert sorted(map(bool, advanced)) == [False, False, False, True], advanced
        assert _told([phase, after], "phase.completed") == [1, 0]
        Task.objects.filter(pk=task.pk).delete()


def test_a_requeue_at_the_moment_of_completion_leaves_the_phase_open(plan: Plan, rounds: int) -> None:
    """requeue ‖ advance: whichever is first, a phase with an unfinished task is not completed in the end."""
    for number in range(rounds):
        phase, _ = _pair(plan, f"P{number}")
        done, last = plan.add("Done", "Last", phase=phase)
        plan.jared.claims(done).completes()
        hold = plan.jean.claims(last)
        outcomes = together(hold.completes, lambda done=done: requeue(done, actor=plan.planner))
        assert not refusals(outcomes), outcomes
        assert state_of(done) is State.QUEUED
        assert phase_state(phase) is PhaseState.ACTIVE
        plan.jared.claims(done).completes()
        assert phase_state(phase) is PhaseState.COMPLETED
    assert_sound()


def test_a_paused_phase_is_completed_when_it_is_resumed(plan: Plan) -> None:
    phase, after = _pair(plan, "P")
    hold = plan.jared.claims(plan.task(phase=phase))
    pause_phase(phase, actor=plan.planner)
    hold.completes()
    assert not advance(phase.pk)
    assert phase_state(phase) is PhaseState.PAUSED
    resume_phase(phase, actor=plan.planner)
    assert (phase_state(phase), phase_state(after)) == (PhaseState.COMPLETED, PhaseState.ACTIVE)


def test_the_last_task_that_is_cancelled_completes_the_phase_too(plan: Plan) -> None:
    phase, after = _pair(plan, "P")
    done, not_needed = plan.add("Done", "Not needed", phase=phase)
    plan.jared.claims(done).completes()
    cancel(not_needed, actor=plan.planner)
    assert phase_state(after) is PhaseState.ACTIVE


def test_the_sweep_advances_what_a_crash_left_behind(plan: Plan) -> None:
    phase, after = _pair(plan, "P")
    task = plan.task(phase=phase)
    Task.objects.filter(pk=task.pk).update(state=State.DONE)  # as if the process died between the commit and the advance
    assert sweep().advanced >= 1
    assert (phase_state(phase), phase_state(after)) == (PhaseState.COMPLETED, PhaseState.ACTIVE)


def test_three_sweepers_at_once_do_everything_once(plan: Plan, rounds: int) -> None:
    """A9: each expiry, retry and advance happens once."""
    for number in range(min(rounds, 100)):
        phase, after = _pair(plan, f"P{number}")
        crashed = plan.add(*[f"C{n}" for n in range(4)], phase=phase)
        failed = plan.add(*[f"F{n}" for n in range(4)], phase=phase)
        for task in crashed:
            plan.jared.claims(task)
        for task in failed:
            plan.jared.claims(task).fails()
        gone, follows = _pair(plan, f"Q{number}")
        only = plan.task("Only", phase=gone)
        Task.objects.filter(pk=only.pk).update(state=State.CANCELLED)
        age(200)
        swept_until_now()
        reports = together(sweep, sweep, sweep)
        assert not refusals(reports), reports
        assert sum(report.expired for report in reports if not isinstance(report, BaseException)) == len(crashed)
        for task in (*crashed, *failed):
            assert Event.objects.filter(task_id=task.pk, kind="task.queued").count() == 2
        assert _told([gone], "phase.completed") == _told([follows], "phase.started") == [1]
        assert phase_state(after) is PhaseState.PLANNED
        for task in (*crashed, *failed):
            plan.jared.claims(task).completes()
        assert phase_state(after) is PhaseState.ACTIVE
        Task.objects.filter(pk=only.pk).delete()


def test_activating_a_phase_costs_the_same_statements_whatever_its_size(plan: Plan) -> None:
    counts = []
    for size in (5, 1000):
        phase = create_phase(plan.project, name=f"Of {size}", actor=plan.planner, after=[], gate="approval")
        plan.add(*[f"T{n}" for n in range(size)], phase=phase)
        from coordination.operations.phases import approve_gate

        with CaptureQueriesContext(connection) as statements:
            approve_gate(phase, actor=plan.planner)
        assert Task.objects.filter(phase=phase, state=State.QUEUED).count() == size
        # The log is written in as few inserts as the database takes at once; all else is one statement each.
        counts.append(len([each for each in statements if "INSERT INTO" not in each["sql"]]))
    assert counts[0] == counts[1] <= 30, counts
