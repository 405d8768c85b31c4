"""Projects, phases, agents and keys: what planners and admins do, and who may."""

import pytest

from coordination.errors import Conflict, CycleRefused, Invalid, NotFound, Refused, ScopeMissing, Unauthenticated, WrongState
from coordination.lifecycle import PhaseState, State
from coordination.models import Event, Lane, Lease, Membership, Message, Phase, Project, Role, Scope, Task
from coordination.operations.agents import register, retire, unretire
from coordination.operations.keys import create_key, revoke_key
from coordination.operations.messages import acknowledge, say
from coordination.operations.phases import (
    approve_gate,
    close_gate,
    complete_phase,
    create_phase,
    delete_phase,
    edit_phase,
    link_phases,
    move_phase,
    pause_phase,
    resume_phase,
    set_status,
)
from coordination.operations.projects import create_project, delete_project, grant_role, pause_project, resume_project, revoke_role
from coordination.operations.tasks import cancel, edit_task
from coordination.operations.undoing import undo
from coordination.queries.access import Permission, acting_agent, caller_of_key, caller_of_user, find_project, find_task, visible_tasks
from tests.factories import ROOT, Plan, assert_sound, make_plan, phase_state, state_of


def test_phases_follow_each_other_by_default(plan: Plan) -> None:
    second, third = plan.after(), plan.after()
    assert [phase_state(phase) for phase in (plan.phase, second, third)] == ["active", "planned", "planned"]
    with pytest.raises(CycleRefused, match="Phase 2 → Phase 3 → Phase 2"):
        link_phases(second, third, actor=plan.planner)


def test_deleting_the_middle_of_a_chain_does_not_start_its_end(plan: Plan) -> None:
    plan.task()
    second, third = plan.after(), plan.after()
    delete_phase(second, actor=plan.planner)
    assert phase_state(third) is PhaseState.PLANNED
    complete = plan.jared.claims()
    complete.completes()
    complete_phase(plan.phase, actor=plan.planner)
    assert phase_state(third) is PhaseState.ACTIVE


def test_a_phase_that_holds_a_cancelled_task_is_deleted_once_that_was_moved(plan: Plan) -> None:
    second = plan.after()
    task = plan.task(phase=second)
    cancel(task, actor=plan.planner)
    with pytest.raises(WrongState, match=r"holds 1 task, cancelled ones counted; move them to another phase first"):
        delete_phase(second, actor=plan.planner)
    edit_task(task, {"phase": plan.phase}, actor=plan.planner)
    delete_phase(second, actor=plan.planner)
    assert state_of(task) is State.CANCELLED
    undo(task, actor=plan.planner)
    assert state_of(task) is State.QUEUED


def test_a_gate_holds_its_phase_until_a_person_opens_it(plan: Plan) -> None:
    gated = plan.after(after=[], gate="approval")
    task = plan.task(phase=gated)
    assert state_of(task) is State.WAITING
    approve_gate(gated, actor=plan.planner)
    assert (phase_state(gated), state_of(task)) == ("active", State.QUEUED)
    with pytest.raises(WrongState):
        approve_gate(gated, actor=plan.planner)
    with pytest.raises(WrongState):
        close_gate(gated, actor=plan.planner)


def test_a_phase_completed_before_its_gate_was_opened_does_not_slip_through_it(plan: Plan) -> None:
    gated = plan.after(after=[], gate="approval")
    complete_phase(gated, actor=plan.planner)
    task = plan.task(phase=gated)
    assert (phase_state(gated), state_of(task)) == ("planned", State.WAITING)


def test_a_completed_phase_that_gets_work_is_active_again(plan: Plan) -> None:
    plan.jared.claims(plan.task()).completes()
    complete_phase(plan.phase, actor=plan.planner)
    task = plan.task("One more")
    assert (phase_state(plan.phase), state_of(task)) == ("active", State.QUEUED)
    assert Phase.objects.get(pk=plan.phase.pk).round == 2


def test_a_phase_with_unfinished_tasks_is_not_completed_by_hand(plan: Plan) -> None:
    plan.task()
    with pytest.raises(WrongState, match="1 unfinished"):
        complete_phase(plan.phase, actor=plan.planner)


def test_pausing_a_planned_phase_keeps_it_from_starting(plan: Plan) -> None:
    second = plan.after()
    pause_phase(second, actor=plan.planner)
    complete_phase(plan.phase, actor=plan.planner)
    assert phase_state(second) is PhaseState.PAUSED
    resume_phase(second, actor=plan.planner)
    assert phase_state(second) is PhaseState.ACTIVE


def test_a_phase_has_a_status_line_and_blockers_in_words(plan: Plan) -> None:
    phase = set_status(plan.phase, actor=plan.jared.actor, status_line="Half done.", blockers=["No licence yet."])
    assert (phase.status_line, phase.blockers) == ("Half done.", ["No licence yet."])
    assert Event.objects.filter(kind="phase.status").count() == 1


