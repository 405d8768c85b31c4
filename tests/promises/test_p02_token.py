"""P2: every write of a worker carries its lease token and is conditional on the fence."""

import ast
import inspect
from collections.abc import Callable

import pytest

from coordination.errors import Invalid, LeaseLost, Refused
from coordination.lifecycle import State
from coordination.models import Message, Question
from coordination.operations import finish, holding, leases, messages
from coordination.operations.late import adopt
from coordination.operations.report import Report
from coordination.operations.sweep import sweep
from coordination.operations.tasks import cancel, take_back
from coordination.operations.tokens import Holder, holder_of, lease_token
from tests.factories import Hold, Plan, age, assert_sound, state_of

WRITES: dict[str, Callable[[Holder], object]] = {
    "start": leases.start,
    "heartbeat": leases.renew,
    "progress": lambda holder: leases.progress(holder, percent=50, note="Half."),
    "log": lambda holder: messages.log(holder, "Still there."),
    "release": lambda holder: leases.release(holder, reason="Cannot."),
    "ask": lambda holder: finish.ask(holder, "Which one?"),
    "complete": lambda holder: finish.complete(holder, Report(result="Done.")),
    "fail": lambda holder: finish.fail(holder, Report(error="Broke."), retryable=True),
}


def _expired(plan: Plan, hold: Hold) -> None:
    age(151)
    sweep()


def _reassigned(plan: Plan, hold: Hold) -> None:
    _expired(plan, hold)
    plan.jean.claims()


def _taken_back(plan: Plan, hold: Hold) -> None:
    take_back(hold.task, actor=plan.planner, reason="Wrong agent.")


def _cancelled(plan: Plan, hold: Hold) -> None:
    cancel(hold.task, actor=plan.planner)
    age(61)
    sweep()


def _finished(plan: Plan, hold: Hold) -> None:
    hold.completes()


LOSSES = {"expired": _expired, "reassigned": _reassigned, "cancelled": _cancelled, "finished": _finished}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("loss", [*LOSSES, "taken_back"])
def test_a_lost_lease_writes_nothing_and_hears_why(plan: Plan, write: str, loss: str) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    {**LOSSES, "taken_back": _taken_back}[loss](plan, hold)
    before = (state_of(task), hold.task.fence, hold.task.version, hold.attempt.progress)
    with pytest.raises(LeaseLost) as refusal:
        WRITES[write](hold.holder)
    assert refusal.value.data["reason"] == {"taken_back": "reassigned"}.get(loss, loss)
    assert (state_of(task), hold.task.fence, hold.task.version, hold.attempt.progress) == before
    assert not Message.objects.exists()
    assert not Question.objects.exists()
    assert_sound()


@pytest.mark.parametrize("write", WRITES)
def test_a_current_lease_writes(plan: Plan, write: str) -> None:
    plan.task()
    hold = plan.jared.claims()
    WRITES[write](hold.holder)
    assert_sound()


@pytest.mark.parametrize("write", WRITES)
def test_a_fence_of_the_future_is_no_lease(plan: Plan, write: str) -> None:
    plan.task()
    hold = plan.jared.claims()
    with pytest.raises(LeaseLost):
        WRITES[write](Holder(hold.claimed.task_id, hold.claimed.fence + 1, plan.jared.key.pk))
    assert hold.completes() is State.DONE


def test_the_token_can_be_made_again_and_is_stored_nowhere(plan: Plan) -> None:
    plan.task()
    hold = plan.jared.claims()
    claimed = hold.claimed
    assert claimed.lease_token == lease_token(claimed.task_id, claimed.fence, plan.jared.key.pk)
    for row in (hold.task, hold.attempt, hold.lease):
        assert claimed.lease_token not in {str(getattr(row, field.attname)) for field in row._meta.fields}


def test_a_forged_token_is_refused(plan: Plan) -> None:
    first, second = plan.add("First", "Second")
    claimed, key = plan.jared.claims(first).claimed, plan.jared.key.pk
    prefix, task, fence, mac = claimed.lease_token.split("_")
    for token in ("", "x" * 300, f"{prefix}_{task}_{fence}", f"{prefix}_x_{fence}_{mac}", f"{prefix}_{task}_-1_{mac}"):
        with pytest.raises(Invalid):
            holder_of(token, first.pk, key)
    for token, task_id, key_id in (
        (f"{prefix}_{task}_{int(fence) + 1}_{mac}", first.pk, key),
        (f"{prefix}_{second.pk}_{fence}_{mac}", second.pk, key),
        (claimed.lease_token, second.pk, key),
        (claimed.lease_token, first.pk, plan.jean.key.pk),
        (claimed.lease_token[:-1] + ("0" if claimed.lease_token[-1] != "0" else "1"), first.pk, key),
    ):
        with pytest.raises(Refused):
            holder_of(token, task_id, key_id)


def test_adopting_a_late_result_takes_the_lease_from_whoever_works_on_it(plan: Plan) -> None:
    plan.task()
    first = plan.jared.claims()
    _reassigned_to = _reassigned(plan, first)
    second = Hold(plan.jean, first.claimed)
    with pytest.raises(LeaseLost):
        first.completes("Late but good.")
    late = first.attempt.late_results.get()
    adopt(late, actor=plan.planner)
    assert _reassigned_to is None
    current = second.task.attempts.get(number=2)
    with pytest.raises(LeaseLost):
        finish.complete(Holder(current.task_id, current.fence, plan.jean.key.pk), Report(result="Mine."))
    assert second.task.result == "Late but good."
    assert_sound()


def test_no_write_of_a_worker_changes_a_task_by_its_number_alone() -> None:
    """Each function that gets a Holder reaches the task's row only through holding.held, move and end, or with the fence."""
    for module in (finish, leases, messages, holding):
        for function in [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef)]:
            annotations = [argument.annotation for argument in function.args.args]
            if not any(isinstance(each, ast.Name) and each.id == "Holder" for each in annotations):
                continue
            source = ast.unparse(function)
            for line in source.splitlines():
                writes = ".update(" in line or "UPDATE coordination" in line or "DELETE FROM" in line
                about_a_row = "Task.objects" in line or "Lease.objects" in line or "coordination_task" in line
                if writes and about_a_row:
                    assert "fence" in line, f"{module.__name__}.{function.name} writes without the fence:\n{line}"
            through = ("held(", "move(", "end(", "_extend(", "_complete(", "_fail(")
            if function.name in {*WRITES, "renew", "_complete", "_fail"}:
                assert any(word in source for word in through), f"{module.__name__}.{function.name} looks at no fence"
