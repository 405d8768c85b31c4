"""Reviewing what an agent brought: its files, its criteria, remarks that go back with a request for changes, and the way back."""

import json
from copy import copy
from typing import TypeVar

import pytest
from django.db.models import Model
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import State
from coordination.models import Agent, ApiKey, Attempt, Dependency, Event, LineComment, Message, Phase, Project, Task, User
from coordination.operations import claims, finish, line_comments, messages
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
from coordination.operations.report import Report
from coordination.operations.seals import seal
from coordination.queries.brief import draft_brief
from coordination.queries.brief_text import as_markdown
from tests.webui.conftest import signed_in, started

HTMX = {"HX-Request": "true"}
CRITERIA = ["`pytest` passes", "The table has an index"]


@pytest.fixture
def reviewed(project: Project, phase: Phase, jared: Agent, key: ApiKey, ada: User) -> Task:
    """A task that waits for a review of its first attempt."""
    new = NewTask(title="Judge me", phase=phase, instructions="# Do it\n", criteria=CRITERIA, review_policy="required")
    task = create_task(project, new, actor=ada.actor)
    report = "- [x] `pytest` passes\n- [ ] The table has an index\n  forgot it"
    finish.complete(started(task, jared, key), Report(result="It is done.", report=report))
    return task


def words(page: bytes) -> str:
    return " ".join(strip_tags(page.decode()).split())


def remark(task: Task, by: User, **more: object) -> LineComment:
    task.refresh_from_db()
    place = {"commit": task.head, "path": "instructions.md", "line": 1, "text": "Say *how*.", **more}
    return line_comments.comment(task, **place, actor=by.actor)  # type: ignore[arg-type]  # each of its own kind


def test_a_reviewer_sees_what_came_what_it_was_told_and_what_others_say_of_the_criteria(pat: User, vera: User, reviewed: Task) -> None:
    client = signed_in(pat)
    page = words(client.get(f"/t/{reviewed.pk}/").content)
    for part in ("Is the work of attempt 1 good?", "It is done.", "It pushed no files", "as it still stands below"):
        assert part in page
    assert "Not met, says the report of attempt 1 by Jared: forgot it" in page
    save_files(reviewed, {"instructions.md": b"# Do it well\n"}, base=reviewed.head, actor=pat.actor)
    assert "what it saw beside today's" in client.get(f"/t/{reviewed.pk}/").content.decode()
    seen = words(signed_in(vera).get(f"/t/{reviewed.pk}/").content)
    assert "A planner of the project decides." in seen
    assert "Request changes" not in seen


def test_verdicts_and_remarks_go_into_the_next_brief(pat: User, reviewed: Task) -> None:
    client = signed_in(pat)
    remark(reviewed, pat)
    seal(reviewed.attempts.get().pk)
    work = client.get(f"/t/{reviewed.pk}/compare?from=attempt:1&to=attempt:1:result").content.decode()
    assert "waits for your review" in work
    assert "Finish the review (1 remark)" in words(work.encode())
    client.post(f"/t/{reviewed.pk}/request-changes", {"met-0": "yes", "met-1": "no", "note-1": "None is there."})
    reviewed.refresh_from_db()
    assert reviewed.state == State.QUEUED
    brief = as_markdown(draft_brief(reviewed))
    assert "- [x] `pytest` passes\n- [ ] The table has an index\n  None is there." in brief
    assert "**instructions.md, line 1** (pat):" in brief
    assert "Say <em>how</em>." in client.get(f"/t/{reviewed.pk}/brief").content.decode()


def test_a_request_for_changes_says_what_must_change(pat: User, reviewed: Task) -> None:
    client = signed_in(pat)
    refused = client.post(f"/t/{reviewed.pk}/request-changes", {"met-0": "yes"}, headers=HTMX)
    assert refused.status_code == 422
    assert "by a remark on a line" in refused.content.decode()
    remark(reviewed, pat)
    client.post(f"/t/{reviewed.pk}/request-changes", {})
    assert draft_brief(Task.objects.get(pk=reviewed.pk)).earlier_attempts[0].comments == ["See the remark on a line."]


def test_a_review_is_taken_back_from_the_toast_and_from_the_page(pat: User, reviewed: Task) -> None:
    client = signed_in(pat)
    answer = client.post(f"/t/{reviewed.pk}/approve", {}, headers=HTMX)
    undo = json.loads(answer.headers["HX-Trigger"])["muster:said"]["undo"]
    assert "Undo the approval" in client.get(f"/t/{reviewed.pk}/").content.decode()
    client.post(undo["url"], undo["fields"], headers=HTMX)
    assert Task.objects.get(pk=reviewed.pk).state == State.REVIEW
    assert client.post(undo["url"], undo["fields"], headers=HTMX).status_code == 409