def test_phases_are_ordered_named_and_renamed(plan: Plan) -> None:
    second = plan.after(name="Test")
    move_phase(second, 1, actor=plan.planner)
    assert list(Phase.objects.filter(project=plan.project).values_list("name", flat=True)) == ["Test", "Build"]
    with pytest.raises(Conflict):
        create_phase(plan.project, name=" Test ", actor=plan.planner)
    with pytest.raises(Conflict):
        edit_phase(plan.phase, {"name": "Test"}, actor=plan.planner)


def test_a_paused_project_holds_what_is_queued_and_lets_running_tasks_go_on(plan: Plan) -> None:
    running, queued = plan.add("Running", "Queued")
    hold = plan.jared.claims(running)
    pause_project(plan.project, actor=plan.planner)
    assert state_of(queued) is State.WAITING
    assert hold.completes() is State.DONE
    resume_project(plan.project, actor=plan.planner)
    assert state_of(queued) is State.QUEUED
    assert_sound()


def test_a_spent_budget_pauses_the_project(plan: Plan) -> None:
    from decimal import Decimal

    from coordination.operations.projects import edit_project

    edit_project(plan.project, {"budget_usd": Decimal("1.00")}, actor=plan.planner)
    plan.add("One", "Two", "Three")
    plan.jared.claims().completes(cost_usd=Decimal("0.60"))
    assert not Project.objects.get(pk=plan.project.pk).is_paused
    plan.jared.claims().fails(retryable=False, cost_usd=Decimal("0.40"))
    project = Project.objects.get(pk=plan.project.pk)
    assert (project.is_paused, project.spent_usd) == (True, Decimal("1.00"))
    assert "budget of $1.00" in project.pause_reason
    assert plan.jean.claim() is None
    assert_sound()


def test_a_project_with_running_agents_is_not_deleted(plan: Plan) -> None:
    plan.task()
    plan.jared.claims()
    with pytest.raises(WrongState):
        delete_project(plan.project, actor=plan.ada.actor)


def test_a_deleted_project_leaves_no_row_and_one_event(plan: Plan) -> None:
    other = make_plan("other")
    other.task(needs=[other.task()], phase=other.phase)
    say(other.project, "Hello.", actor=other.planner)
    other.jared.claims().completes()
    delete_project(other.project, actor=other.ada.actor)
    for model in (Task, Phase, Lane, Lease, Message):
        assert not model.objects.exclude(**({"project": plan.project} if model is not Lease else {"task__project": plan.project})).exists()
    assert not Membership.objects.filter(project_id=other.project.pk).exists()
    assert Event.objects.filter(kind="project.deleted").count() == 1


@pytest.mark.parametrize(("slug", "words"), [("relay", "already"), ("Ä ö", "slug"), ("", "slug")])
def test_a_slug_is_a_word_and_unique(plan: Plan, slug: str, words: str) -> None:
    with pytest.raises((Conflict, Invalid), match=words):
        create_project(slug=slug, name="Another", actor=plan.ada.actor)


def test_a_name_belongs_to_the_key_that_registered_it(plan: Plan) -> None:
    with pytest.raises(Refused):
        register(name=plan.jared.name, actor=plan.jean.key.actor, key=plan.jean.key, capabilities=["everything"])
    again = register(name=plan.jared.name, actor=plan.jared.actor, key=plan.jared.key, capabilities=["python"])
    assert (again.pk, again.capabilities) == (plan.jared.agent.pk, ["python"])


def test_a_key_of_one_agent_registers_no_other(plan: Plan) -> None:
    key, _ = create_key(name="bound", scope=Scope.AGENT, actor=ROOT, agent=plan.jared.agent)
    with pytest.raises(Refused):
        register(name="another", actor=key.actor, key=key)
    assert register(name=plan.jared.name, actor=key.actor, key=key).pk == plan.jared.agent.pk


def test_an_agent_that_a_key_is_bound_to_is_nobody_elses_to_register(plan: Plan) -> None:
    made = register(name="made-by-ada", actor=plan.ada.actor)
    create_key(name="bound", scope=Scope.AGENT, actor=ROOT, agent=made)
    with pytest.raises(Refused):
        register(name="made-by-ada", actor=plan.jean.actor, key=plan.jean.key)


def test_a_retired_agent_finishes_what_it_holds_and_may_come_back(plan: Plan) -> None:
    plan.add("One", "Two")
    hold = plan.jared.claims()
    plan.jared.agent = retire(plan.jared.agent, actor=plan.ada.actor)
    assert hold.completes() is State.DONE
    plan.jared.agent = unretire(plan.jared.agent, actor=plan.ada.actor)
    assert plan.jared.claim() is not None


