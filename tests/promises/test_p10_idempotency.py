"""P10: a POST sent twice has one effect and one answer. A7, goal 25."""

import pytest

from coordination.errors import Invalid, KeyInFlight, KeyReused, LeaseLost
from coordination.lifecycle import State
from coordination.models import IdempotentRequest, LateResult, Lease, Task
from coordination.operations.claims import claim_next
from coordination.operations.idempotency import Answer, once
from coordination.operations.sweep import forget_old_answers, sweep
from coordination.operations.tokens import lease_token
from tests.factories import Plan, age, assert_sound, state_of, together

ROUTE = "POST /api/v1/projects/relay/tasks"


def _create(plan: Plan, owner: str = "key:1", key: str = "k-1", body: bytes = b"{}") -> Answer:
    return once(owner, ROUTE, key, body, lambda: Answer(201, {"id": plan.task("Made once").pk}))


def test_fifty_requests_with_one_key_have_one_effect(plan: Plan) -> None:
    outcomes = together(*[lambda: _create(plan) for _ in range(50)])
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert all(isinstance(outcome, Answer | KeyInFlight) for outcome in outcomes), outcomes
    assert Task.objects.count() == 1
    assert len({answer.body["id"] for answer in answers}) == 1
    assert _create(plan) == answers[0]


def test_another_body_with_the_same_key_is_refused(plan: Plan) -> None:
    _create(plan)
    with pytest.raises(KeyReused):
        _create(plan, body=b'{"other": 1}')
    assert Task.objects.count() == 1


def test_the_key_of_another_owner_or_route_is_another_key(plan: Plan) -> None:
    _create(plan)
    assert _create(plan, owner="key:2").body != _create(plan).body
    assert once("key:1", "POST /elsewhere", "k-1", b"{}", lambda: Answer(200, {})).body == {}
    assert Task.objects.count() == 2


def test_a_refusal_is_not_kept_because_it_left_no_effect(plan: Plan) -> None:
    def refused() -> Answer:
        plan.task("Half-written")
        raise Invalid("No.")

    with pytest.raises(Invalid):
        once("key:1", ROUTE, "k-1", b"{}", refused)
    assert not Task.objects.exists()
    assert _create(plan).status == 201


def test_a_repeated_claim_returns_the_same_lease(plan: Plan) -> None:
    plan.add("First", "Second")
    key = plan.jared.key.pk

    def claim() -> Answer:
        found = claim_next(plan.jared.agent, key_id=key)
        return Answer(200, {"task": found[0].task_id, "fence": found[0].fence}) if found else Answer(204, None)

    outcomes = together(*[lambda: once(f"key:{key}", "POST /claim", "c-1", b"{}", claim) for _ in range(12)])
    assert all(isinstance(outcome, Answer | KeyInFlight) for outcome in outcomes)
    answer = once(f"key:{key}", "POST /claim", "c-1", b"{}", claim)
    assert Lease.objects.count() == 1
    lease = Lease.objects.get()
    assert (answer.body["task"], answer.body["fence"]) == (lease.task_id, lease.fence)
    assert lease_token(lease.task_id, lease.fence, key)
    assert_sound()


def test_nothing_to_claim_is_worth_asking_again(plan: Plan) -> None:
    def claim() -> Answer:
        found = claim_next(plan.jared.agent, key_id=plan.jared.key.pk)
        return Answer(200, found[0].task_id) if found else Answer(204, None)

    assert once("key:1", "POST /claim", "c-1", b"{}", claim).status == 204
    task = plan.task()
    assert once("key:1", "POST /claim", "c-1", b"{}", claim) == Answer(200, task.pk)


def test_late_work_sent_with_a_key_is_kept_although_it_is_refused(plan: Plan) -> None:
    task = plan.task()
    hold = plan.jared.claims()
    age(151)
    sweep()

    def complete() -> Answer:
        try:
            return Answer(200, str(hold.completes("Late.")))
        except LeaseLost as refusal:
            return Answer(refusal.status, refusal.code)

    for _ in range(2):
        assert once("key:1", "POST /complete", "d-1", b"{}", complete) == Answer(409, "lease_lost")
    assert LateResult.objects.get().result == "Late."
    assert state_of(task) is State.QUEUED


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\x00b"])
def test_a_key_has_1_to_255_printable_characters(plan: Plan, key: str) -> None:
    with pytest.raises(Invalid):
        _create(plan, key=key)


def test_an_answer_is_forgotten_after_a_day(plan: Plan) -> None:
    from datetime import timedelta

    from django.db.models import F

    _create(plan)
    IdempotentRequest.objects.update(created_at=F("created_at") - timedelta(hours=23))
    assert forget_old_answers() == 0
    IdempotentRequest.objects.update(created_at=F("created_at") - timedelta(hours=1, seconds=1))
    assert forget_old_answers() == 1
    _create(plan)
    assert Task.objects.count() == 2
