"""What a move on the board means for a task in each state, and why not."""

from datetime import timedelta

import pytest

from coordination.errors import WrongState
from coordination.lifecycle import ReviewPolicy, State
from coordination.models import Event, LateResult, Task
from coordination.models.clock import now
from coordination.operations import finish, questions
from coordination.operations.moves import Neighbours, Step, move, reorder
from coordination.operations.phases import pause_phase
from coordination.operations.tasks import cancel
from coordination.queries.access import Caller, caller_of_user
from coordination.queries.board import COLUMN_OF, COLUMNS
from coordination.queries.moves import lane_moves, moves
from coordination.queries.swimlanes import Kind, find_lane, lane_of, lanes_to_move_to
from tests.factories import Plan, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> Plan:
    return make_plan()


@pytest.fixture
def pat(plan: Plan) -> Caller:
    return caller_of_user(plan.pat)


def in_state(plan: Plan, state: State) -> Task:
    """Bring a task into a state as its agent and planner would."""
    task = plan.task(review_policy=ReviewPolicy.REQUIRED if state is State.REVIEW else ReviewPolicy.NONE)
    if state is State.WAITING:
        return plan.task("Wait", needs=[task])
    if state is State.CANCELLED:
        cancel(task, actor=plan.planner)
    if state not in (State.QUEUED, State.CANCELLED):
        hold = plan.jared.claims(task)
        if state in (State.DONE, State.REVIEW):
            hold.completes()
        elif state is State.FAILED:
            hold.fails(retryable=False)
        elif state is State.BLOCKED:
            finish.ask(hold.holder, "Which library?")
    task.refresh_from_db()
    assert task.state == state
    return task


VERBS = {
    State.WAITING: {"failed": "cancel"},
    State.QUEUED: {"queued": "reprioritise", "failed": "cancel"},
    State.CLAIMED: {"queued": "take-back", "failed": "cancel"},
    State.BLOCKED: {"queued": "answer", "failed": "cancel"},
    State.REVIEW: {"queued": "request-changes", "done": "approve", "failed": "cancel"},
    State.DONE: {"queued": "requeue"},
    State.FAILED: {"queued": "requeue"},
    State.CANCELLED: {"queued": "requeue"},
}


@pytest.mark.parametrize("state", VERBS, ids=str)
def test_each_column_is_a_verb_or_says_why_not(plan: Plan, pat: Caller, state: State) -> None:
    task = in_state(plan, state)
    offers = {offer.to: offer for offer in moves(task, pat)}
    assert list(offers) == [kind.key for kind in COLUMNS]
    assert {to: offer.verb for to, offer in offers.items() if offer.verb} == VERBS[state]
    assert all(bool(offer.verb) != bool(offer.refusal) for offer in offers.values())
    assert all(offer.refusal.endswith(".") for offer in offers.values() if offer.refusal)
    assert offers[COLUMN_OF[state].key].is_here


@pytest.mark.parametrize("state", VERBS, ids=str)
def test_what_is_offered_can_be_done_and_what_is_refused_cannot(plan: Plan, pat: Caller, state: State) -> None:
    for kind in COLUMNS:
        task = in_state(plan, state)
        offer = next(offer for offer in moves(task, pat) if offer.to == kind.key)
        if offer.refusal:
            with pytest.raises(WrongState):
                move(task, pat, column=kind.key)
            task.refresh_from_db()
            assert task.state == state
        else:
            move(task, pat, column=kind.key, text="Because.")
            task.refresh_from_db()
            if offer.verb != "cancel" or state is not State.CLAIMED:
                assert COLUMN_OF[State(task.state)] is kind


def test_a_viewer_is_told_that_only_planners_move_tasks(plan: Plan) -> None:
    vera = caller_of_user(plan.vera)
    offers = moves(plan.task(), vera)
    assert not any(offer.verb for offer in offers)
    assert {offer.refusal for offer in offers} == {"Only planners of this project can move tasks."}
    assert {offer.refusal for offer in lane_moves(plan.task(), lanes_to_move_to(plan.project, Kind.AGENT), vera)[1:]} == {
        "Only planners of this project can move tasks."
    }


def test_a_waiting_task_says_what_it_waits_for(plan: Plan, pat: Caller) -> None:
    blocker = plan.task("Find north")
    refusal = moves(plan.task(needs=[blocker]), pat)[1].refusal
    assert f"It waits for #{blocker.pk} Find north" in refusal
    pause_phase(plan.phase, actor=plan.planner)
    assert "is paused" in moves(Task.objects.get(pk=blocker.pk), pat)[1].refusal


def test_a_task_that_waits_only_for_its_time_can_start_now(plan: Plan, pat: Caller) -> None:
    task = plan.task(not_before=now() + timedelta(days=1))
    assert moves(task, pat)[1].verb == "start-now"
    assert move(task, pat, column="queued") == f"#{task.pk} no longer waits for its time."
    hold = plan.jared.claims(task)
    hold.fails()
    task.refresh_from_db()
    assert (task.state, moves(task, pat)[1].verb) == (State.WAITING, "start-now")
    move(task, pat, column="queued")
    task.refresh_from_db()
    assert (task.state, task.retry_at) == (State.QUEUED, None)
    assert Event.objects.filter(task_id=task.pk, kind="task.start_brought_forward").count() == 2


