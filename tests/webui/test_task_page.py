import re
from datetime import timedelta

from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import State
from coordination.models import Agent, ApiKey, Message, Phase, Project, Task, User
from coordination.models.clock import now
from coordination.operations import finish
from coordination.operations.creation import Need, NewTask, create_task
from coordination.operations.dependencies import add_dependency, remove_dependency
from coordination.operations.report import Report
from coordination.queries.explain import explain
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15


def test_it_shows_the_instructions_and_why_the_task_does_not_run(ada: User, task: Task) -> None:
    page = signed_in(ada).get(f"/t/{task.pk}/").content.decode()
    assert "Read <strong>every</strong> line." in page
    assert escape(explain(task).reasons[0].sentence) in page


def test_a_state_that_goes_on_lasts_and_an_end_was_long_ago(ada: User, task: Task) -> None:
    Task.objects.update(state_since=now() - timedelta(hours=1, minutes=2))
    head = signed_in(ada).get(f"/t/{task.pk}/").content.decode().partition('class="task-head"')[2].partition("<h1")[0]
    assert re.search(r'<time datetime="[^"]+" title="since [^"]+" data-ago="for">for 1 h</time>', head)
    for state in (State.DONE, State.FAILED, State.CANCELLED):
        Task.objects.update(state=state)
        head = signed_in(ada).get(f"/t/{task.pk}/").content.decode().partition('class="task-head"')[2].partition("<h1")[0]
        assert "data-ago>1 h ago</time>" in head, state


def test_what_needs_a_task_waits_no_more_once_it_is_done(ada: User, project: Project, phase: Phase, task: Task) -> None:
    create_task(project, NewTask(title="Next", phase=phase, needs=[Need(task.pk)]), actor=ada.actor)
    client = signed_in(ada)
    assert "once this is done" in client.get(f"/t/{task.pk}/").content.decode()
    Task.objects.filter(pk=task.pk).update(state=State.DONE)
    page = client.get(f"/t/{task.pk}/").content.decode()
    assert "Needed by" in page
    assert "once this is done" not in page


