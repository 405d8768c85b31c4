"""From a claim to the end of an attempt, through the door."""

from coordination.models import Attempt, LateResult, Lease, Task
from tests.coordination.api.conftest import AddTask, Caller


def claim(caller: Caller, **asked: object) -> dict:
    answer = caller.post("tasks/claim", asked)
    assert answer.status == 200, answer
    return answer.json["items"][0]


def test_an_agent_carries_a_task_from_claim_to_done(add: AddTask, jared: Caller) -> None:
    task = add(instructions="# Do it")
    claimed = claim(jared)
    assert claimed["task"]["id"] == task.pk
    assert claimed["brief"]["instructions"] == "# Do it"
    token = {"lease_token": claimed["lease_token"]}
    assert jared.post(f"tasks/{task.pk}/start", token).json == {"id": task.pk, "state": "running"}
    assert jared.post(f"tasks/{task.pk}/progress", {**token, "percent": 50, "note": "half"}).status == 200
    beat = jared.post(f"tasks/{task.pk}/heartbeat", token).json
    assert beat["cancel_requested"] is False
    assert beat["instructions_changed"] is None
    assert jared.post(f"tasks/{task.pk}/log", {**token, "text": "It works."}).status == 200
    done = jared.post(f"tasks/{task.pk}/complete", {**token, "result": "Saved.", "usage": {"output_tokens": 5}, "cost_usd": 0.0123})
    assert done.json == {"id": task.pk, "state": "done"}
    attempt = Attempt.objects.get()
    assert (attempt.result, float(attempt.cost_usd), attempt.progress) == ("Saved.", 0.0123, 50)
    assert not Lease.objects.exists()


def test_the_token_may_come_in_a_header(add: AddTask, jared: Caller) -> None:
    task = add()
    token = claim(jared)["lease_token"]
    assert jared.post(f"tasks/{task.pk}/complete", x_lease_token=token).json["state"] == "done"


def test_a_write_without_a_token_is_refused_with_the_remedy(add: AddTask, jared: Caller) -> None:
    task = add()
    claim(jared)
    refused = jared.post(f"tasks/{task.pk}/start")
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert "lease_token" in refused.json["detail"]


def test_a_token_of_another_task_or_another_key_opens_nothing(add: AddTask, jared: Caller, jean: Caller) -> None:
    first, second = add("One"), add("Two")
    token = claim(jared)["lease_token"]
    other = jean.post("tasks/claim").json["items"][0]
    assert jared.post(f"tasks/{second.pk}/complete", {"lease_token": token}).status == 403
    assert jean.post(f"tasks/{first.pk}/complete", {"lease_token": token}).status == 403
    assert jared.post(f"tasks/{second.pk}/complete", {"lease_token": other["lease_token"]}).status == 403
    assert not Task.objects.filter(state="done").exists()


def test_a_late_result_is_refused_with_the_reason_and_kept(add: AddTask, jared: Caller, planner: Caller) -> None:
    task = add()
    token = claim(jared)["lease_token"]
    planner.post(f"tasks/{task.pk}/cancel", {"reason": "changed our mind"})
    assert jared.post(f"tasks/{task.pk}/heartbeat", {"lease_token": token}).json["cancel_requested"] is True
    from coordination.operations.sweep import _cancel

    _cancel(Lease.objects.select_related("task").get())
    late = jared.post(f"tasks/{task.pk}/complete", {"lease_token": token, "result": "Too late"}, idempotency_key="k1")
    assert (late.status, late.json["code"], late.json["reason"], late.json["retryable"]) == (409, "lease_lost", "cancelled", False)
    assert LateResult.objects.get().result == "Too late"
    again = jared.post(f"tasks/{task.pk}/complete", {"lease_token": token, "result": "Too late"}, idempotency_key="k1")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (409, "true")


def test_a_retryable_failure_waits_for_its_retry_and_a_fatal_one_fails(add: AddTask, jared: Caller) -> None:
    first = add("One")
    token = claim(jared)["lease_token"]
    assert jared.post(f"tasks/{first.pk}/fail", {"lease_token": token, "error": "net"}).json["state"] == "waiting"
    second = add("Two")
    token = claim(jared)["lease_token"]
    assert jared.post(f"tasks/{second.pk}/fail", {"lease_token": token, "error": "no", "retryable": False}).json["state"] == "failed"


def test_an_agent_hands_a_task_back(add: AddTask, jared: Caller, planner: Caller) -> None:
    task = add()
    token = claim(jared)["lease_token"]
    assert jared.post(f"tasks/{task.pk}/release", {"lease_token": token, "reason": "no printer"}).json["state"] == "queued"
    assert jared.post("tasks/claim", {}).status == 204  # others are asked first


def test_an_agent_asks_about_a_task_and_gets_it_back_with_the_answer(add: AddTask, jared: Caller, planner: Caller) -> None:
    task = add()
    token = claim(jared)["lease_token"]
    asked = jared.post(f"tasks/{task.pk}/ask", {"lease_token": token, "text": "May I?"})
    assert asked.json["state"] == "blocked"
    assert planner.post(f"tasks/{task.pk}/answer", {"text": "Yes."}).json["state"] == "queued"
    assert claim(jared)["brief"]["answers"][0]["answer"] == "Yes."


def test_a_heartbeat_tells_of_changed_instructions(add: AddTask, jared: Caller, planner: Caller) -> None:
    task = add(instructions="one")
    claimed = claim(jared)
    saved = planner.put(f"tasks/{task.pk}/files/instructions.md", {"content": "two", "base": claimed["attempt"]["commit"]})
    assert saved.status == 200, saved
    changed = jared.post(f"tasks/{task.pk}/heartbeat", {"lease_token": claimed["lease_token"]}).json["instructions_changed"]
    assert changed["to"] == saved.json["head"]
    assert jared.get(changed["diff"]).json["files"][0]["new_path"] == "instructions.md"


def test_guessing_lease_tokens_is_slowed_down(add: AddTask, jared: Caller) -> None:
    task = add()
    token = claim(jared)["lease_token"]
    forged = token[:-4] + ("0000" if token[-4:] != "0000" else "1111")
    answers = [jared.post(f"tasks/{task.pk}/heartbeat", {"lease_token": forged}) for _ in range(30)]
    assert {answer.status for answer in answers} == {403, 429}
    assert jared.post(f"tasks/{task.pk}/heartbeat", {"lease_token": token}).status == 200
