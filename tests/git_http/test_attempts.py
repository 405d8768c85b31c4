"""The branch of an attempt: pushed by whoever holds the lease, sealed by Muster when the attempt ends."""

import json
from pathlib import Path

import pytest

from tests.git_http.cast import JSON, Answered, Clone, Shop

REF = "refs/heads/attempts/1"


@pytest.fixture
def claimed(shop: Shop, task: int) -> JSON:
    return shop.claim(task)


@pytest.fixture
def jareds(shop: Shop, task: int, claimed: JSON, tmp_path: Path) -> Clone:
    """Jared's clone of a task that he holds."""
    return shop.clone(task, "fleet", tmp_path / "jareds")


def lease(claimed: JSON) -> str:
    return f"lease={claimed['lease_token']}"


def finish(shop: Shop, task: int, claimed: JSON, verb: str = "complete", **report: object) -> None:
    body = {"lease_token": claimed["lease_token"], **({"result": "It is built."} if verb == "complete" else {}), **report}
    shop.api("POST", f"/tasks/{task}/{verb}", body, key="fleet")


def test_the_holder_pushes_its_branch_with_a_push_option(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    new = jareds.commit_files({"src/main.py": "print()\n"}, "Work")
    assert jareds.push("-o", lease(claimed), "origin", f"HEAD:{REF}").succeeded
    assert jareds.git("ls-remote", "origin", REF).startswith(new)
    (event,) = shop.events(task, "attempt.pushed")
    assert (event["data"]["new"], event["actor"]["name"]) == (new, "jared")


def test_the_holder_pushes_its_branch_with_a_header(shop: Shop, claimed: JSON, jareds: Clone) -> None:
    jareds.commit_files({"src/main.py": "print()\n"}, "Work")
    header = f"http.extraHeader=X-Lease-Token: {claimed['lease_token']}"
    assert jareds.push("origin", f"HEAD:{REF}", before=("-c", header)).succeeded


def test_main_is_closed_to_agents(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    jareds.commit(instructions="Do less.\n")
    assert "planner role or a coordinator key" in jareds.push("-o", lease(claimed), "origin", "main").remote
    assert shop.head(task) != jareds.git("rev-parse", "HEAD")


def test_without_the_lease_nothing_moves(shop: Shop, jareds: Clone) -> None:
    jareds.commit(context__b="b")
    assert "-o lease=<lease_token>" in jareds.push("origin", f"HEAD:{REF}").remote


def test_the_lease_of_another_task_or_key_opens_nothing(shop: Shop, task: int, claimed: JSON, jareds: Clone, tmp_path: Path) -> None:
    jareds.commit(context__b="b")
    other = shop.claim(shop.task())
    assert "not for" in jareds.push("-o", lease(other), "origin", f"HEAD:{REF}").remote
    jeans = shop.clone(task, "jean", tmp_path / "jeans")
    jeans.commit(context__b="b")
    assert "not given to this key" in jeans.push("-o", lease(claimed), "origin", f"HEAD:{REF}").remote


def test_another_attempts_branch_is_closed(shop: Shop, claimed: JSON, jareds: Clone) -> None:
    jareds.commit(context__b="b")
    for ref in ("refs/heads/attempts/2", "refs/heads/attempts/01", "refs/tags/x"):
        assert "moves the branch attempts/1 and no other" in jareds.push("-o", lease(claimed), "origin", f"HEAD:{ref}").remote


def test_the_branch_grows_from_what_was_handed_out(shop: Shop, claimed: JSON, jareds: Clone) -> None:
    jareds.git("checkout", "-q", "--orphan", "other")
    jareds.git("commit", "-qm", "Another beginning")
    assert "must grow from" in jareds.push("-o", lease(claimed), "origin", f"HEAD:{REF}").remote


def test_the_branch_is_not_forced(shop: Shop, claimed: JSON, jareds: Clone) -> None:
    jareds.commit(context__b="b")
    assert jareds.push("-o", lease(claimed), "origin", f"HEAD:{REF}").succeeded
    jareds.git("commit", "-q", "--amend", "-m", "Another past")
    assert "force pushes are refused" in jareds.push("-f", "-o", lease(claimed), "origin", f"HEAD:{REF}").remote


def test_after_the_end_nothing_is_pushed(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    finish(shop, task, claimed)
    jareds.commit(context__b="b")
    assert "has ended" in jareds.push("-f", "-o", lease(claimed), "origin", f"HEAD:{REF}").remote


def test_a_running_agent_hears_of_a_push_with_its_next_heartbeat(shop: Shop, task: int, claimed: JSON, pats: Clone) -> None:
    old, new = shop.head(task), pats.commit(context__a="two\n")
    assert pats.push().succeeded
    told = shop.api("POST", f"/tasks/{task}/heartbeat", {"lease_token": claimed["lease_token"]}, key="fleet")
    changed = told["instructions_changed"]
    assert (changed["from"], changed["to"], changed["policy"]) == (old, new, "reread")
    diff = shop.api("GET", changed["diff"].removeprefix("/api/v1"), key="fleet")
    assert [file["new_path"] for file in diff["files"]] == ["context/a.md"]


@pytest.mark.parametrize("policy", ["continue", "reread", "stop"])
def test_a_task_says_what_a_change_means(shop: Shop, policy: str) -> None:
    task = shop.task(on_change=policy)
    claimed = shop.claim(task)
    shop.api("PUT", f"/tasks/{task}/files/instructions.md", {"content": "Other.\n", "base": shop.head(task)})
    told = shop.api("POST", f"/tasks/{task}/heartbeat", {"lease_token": claimed["lease_token"]}, key="fleet")
    assert told["instructions_changed"]["policy"] == policy


def test_finishing_seals_the_attempt_on_its_branch(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    work = jareds.commit_files({"src/main.py": "print()\n"}, "Work")
    assert jareds.push("-o", lease(claimed), "origin", f"HEAD:{REF}").succeeded
    usage = {"input_tokens": 7, "cache_read_input_tokens": 5, "output_tokens": 3, "num_turns": 4, "duration_ms": 8829, "session_id": "s-1"}
    finish(shop, task, claimed, report="# Built", data={"audit": {"approved": True}}, usage=usage, cost_usd=0.176559)
    jareds.git("fetch", "-q", "origin", f"{REF}:sealed")
    assert jareds.git("rev-parse", "sealed~1") == work
    assert set(jareds.git("diff", "--name-only", "sealed~1", "sealed").split()) == {
        "audit.json", "brief.md", "events.jsonl", "report.md", "result.json",
    }  # fmt: skip
    told = json.loads(jareds.git("show", "sealed:result.json"))
    expected = {"success": True, "output": "It is built.", "error": "", "task_id": task, "duration_ms": 8829, "total_cost_usd": 0.176559}
    expected |= {"session_id": "s-1", "num_turns": 4, "agent": "jared", "attempt": 1, "outcome": "done", "pushed_commit": work}
    assert {name: told[name] for name in expected} == expected
    assert told["usage"] == {"input_tokens": 7, "cache_read_input_tokens": 5, "output_tokens": 3}
    assert told["instruction_commit"] == shop.head(task) == jareds.git("merge-base", "sealed", "origin/main")
    assert jareds.git("show", "sealed:report.md") == "# Built"
    assert "task.done" in jareds.git("show", "sealed:events.jsonl")
    assert jareds.git("show", "-s", "--format=%an|%cn", "sealed") == "jared|Muster"


def test_a_failure_is_sealed_too(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    finish(shop, task, claimed, "fail", error="It broke.", retryable=False)
    jareds.git("fetch", "-q", "origin", f"{REF}:sealed")
    told = json.loads(jareds.git("show", "sealed:result.json"))
    assert (told["success"], told["error"], told["outcome"]) == (False, "It broke.", "failed")


def test_late_work_is_sealed_behind_the_attempt(shop: Shop, task: int, claimed: JSON, jareds: Clone) -> None:
    shop.api("POST", f"/tasks/{task}/take-back", {"reason": "Too slow"})
    with pytest.raises(Answered, match="lease_lost"):
        finish(shop, task, claimed, result="Built after all.")
    jareds.git("fetch", "-q", "origin", f"{REF}:sealed")
    late = json.loads(jareds.git("show", "sealed:late-1.json"))
    assert (late["output"], late["outcome"]) == ("Built after all.", "late")
    assert json.loads(jareds.git("show", "sealed~1:result.json"))["outcome"] == "released"


def test_a_task_without_files_is_sealed_when_somebody_clones_it(shop: Shop, tmp_path: Path) -> None:
    task = shop.task(instructions="")
    finish(shop, task, shop.claim(task))
    clone = shop.clone(task, "vera", tmp_path / "c", "--no-checkout")
    assert json.loads(clone.git("show", "origin/attempts/1:result.json"))["output"] == "It is built."


def test_a_task_runs_again_as_it_was(shop: Shop, task: int, claimed: JSON) -> None:
    finish(shop, task, claimed)
    old = shop.head(task)
    shop.api("PUT", f"/tasks/{task}/files/instructions.md", {"content": "Build it otherwise.\n", "base": old})
    shop.api("POST", f"/tasks/{task}/requeue", {"told": "as_it_was", "attempt": 1})
    again = shop.claim(task)
    assert again["brief"]["commit"] == old
    assert again["brief"]["instructions"].strip() == "Build it."
    beat = shop.api("POST", f"/tasks/{task}/heartbeat", {"lease_token": again["lease_token"]}, key="fleet")
    assert beat["instructions_changed"] is None


def test_a_task_runs_again_as_it_is(shop: Shop, task: int, claimed: JSON) -> None:
    finish(shop, task, claimed)
    shop.api("PUT", f"/tasks/{task}/files/instructions.md", {"content": "Build it otherwise.\n", "base": shop.head(task)})
    shop.api("POST", f"/tasks/{task}/requeue", {})
    assert shop.claim(task)["brief"]["instructions"].strip() == "Build it otherwise."


def test_a_task_that_runs_again_as_it_was_may_also_be_claimed_as_the_next(shop: Shop, task: int, claimed: JSON) -> None:
    """On PostgreSQL the next task is claimed by another statement than a named one."""
    finish(shop, task, claimed)
    old = shop.head(task)
    shop.api("PUT", f"/tasks/{task}/files/instructions.md", {"content": "Build it otherwise.\n", "base": old})
    for other in shop.api("GET", "/tasks?state=queued&limit=200")["items"]:
        shop.api("POST", f"/tasks/{other['id']}/cancel", {})
    shop.api("POST", f"/tasks/{task}/requeue", {"told": "as_it_was"})
    (again,) = shop.api("POST", "/tasks/claim", {"agent": "jared"}, key="fleet")["items"]
    assert again["brief"]["commit"] == old