def test_a_message_is_said_once_and_acknowledged_once(plan: Plan) -> None:
    message = say(plan.project, "Careful.", actor=plan.planner, to_agent=plan.jared.agent)
    acknowledge(message, plan.jared.agent)
    acknowledge(message, plan.jared.agent)
    assert message.acks.count() == 1
    with pytest.raises(Invalid):
        say(plan.project, "  ", actor=plan.planner)


MATRIX = [
    ("reader", {Permission.READ}),
    ("agent", {Permission.READ, Permission.WORK}),
    ("coordinator", {Permission.READ, Permission.WORK, Permission.PLAN}),
]


@pytest.mark.parametrize(("scope", "allowed"), MATRIX)
def test_a_key_may_what_its_scope_says_in_its_projects_only(plan: Plan, scope: str, allowed: set[Permission]) -> None:
    other, task = make_plan("other"), plan.task()
    _, raw = create_key(name="k", scope=scope, actor=ROOT, projects=[plan.project])
    caller = caller_of_key(raw)
    assert {each for each in Permission if caller.may(each, plan.project.pk)} == allowed
    with pytest.raises(NotFound):
        find_project(caller, "other")
    with pytest.raises(NotFound):
        find_task(caller, other.task().pk)
    assert list(visible_tasks(caller)) == [task]
    if Permission.PLAN not in allowed:
        with pytest.raises(ScopeMissing):
            find_task(caller, task.pk, Permission.PLAN)


@pytest.mark.parametrize(("role", "highest"), [("viewer", Permission.READ), ("planner", Permission.PLAN), ("admin", Permission.ADMIN)])
def test_a_person_may_what_the_role_says(plan: Plan, role: str, highest: Permission) -> None:
    grant_role(plan.project, plan.vera, role, actor=plan.ada.actor)
    caller = caller_of_user(plan.vera)
    assert {each for each in Permission if caller.may(each, plan.project.pk)} == {each for each in Permission if each <= highest}
    revoke_role(plan.project, plan.vera, actor=plan.ada.actor)
    with pytest.raises(NotFound):
        find_project(caller_of_user(plan.vera), "relay")


def test_a_persons_key_may_no_more_than_its_scope_its_projects_and_the_person(plan: Plan) -> None:
    root = plan.ada
    root.is_superuser = True
    root.save()
    other = make_plan("other")
    _, raw = create_key(name="mine", scope=Scope.READER, actor=root.actor, user=root, projects=[plan.project])
    caller = caller_of_key(raw)
    assert caller.may(Permission.READ, plan.project.pk)
    assert not caller.may(Permission.WORK, plan.project.pk)
    assert not caller.may(Permission.READ, other.project.pk)
    _, raw = create_key(name="veras", scope=Scope.COORDINATOR, actor=ROOT, user=plan.vera)
    caller = caller_of_key(raw)
    assert caller.permission_in(plan.project.pk) is Permission.READ
    assert caller.permission_in(other.project.pk) is None


def test_a_revoked_wrong_or_expired_key_opens_nothing(plan: Plan) -> None:
    from datetime import timedelta

    from coordination.models.clock import now

    key, raw = create_key(name="k", scope=Scope.AGENT, actor=ROOT)
    _, expired = create_key(name="old", scope=Scope.AGENT, actor=ROOT, expires_at=now() - timedelta(seconds=1))
    assert caller_of_key(raw).key == key
    revoke_key(key, actor=ROOT)
    for wrong in (raw, expired, raw[:-1] + "x", "", "mst_", "mst_x_y", raw.upper(), "mst_\x00_y", "é" * 30):
        with pytest.raises(Unauthenticated):
            caller_of_key(wrong)


def test_a_key_acts_only_as_its_agents(plan: Plan) -> None:
    fleet, raw = create_key(name="fleet", scope=Scope.AGENT, actor=ROOT)
    mine = register(name="mine", actor=fleet.actor, key=fleet)
    caller = caller_of_key(raw)
    assert acting_agent(caller, "mine") == mine
    with pytest.raises(Refused):
        acting_agent(caller, plan.jared.name)
    _, bound = create_key(name="bound", scope=Scope.AGENT, actor=ROOT, agent=plan.jean.agent)
    assert acting_agent(caller_of_key(bound)) == plan.jean.agent
    with pytest.raises(Refused):
        acting_agent(caller_of_key(bound), plan.jared.name)
    _, reader = create_key(name="reader", scope=Scope.READER, actor=ROOT)
    with pytest.raises(ScopeMissing):
        acting_agent(caller_of_key(reader), "mine")


def test_the_role_of_whoever_makes_a_project_is_admin(plan: Plan) -> None:
    assert Membership.objects.get(user=plan.ada, project=plan.project).role == Role.ADMIN
