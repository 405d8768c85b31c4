"""One attempt with all of it, criteria with their verdicts, and running again as it was or as it is."""

from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import State
from coordination.models import Agent, ApiKey, Attempt, Phase, Project, Task, User
from coordination.operations import claims, finish, leases, messages, questions, reviews
from coordination.operations.creation import Need, NewTask, create_task
from coordination.operations.files import save_files
from coordination.operations.late import keep_late
from coordination.operations.report import Report
from coordination.operations.tasks import requeue, take_back
from coordination.queries.criteria import Judgement, as_task_list, judged
from tests.webui.conftest import signed_in, started

CRITERIA = ["`pytest` passes", "Nothing is lost.", "It is documented"]


@pytest.fixture
def judged_task(project: Project, phase: Phase, ada: User) -> Task:
    new = NewTask(title="Judge me", phase=phase, criteria=CRITERIA, review_policy="required", instructions="# Do it\n")
    return create_task(project, new, actor=ada.actor)


def attempts_of(task: Task) -> list[Attempt]:
    return list(task.attempts.select_related("agent").prefetch_related("reviews").order_by("-number"))


def test_an_attempt_s_page_tells_everything(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    leases.progress(holder, percent=30, note="half way")
    messages.log(holder, "$ make test\nall good")
    usage = {"input_tokens": 81200, "duration_ms": 734000, "measured": True, "host": "worker-1"}
    report = Report(
        result="All **done**.", report="# Report", data={"branch": "wrap", "audit": {"ok": True}}, usage=usage, cost_usd=Decimal("1.27")
    )
    finish.complete(holder, report)
    page = signed_in(ada).get(f"/t/{task.pk}/attempts/1/").content.decode()
    for expected in (
        "All <strong>done</strong>.",
        "30 %: half way",
        "$ make test",
        "81,200",
        "12\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}14\N{NO-BREAK SPACE}s",
        "$1.27",
        "wrap",
        "&quot;ok&quot;: true",
    ):
        assert expected in page, expected
    assert "still the newest" in page
    assert f"/t/{task.pk}/attempts/1/brief" in page


def test_a_running_attempt_tells_how_far_it_is_and_grows(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    client = signed_in(ada)
    part = {"HX-Request": "true"}
    assert "Nothing is logged yet" not in client.get(f"/t/{task.pk}/attempts/1/").content.decode()
    messages.log(holder, "a new line")
    leases.progress(holder, percent=45, note="reading")
    page = client.get(f"/t/{task.pk}/attempts/1/", headers=part).content.decode()
    assert "<html" not in page
    assert "a new line" in page
    assert '<progress max="100" value="45"' in page


def test_it_takes_few_queries_with_a_long_log(
    ada: User, judged_task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        holder = started(judged_task, jared, key)
        for number in range(30):
            messages.log(holder, f"line {number}")
        finish.complete(holder, Report(result="Done."))
        reviews.request_changes(judged_task, actor=ada.actor, comments="Again.")
    client = signed_in(ada)
    with django_assert_max_num_queries(15):
        assert client.get(f"/t/{judged_task.pk}/attempts/3/").status_code == 200


def test_the_task_s_page_takes_at_most_fifteen_queries_with_much_on_it(
    pat: User, project: Project, judged_task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        holder = started(judged_task, jared, key)
        messages.log(holder, "a line")
        if number == 0:
            finish.ask(holder, "Which?")
            questions.answer(judged_task, "That.", actor=pat.actor)
            continue
        finish.complete(holder, Report(result="Done."))
        reviews.request_changes(judged_task, actor=pat.actor, comments="Again.")
    for number in range(8):
        create_task(project, NewTask(title=f"After {number}", needs=[Need(judged_task.pk)]), actor=pat.actor)
        create_task(project, NewTask(title=f"Part {number}", parent=judged_task), actor=pat.actor)
    client = signed_in(pat)
    with django_assert_max_num_queries(15):
        page = client.get(f"/t/{judged_task.pk}/").content.decode()
    assert page.count("After ") == 8


def test_what_changed_since_is_counted(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    old = task.head
    save_files(task, {"instructions.md": b"# Parse\n\nRead **every** line.\nTwice.\n"}, base=old, actor=ada.actor)
    page = signed_in(ada).get(f"/t/{task.pk}/attempts/1/").content.decode()
    assert '<span class="figure-added">+1</span>' in page
    assert "compare?from=attempt:1&amp;to=now" in page


@pytest.mark.parametrize("told", ["as_it_was", "as_it_is"])
def test_it_runs_again_as_it_was_or_as_it_is(pat: User, task: Task, jared: Agent, key: ApiKey, told: str) -> None:
    old = task.head
    finish.complete(started(task, jared, key), Report(result="Done."))
    save_files(task, {"instructions.md": b"Something else."}, base=old, actor=pat.actor)
    client = signed_in(pat)
    assert "word for word" in client.get(f"/t/{task.pk}/attempts/1/").content.decode()
    client.post(f"/t/{task.pk}/attempts/1/rerun", {"told": told})
    task.refresh_from_db()
    assert task.state == State.QUEUED
    claims.claim_task(task.pk, jared, key_id=key.pk)
    assert (task.attempts.get(number=2).commit == old) is (told == "as_it_was")


def test_a_pinned_rerun_is_said_on_the_task_s_page(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(task, jared, key), Report(result="Done."))
    requeue(task, actor=pat.actor, told="as_it_was")
    page = signed_in(pat).get(f"/t/{task.pk}/").content.decode()
    assert "The next agent is told what <a" in page


def test_a_late_result_is_adopted(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    take_back(task, actor=pat.actor, reason="too slow")
    keep_late(holder, Report(result="Late but good."), succeeded=True, why="taken back")
    client = signed_in(pat)
    page = client.get(f"/t/{task.pk}/attempts/1/").content.decode()
    assert "Late but good." in page
    late = task.attempts.get().late_results.get()
    client.post(f"/t/{task.pk}/late/{late.pk}/adopt")
    task.refresh_from_db()
    assert (task.state, task.result) == (State.DONE, "Late but good.")
    assert "Adopted by <bdi>pat</bdi>" in client.get(f"/t/{task.pk}/attempts/1/").content.decode()


def test_an_attempt_that_is_not_there_is_not_found_and_a_stranger_finds_none(
    pat: User, stranger: User, task: Task, jared: Agent, key: ApiKey
) -> None:
    started(task, jared, key)
    assert signed_in(pat).get(f"/t/{task.pk}/attempts/2/").status_code == 404
    assert signed_in(stranger).get(f"/t/{task.pk}/attempts/1/").status_code == 404


def test_a_viewer_runs_nothing_again(vera: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(task, jared, key), Report(result="Done."))
    assert signed_in(vera).post(f"/t/{task.pk}/attempts/1/rerun", {"told": "as_it_is"}).status_code == 403


def test_a_report_an_audit_and_a_review_judge_criteria_each_over_the_one_before(
    pat: User, judged_task: Task, jared: Agent, key: ApiKey
) -> None:
    holder = started(judged_task, jared, key)
    report = "Did it:\n\n- [x] `pytest` passes\n- [x] nothing  is lost\n- [x] something else"
    audit = {"audit": {"by": "auditor-1", "criteria": [{"criterion": CRITERIA[1], "met": False, "note": "one row is missing"}]}}
    finish.complete(holder, Report(result="Done.", report=report, data=audit))
    first, second, third = judged(CRITERIA, attempts_of(judged_task))
    assert first.verdict is not None
    assert (first.verdict.met, first.verdict.source, first.verdict.by) == (True, "report", "Jared")
    assert second.verdict is not None
    assert (second.verdict.met, second.verdict.by, second.verdict.note) == (False, "auditor-1", "one row is missing")
    assert third.verdict is None
    verdicts = {"text": "Find the row.", "met-0": "yes", "met-1": "no", "note-1": "the last one", "met-2": "yes", "met-9999": "yes"}
    signed_in(pat).post(f"/t/{judged_task.pk}/request-changes", verdicts)
    assert [each.verdict and (each.verdict.met, each.verdict.source) for each in judged(CRITERIA, attempts_of(judged_task))] == [
        (True, "review"),
        (False, "review"),
        (True, "review"),
    ]
    assert (verdict := judged(CRITERIA, attempts_of(judged_task))[1].verdict)
    assert verdict.note == "the last one"
    page = signed_in(pat).get(f"/t/{judged_task.pk}/").content.decode()
    assert "2 of 3 met" in page
    assert "Not met, says the review of" in page


@pytest.mark.parametrize(
    "data",
    [
        {"criteria": {"`pytest` passes": True, "nothing is lost": "failed"}},
        {"verdict": {"criteria": [True, False]}},
        {"audit": {"criteria": [{"text": CRITERIA[0], "verdict": "pass"}, {"name": CRITERIA[1], "status": "not met"}, "odd"]}},
    ],
)
def test_an_audit_may_be_written_in_several_ways(data: dict[str, object], judged_task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(judged_task, jared, key), Report(result="Done.", data=data))
    found = judged(CRITERIA, attempts_of(judged_task))
    assert [each.verdict.met if each.verdict else None for each in found] == [True, False, None]


@pytest.mark.parametrize("data", [{"audit": []}, {"criteria": 3}, {"audit": {"criteria": [[], {}, None]}}, {}])
def test_data_that_judges_nothing_judges_nothing(data: dict[str, object], judged_task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(judged_task, jared, key), Report(result="Done.", data=data))
    assert [each.verdict for each in judged(CRITERIA, attempts_of(judged_task))] == [None, None, None]


def test_an_approval_accepts_every_criterion(pat: User, judged_task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(judged_task, jared, key), Report(result="Done."))
    signed_in(pat).post(f"/t/{judged_task.pk}/approve")
    assert all(each.verdict and each.verdict.met for each in judged(CRITERIA, attempts_of(judged_task)))
    said = [Judgement(0, False, "two\nfail"), Judgement(1, True)]
    assert as_task_list(CRITERIA[:2], said) == "- [ ] `pytest` passes\n  two fail\n- [x] Nothing is lost."
