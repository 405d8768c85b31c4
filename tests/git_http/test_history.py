"""History for people: a whole project's log, attempts side by side, remarks on lines."""

from tests.git_http.cast import Clone, Shop


def test_the_log_of_a_project_tells_every_step_of_every_task(shop: Shop, task: int, pats: Clone) -> None:
    pats.commit("Ask for more", context__a="two\n")
    assert pats.push().succeeded
    claimed = shop.claim(task)
    shop.api("POST", f"/tasks/{task}/complete", {"lease_token": claimed["lease_token"], "result": "Built."}, key="fleet")
    steps = [step for step in shop.api("GET", "/projects/shop/history")["items"] if step["task"] == task]
    assert [(step["kind"], step["author"], step["attempt"]) for step in steps] == [
        ("sealed", "jared", 1), ("saved", "pat", None), ("saved", "coordinator", None),
    ]  # fmt: skip
    assert steps[1]["message"] == "Ask for more"
    assert {step["author"] for step in shop.api("GET", "/projects/shop/history?author=pat")["items"]} == {"pat"}
    assert {step["kind"] for step in shop.api("GET", "/projects/shop/history?kind=sealed")["items"]} == {"sealed"}


def test_the_log_comes_in_pages(shop: Shop, task: int) -> None:
    shop.task()
    first = shop.api("GET", "/projects/shop/history?limit=1")
    second = shop.api("GET", f"/projects/shop/history?limit=1&cursor={first['next_cursor']}")
    assert first["items"][0]["id"] > second["items"][0]["id"]


def test_two_attempts_are_compared(shop: Shop, task: int) -> None:
    for result in ("One way.", "Another way."):
        claimed = shop.claim(task)
        body = {"lease_token": claimed["lease_token"], "result": result, "report": f"# {result}"}
        shop.api("POST", f"/tasks/{task}/complete", body, key="fleet")
        shop.api("POST", f"/tasks/{task}/requeue", {})
    diff = shop.api("GET", f"/tasks/{task}/attempts/1/compare/2")
    assert {"report.md", "result.json"} <= {file["new_path"] for file in diff["files"]}


def test_a_remark_on_a_line_is_in_the_next_brief_until_it_is_resolved(shop: Shop, task: int) -> None:
    before = shop.claim(task)
    where = {"commit": shop.head(task), "path": "context/a.md", "line": 1}
    made = shop.api("POST", f"/tasks/{task}/comments", {**where, "text": "Which one?"}, key="pat")
    assert made["quoted"] == "one"
    shop.api("POST", f"/tasks/{task}/complete", {"lease_token": before["lease_token"], "result": "x"}, key="fleet")
    shop.api("POST", f"/tasks/{task}/requeue", {})
    again = shop.claim(task)
    (remark,) = again["brief"]["comments"]
    assert (remark["path"], remark["line"], remark["text"], remark["by"]) == ("context/a.md", 1, "Which one?", "pat")
    shop.api("POST", f"/tasks/{task}/comments/{made['id']}/resolve", key="pat")
    assert shop.api("GET", f"/tasks/{task}/comments")["items"][0]["resolved_at"]
