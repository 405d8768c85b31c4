"""Why a task does not run: every reason, in words and as data, for the task alone and for one agent."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from coordination.lifecycle import State
from coordination.models import Agent, Task
from coordination.models.clock import now
from coordination.operations.agents import retire
from coordination.operations.finish import ask
from coordination.operations.leases import release
from coordination.operations.phases import complete_phase, pause_phase
from coordination.operations.projects import edit_project, pause_project
from coordination.operations.sweep import sweep
from coordination.operations.tasks import cancel
from coordination.queries.explain import Explanation, explain, explain_for
from tests.factories import Plan, age


def _codes(explanation: Explanation) -> list[str]:
    return [reason.code for reason in explanation.reasons]


def _again(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def _dependency(plan: Plan) -> Task:
    return plan.task("Waits", needs=[plan.task("Blocker")])


def _phase(plan: Plan) -> Task:
    return plan.task(phase=plan.after())


def _gate(plan: Plan) -> Task:
    return plan.task(phase=plan.after(after=[], gate="approval"))


def _phase_paused(plan: Plan) -> Task:
    task = plan.task()
    pause_phase(plan.phase, actor=plan.planner)
    return task


def _project_paused(plan: Plan) -> Task:
    task = plan.task()
    pause_project(plan.project, actor=plan.planner, reason="Holiday.")
    return task


def _project_full(plan: Plan) -> Task:
    edit_project(plan.project, {"max_running": 1}, actor=plan.planner)
    plan.jared.claims(plan.task("Running"))
    return plan.task()


def _not_before(plan: Plan) -> Task:
    return plan.task(not_before=now() + timedelta(hours=1))


def _retry_delay(plan: Plan) -> Task:
    task = plan.task()
    plan.jared.claims(task).fails()
    return task


def _held(plan: Plan) -> Task:
    task = plan.task()
    plan.jared.claims(task)
    return task


def _asks(plan: Plan) -> Task:
    task = plan.task()
    ask(plan.jared.claims(task).holder, "Red or blue?")
    return task


def _in_review(plan: Plan) -> Task:
    task = plan.task(review_policy="required")
    plan.jared.claims(task).completes()
    return task


def _finished(plan: Plan) -> Task:
    return cancel(plan.task(), actor=plan.planner, reason="Not needed.")


def _no_agent(plan: Plan) -> Task:
    return plan.task(capabilities=["cobol"])


def _no_living_agent(plan: Plan) -> Task:
    task = plan.task()
    age(200)
    sweep()
    return task


def _in_queue(plan: Plan) -> Task:
    plan.add("Before", "Before too")
    return plan.task()


REASONS: dict[str, tuple[Callable[[Plan], Task], str]] = {
    "dependency": (_dependency, "waits for #"),
    "phase": (_phase, "starts after Build"),
    "gate": (_gate, "waits for a person to open it"),
    "phase_paused": (_phase_paused, "phase Build is paused"),
    "project_paused": (_project_paused, "paused: Holiday."),
    "project_full": (_project_full, "its limit of 1"),
    "not_before": (_not_before, "may start at"),
    "retry_delay": (_retry_delay, "failed 1 times and is tried again at"),
    "held": (_held, "holds it until"),
    "asks": (_asks, "Red or blue?"),
    "in_review": (_in_review, "waits for a review"),
    "finished": (_finished, "It is cancelled. Not needed."),
    "no_agent": (_no_agent, "No registered agent could ever run it: it needs tier standard, cobol."),
    "no_living_agent": (_no_living_agent, "Every agent that could run it is silent"),
    "in_queue": (_in_queue, "number 3 in the queue"),
}


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_told_in_words_and_as_data(plan: Plan, code: str) -> None:
    make, words = REASONS[code]
    explanation = explain(_again(make(plan)))
    reason = next(reason for reason in explanation.reasons if reason.code == code)
    assert words in reason.sentence
    assert words in explanation.summary
    assert code in ("in_review",) or reason.data
    assert explanation.claimable == (code == "in_queue")
    assert explanation.as_dict()["reasons"]


def test_all_reasons_at_once_are_all_told(plan: Plan) -> None:
    later = plan.after(gate="approval")
    task = plan.task("Waits", phase=later, needs=[plan.task("Blocker")], not_before=now() + timedelta(hours=1), capabilities=["cobol"])
    pause_project(plan.project, actor=plan.planner)
    assert _codes(explain(_again(task))) == ["dependency", "phase", "gate", "project_paused", "not_before", "no_agent"]


def test_a_dependency_that_can_no_longer_be_satisfied_says_so(plan: Plan) -> None:
    blocker = plan.task("Blocker")
    waits = plan.task("Waits", needs=[blocker])
    cancel(blocker, actor=plan.planner)
    reason = explain(_again(waits)).reasons[0]
    assert reason.data["can_still_happen"] is False
    assert "cannot happen unless it runs again" in reason.sentence
    assert f"waits for #{blocker.pk} {blocker.title}, which is cancelled, to be done;" in reason.sentence


def test_a_task_for_one_agent_names_it_and_is_claimable(plan: Plan) -> None:
    explanation = explain(_again(plan.task(assigned_to=plan.jean.agent, fallback_after=600)))
    assert "It is for jean-relay alone until" in explanation.summary
    assert explanation.claimable


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"capabilities": ["rust", "sql"]}, "capability", "It needs rust, which"),
        ({"tier": "heavy"}, "tier", "registered light"),
    ],
)
def test_for_an_agent_it_says_what_the_agent_lacks(plan: Plan, settings: dict[str, object], code: str, words: str) -> None:
    agent = plan.stranger.agent if code == "tier" else plan.jared.agent
    explanation = explain_for(_again(plan.task(**settings)), agent)
    assert code in _codes(explanation)
    assert words in explanation.summary
    assert not explanation.claimable


def test_for_an_agent_it_says_that_the_task_is_for_another(plan: Plan) -> None:
    task = _again(plan.task(assigned_to=plan.jean.agent))
    assert _codes(explain_for(task, plan.jared.agent)) == ["assigned"]
    assert explain_for(task, plan.jean.agent).claimable


def test_for_an_agent_that_handed_it_back_it_says_until_when_others_come_first(plan: Plan) -> None:
    task = plan.task()
    release(plan.jared.claims().holder, reason="Cannot.")
    assert _codes(explain_for(_again(task), plan.jared.agent)) == ["handed_back"]
    assert explain_for(_again(task), plan.jean.agent).claimable
    age(301)
    assert explain_for(_again(task), plan.jared.agent).claimable


def test_for_a_retired_agent_it_says_so(plan: Plan) -> None:
    task = plan.task()
    retire(plan.jared.agent, actor=plan.ada.actor)
    assert "agent_retired" in _codes(explain_for(_again(task), Agent.objects.get(pk=plan.jared.agent.pk)))


def test_what_it_calls_claimable_is_what_the_agent_gets(plan: Plan) -> None:
    tasks = [
        make(plan)
        for code, (make, _) in REASONS.items()
        if code not in ("phase_paused", "project_paused", "project_full", "no_living_agent")
    ]
    claimable = {task.pk for task in tasks if explain_for(_again(task), plan.jean.agent).claimable}
    got = set()
    while hold := plan.jean.claim():
        got.add(hold.claimed.task_id)
    assert claimable <= got
    assert all(Task.objects.get(pk=pk).state == State.CLAIMED for pk in claimable)


def test_a_task_in_a_completed_phase_says_so(plan: Plan) -> None:
    task = plan.task()
    cancel(task, actor=plan.planner)
    complete_phase(plan.phase, actor=plan.planner)
    Task.objects.filter(pk=task.pk).update(state=State.WAITING)
    assert "phase_completed" in _codes(explain(_again(task)))