def test_it_takes_at_most_fifteen_queries(
    ada: User, task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    started(task, jared, key)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(f"/t/{task.pk}/").status_code == 200


def test_a_person_answers_a_question(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.ask(started(task, jared, key), "Which *names*?")
    client = signed_in(pat)
    assert "Which <em>names</em>?" in client.get(f"/t/{task.pk}/").content.decode()
    client.post(f"/t/{task.pk}/answer", {"text": "Those of the list."})
    task.refresh_from_db()
    assert task.state == State.QUEUED
    assert task.questions.get().answer == "Those of the list."


def test_a_person_reviews_a_result(pat: User, project: Project, phase: Phase, jared: Agent, key: ApiKey) -> None:
    task = create_task(project, NewTask(title="Reviewed", phase=phase, review_policy="required"), actor=pat.actor)
    finish.complete(started(task, jared, key), Report(result="It is done."))
    client = signed_in(pat)
    assert "Request changes" in client.get(f"/t/{task.pk}/").content.decode()
    assert client.post(f"/t/{task.pk}/request-changes", {"text": "Shorter, please."}).status_code == 302
    task.refresh_from_db()
    assert task.state == State.QUEUED


def test_a_person_lets_a_task_run_that_an_agent_added(pat: User, project: Project, phase: Phase) -> None:
    task = create_task(project, NewTask(title="Found on the way", phase=phase, awaits_person=True), actor=pat.actor)
    client = signed_in(pat)
    assert "Let it run" in client.get(f"/t/{task.pk}/").content.decode()
    client.post(f"/t/{task.pk}/let-run")
    task.refresh_from_db()
    assert task.state == State.QUEUED
    assert "Let it run" not in client.get(f"/t/{task.pk}/").content.decode()


def test_a_refusal_is_a_sentence_with_the_status_of_its_kind(pat: User, task: Task) -> None:
    client = signed_in(pat)
    plain = client.post(f"/t/{task.pk}/requeue")
    assert plain.status_code == 409
    assert "only a finished task can run again" in plain.content.decode()
    part = client.post(f"/t/{task.pk}/requeue", headers={"HX-Request": "true"})
    assert part.status_code == 409
    assert part.headers["Content-Type"].startswith("text/plain")


def test_a_refused_form_shows_what_was_typed(pat: User, task: Task) -> None:
    page = signed_in(pat).post(f"/t/{task.pk}/answer", {"text": "A long answer to a question that nobody asked."})
    assert page.status_code == 409
    assert "A long answer to a question that nobody asked." in page.content.decode()


def test_an_action_in_place_says_what_it_did(pat: User, task: Task) -> None:
    response = signed_in(pat).post(f"/t/{task.pk}/reprioritise", {"priority": 5}, headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert "muster:said" in response.headers["HX-Trigger"]
    task.refresh_from_db()
    assert task.priority == 5


def test_a_wrong_number_is_refused_with_the_name_of_the_field(pat: User, task: Task) -> None:
    response = signed_in(pat).post(f"/t/{task.pk}/reprioritise", {"priority": "500"}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert response.content.decode().startswith("Priority: ")


def test_dependencies_are_added_and_removed(pat: User, project: Project, phase: Phase, task: Task) -> None:
    first = create_task(project, NewTask(title="First", phase=phase), actor=pat.actor)
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/needs", {"on": f"#{first.pk}", "kind": "success"})
    task.refresh_from_db()
    assert task.state == State.WAITING
    words = client.post(f"/t/{task.pk}/needs", {"on": "parser", "kind": ""}, headers={"HX-Request": "true"})
    assert words.content.decode() == "Task: Pick one of those that are found, or write its number, such as #12."
    circle = client.post(f"/t/{first.pk}/needs", {"on": str(task.pk)}, headers={"HX-Request": "true"})
    assert circle.status_code == 422
    assert "circle" in circle.content.decode()
    client.post(f"/t/{task.pk}/needs/{first.pk}/remove")
    task.refresh_from_db()
    assert task.state == State.QUEUED


def test_how_it_waits_is_changed_where_it_stands(pat: User, vera: User, task: Task, jared: Agent, key: ApiKey) -> None:
    first = create_task(task.project, NewTask(title="First", phase=task.phase), actor=pat.actor)
    add_dependency(task, first, actor=pat.actor)
    form = f'action="/t/{task.pk}/needs/{first.pk}/kind"'
    assert form in (page := signed_in(pat).get(f"/t/{task.pk}/").content.decode())
    assert 'id="need-form"' in page
    assert form not in signed_in(vera).get(f"/t/{task.pk}/").content.decode()
    remove_dependency(task, first, actor=pat.actor)
    add_dependency(first, task, actor=pat.actor)
    started(task, jared, key)
    assert 'id="need-form"' not in signed_in(pat).get(f"/t/{task.pk}/").content.decode(), "it cannot wait for anything any more"


def test_messages_are_written_on_the_task(pat: User, task: Task) -> None:
    signed_in(pat).post(f"/t/{task.pk}/say", {"text": "Mind the gap."})
    assert Message.objects.get().task == task


def test_editing_a_task_that_changed_since_is_refused(pat: User, task: Task) -> None:
    client = signed_in(pat)
    facts = {
        "title": "New title", "phase": task.phase_id, "objective": "", "criteria": "One\nTwo", "priority": 10, "tier": "light",
        "capabilities": "python, git", "labels": "", "kind": "", "review_policy": "none", "max_attempts": 3, "version": task.version,
    }  # fmt: skip
    assert client.post(f"/t/{task.pk}/save", facts).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.criteria, task.capabilities) == ("New title", ["One", "Two"], ["git", "python"])
    assert client.post(f"/t/{task.pk}/save", facts | {"title": "Newer"}).status_code == 412


def test_a_viewer_sees_no_actions_and_can_do_none(vera: User, task: Task) -> None:
    client = signed_in(vera)
    page = client.get(f"/t/{task.pk}/").content.decode()
    assert 'id="actions"' not in page
    for verb, data in {"cancel": {}, "reprioritise": {"priority": 1}, "say": {"text": "x"}, "assign": {}, "approve": {}}.items():
        assert client.post(f"/t/{task.pk}/{verb}", data).status_code == 403, verb
    task.refresh_from_db()
    assert task.state == State.QUEUED


def test_an_unknown_action_is_not_found(pat: User, task: Task) -> None:
    assert signed_in(pat).post(f"/t/{task.pk}/explode").status_code == 404


def test_attempts_tell_what_was_told_and_what_came_of_it(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.complete(started(task, jared, key), Report(result="All **done**."))
    client = signed_in(ada)
    page = client.get(f"/t/{task.pk}/attempts").content.decode()
    assert "All <strong>done</strong>." in page
    brief = client.get(f"/t/{task.pk}/attempts/1/brief").content.decode()
    assert "Read <strong>every</strong> line." in brief
    raw = client.get(f"/t/{task.pk}/attempts/1/brief?raw")
    assert raw.headers["Content-Type"].startswith("text/plain")
    assert client.get(f"/t/{task.pk}/attempts/9/brief").status_code == 404


def test_each_page_of_a_task_has_a_title_of_its_own(ada: User, task: Task) -> None:
    client = signed_in(ada)
    places = (
        "",
        "files",
        "files/view?path=context/names.md",
        "files/edit?path=instructions.md",
        "history",
        "attempts",
        "activity",
        "edit",
        "brief",
    )
    pages = [client.get(f"/t/{task.pk}/{place}").content.decode() for place in places]
    titles = [page.split("<title>")[1].split("</title>")[0] for page in pages]
    assert len(set(titles)) == len(places), titles
    assert all(f"#{task.pk} Write the parser" in title for title in titles)


def order_on(page: str, *marks: str) -> list[str]:
    return sorted(marks, key=page.index)


def test_the_actions_come_before_what_is_only_read_and_after_what_waits_for_a_person(
    pat: User, task: Task, jared: Agent, key: ApiKey
) -> None:
    client, actions, messages = signed_in(pat), 'id="actions"', 'id="messages-title"'
    page = client.get(f"/t/{task.pk}/").content.decode()
    assert order_on(page, actions, 'id="instructions-title"', messages, 'id="facts-title"')[0] == actions
    finish.ask(started(task, jared, key), "Which parser?")
    page = client.get(f"/t/{task.pk}/").content.decode()
    assert order_on(page, actions, 'id="answer-form"', messages)[:2] == ['id="answer-form"', actions]