def test_the_cancel_of_a_held_task_names_what_does_not_come_back(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    client = signed_in(pat)
    said = json.loads(client.post(f"/t/{task.pk}/cancel", headers=HTMX).headers["HX-Trigger"])["muster:said"]
    assert "its lease does not come back" in said["sentence"]
    page = words(client.get(f"/t/{task.pk}/").content)
    assert "Undo cancellingJared has not heard of it yet" in page
    assert "Take back" not in page, "it would end the task as it was asked to"
    finish.fail(holder, Report(error="told to stop"), retryable=True)
    assert "The lease of attempt 1 does not come back" in words(client.get(f"/t/{task.pk}/").content)
    client.post(f"/t/{task.pk}/undo")
    assert Task.objects.get(pk=task.pk).state == State.QUEUED


def test_a_remark_is_deleted_by_its_author_and_by_administrators_alone(ada: User, pat: User, reviewed: Task) -> None:
    mine, hers = remark(reviewed, pat), remark(reviewed, ada, text="Hers.")
    client = signed_in(pat)
    assert client.post(f"/t/{reviewed.pk}/remarks/{hers.pk}/delete", headers=HTMX).status_code == 403
    page = client.get(f"/t/{reviewed.pk}/").content.decode()
    assert f"/remarks/{mine.pk}/delete" in page
    assert f"/remarks/{hers.pk}/delete" not in page
    gone = client.post(f"/t/{reviewed.pk}/remarks/{mine.pk}/delete", {"row": "1"}, headers=HTMX)
    assert gone.content == b""
    assert "Say <em>how</em>." not in client.get(f"/t/{reviewed.pk}/").content.decode()
    assert Event.objects.filter(kind="comment.deleted", task_id=reviewed.pk).exists()
    undo = json.loads(gone.headers["HX-Trigger"])["muster:said"]["undo"]
    client.post(undo["url"], headers=HTMX)
    assert "Say <em>how</em>." in client.get(f"/t/{reviewed.pk}/").content.decode()
    assert signed_in(ada).post(f"/t/{reviewed.pk}/remarks/{mine.pk}/delete").status_code == 302


def test_a_brief_keeps_the_remarks_that_it_was_handed_out_with(pat: User, reviewed: Task, jared: Agent, key: ApiKey) -> None:
    gone, late = remark(reviewed, pat), remark(reviewed, pat, text="Resolved in time.")
    line_comments.resolve(late, actor=pat.actor)
    client = signed_in(pat)
    client.post(f"/t/{reviewed.pk}/request-changes", {"text": "Again."})
    claims.claim_task(reviewed.pk, jared, key_id=key.pk)
    client.post(f"/t/{reviewed.pk}/remarks/{gone.pk}/delete")
    client.post(f"/t/{reviewed.pk}/remarks/{late.pk}/reopen")
    told = client.get(f"/t/{reviewed.pk}/attempts/2/brief?raw").content.decode()
    assert "Say *how*." in told
    assert "Resolved in time." not in told
    following = client.get(f"/t/{reviewed.pk}/brief?raw").content.decode()
    assert "Say *how*." not in following
    assert "Resolved in time." in following


def test_much_of_everything_stays_bounded(
    pat: User, project: Project, reviewed: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    others = Task.objects.bulk_create([_like(reviewed, f"Other {place}") for place in range(120)])
    Dependency.objects.bulk_create(Dependency(project=project, task=reviewed, on=other, kind="finished") for other in others[:60])
    Dependency.objects.bulk_create(Dependency(project=project, task=other, on=reviewed) for other in others[60:])
    for _ in range(2):
        messages.say(project, "first", actor=pat.actor, task=reviewed)
    said = Message.objects.filter(task=reviewed).first()
    assert said is not None
    Message.objects.bulk_create(_copy(said, text=f"Message {place}") for place in range(300))
    attempt = reviewed.attempts.get()
    Attempt.objects.bulk_create(_copy(attempt, number=place, fence=1000 + place) for place in range(2, 41))
    Task.objects.filter(pk=reviewed.pk).update(attempts_made=40)
    remark(reviewed, pat)
    files: dict[str, bytes | None] = {f"context/{place:03}.md": b"# A file\n" for place in range(96)}
    line, picture = b"x" * 50_000 + b"\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    files |= {"context/big.md": b"a line of it\n" * 76_000, "context/line.txt": line, "context/p.png": picture, "context/b": b"\0\1"}
    save_files(reviewed, files, base=reviewed.head, actor=pat.actor)
    client = signed_in(pat)
    address = f"/t/{reviewed.pk}/"
    for place in ("", "files", "history", "attempts", "attempts/40/", "compare", "brief", "blame", "activity"):
        with django_assert_max_num_queries(15):
            page = client.get(f"{address}{place}")
        assert page.status_code == 200, place
        assert len(page.content) < 400_000, (place, len(page.content))
    page = words(client.get(address).content)
    assert "50 more" in page
    assert "88 more files" in page
    assert "The newest 20 of more: show all" in page
    assert client.get(f"{address}attempts?before=21").content.count(b'class="panel attempt"') == 20
    big = client.get(f"{address}files/view?path=context/big.md").content
    assert len(big) < 300_000
    assert "This is not all" in words(big)
    assert b"&amp;image" in client.get(f"{address}files/view?path=context/p.png").content
    drawn = client.get(f"{address}raw?path=context/p.png&image")
    assert drawn.headers["Content-Type"] == "image/png"
    assert "sandbox" in drawn.headers["Content-Security-Policy"]
    assert client.get(f"{address}raw?path=context/line.txt&image").headers["Content-Type"].startswith("text/plain")


Row = TypeVar("Row", bound=Model)


def _like(task: Task, title: str) -> Task:
    return _copy(task, title=title, state=State.WAITING, head="", attempts_made=0)


def _copy(row: Row, **other: object) -> Row:
    made = copy(row)
    made.pk = None
    for name, value in other.items():
        setattr(made, name, value)
    return made