def test_a_late_result_makes_done_a_place_to_go(plan: Plan, pat: Caller) -> None:
    task = in_state(plan, State.FAILED)
    attempt = task.attempts.get()
    LateResult.objects.create(attempt=attempt, received_at=now(), succeeded=True, result="Found it.", why_late="expired")
    assert moves(task, pat)[4].verb == "adopt"
    move(task, pat, column="done")
    task.refresh_from_db()
    assert (task.state, task.result) == (State.DONE, "Found it.")


def test_an_answer_must_be_written(plan: Plan, pat: Caller) -> None:
    task = in_state(plan, State.BLOCKED)
    with pytest.raises(Exception, match="Write an answer"):
        move(task, pat, column="queued")
    move(task, pat, column="queued", text="The standard library.")
    assert task.questions.get().answer == "The standard library."
    with pytest.raises(WrongState):
        questions.answer(task, "Again", actor=plan.planner)


def keys(plan: Plan) -> list[int]:
    queued = Task.objects.filter(project=plan.project, state=State.QUEUED).order_by("sort_key", "id")
    return list(queued.values_list("pk", flat=True))


def test_a_queued_task_gets_the_priority_that_puts_it_between_its_neighbours(plan: Plan) -> None:
    urgent, usual, low = plan.task(priority=10), plan.task(priority=50), plan.task(priority=90)
    assert reorder(low, Neighbours(above=urgent, below=usual), actor=plan.planner) == f"#{low.pk} has priority 49 now."
    assert keys(plan) == [urgent.pk, low.pk, usual.pk]
    usual.refresh_from_db()
    assert reorder(urgent, Neighbours(above=usual), actor=plan.planner).startswith(f"#{urgent.pk} has priority 5")
    assert keys(plan) == [low.pk, usual.pk, urgent.pk]


def test_a_card_dropped_where_it_was_changes_nothing(plan: Plan) -> None:
    first, second, third = plan.task(priority=10), plan.task(priority=20), plan.task(priority=30)
    assert reorder(second, Neighbours(above=first, below=third), actor=plan.planner) == ""
    assert Task.objects.get(pk=second.pk).version == second.version


def test_the_scale_of_priorities_has_ends(plan: Plan) -> None:
    first, second = plan.task(priority=0), plan.task(priority=0)
    with pytest.raises(WrongState, match="more urgent than priority 0"):
        reorder(second, Neighbours(below=first), actor=plan.planner)
    last = plan.task(priority=100)
    low = plan.task(priority=100)
    with pytest.raises(WrongState, match="less urgent than priority 100"):
        reorder(last, Neighbours(above=low), actor=plan.planner)


def test_steps_lead_through_the_queue_without_dragging(plan: Plan, pat: Caller) -> None:
    first, second, third = (plan.task(priority=priority) for priority in (10, 40, 70))
    for step, order in [
        (Step.UP, [first, third, second]),
        (Step.TOP, [third, first, second]),
        (Step.TOP, [third, first, second]),
        (Step.DOWN, [first, third, second]),
        (Step.BOTTOM, [first, second, third]),
    ]:
        third.refresh_from_db()
        move(third, pat, column="queued", step=step)
        assert keys(plan) == [task.pk for task in order]


def test_a_lane_of_a_phase_changes_the_phase(plan: Plan, pat: Caller) -> None:
    later = plan.after(name="Verify")
    task = plan.task()
    offers = {offer.to: offer for offer in lane_moves(task, lanes_to_move_to(plan.project, Kind.PHASE), pat)}
    assert offers[f"phase-{plan.phase.pk}"].is_here
    assert offers[f"phase-{later.pk}"].effect == "It waits until Verify starts."
    assert move(task, pat, lane=find_lane(plan.project, f"phase-{later.pk}")) == f"#{task.pk} is in Verify now."
    task.refresh_from_db()
    assert (task.phase, task.state) == (later, State.WAITING)


def test_a_lane_of_an_agent_assigns_or_says_why_not(plan: Plan, pat: Caller) -> None:
    task = plan.task(capabilities=["python"])
    offers = {offer.title: offer for offer in lane_moves(task, lanes_to_move_to(plan.project, Kind.AGENT), pat)}
    jared, stranger = find_lane(plan.project, f"agent-{plan.jared.agent.pk}"), find_lane(plan.project, f"agent-{plan.stranger.agent.pk}")
    assert offers[jared.title].effect == f"Only {jared.title} may take it."
    assert "needs tier standard" in lane_moves(task, [stranger], pat)[0].refusal
    with pytest.raises(WrongState, match="needs tier standard"):
        move(task, pat, lane=stranger)
    move(task, pat, lane=jared)
    task.refresh_from_db()
    assert (task.assigned_to, lane_of(task, Kind.AGENT)) == (plan.jared.agent, jared.key)
    hold = plan.jared.claims(task)
    task.refresh_from_db()
    assert "An agent holds it" in lane_moves(task, [find_lane(plan.project, "agent-0")], pat)[0].refusal
    hold.completes()
    task.refresh_from_db()
    assert lane_of(task, Kind.AGENT) == jared.key


@pytest.mark.django_db(transaction=True)
def test_a_move_across_lanes_and_columns_happens_whole_or_not_at_all(plan: Plan, pat: Caller) -> None:
    verify = plan.after(name="Verify")
    task = in_state(plan, State.FAILED)
    lane = find_lane(plan.project, f"phase-{verify.pk}")
    with pytest.raises(WrongState):
        move(task, pat, column="done", lane=lane)
    task.refresh_from_db()
    assert task.phase == plan.phase
    said = move(task, pat, column="queued", lane=lane)
    assert said == f"#{task.pk} is in Verify now. #{task.pk} runs again. It waits for something else yet."
