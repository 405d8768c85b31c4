"""The messages of a project: threads, what an agent has acknowledged, and what a person has read."""

import re

import pytest
from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, ApiKey, Message, Project, ReadMark, Task, User
from coordination.operations import finish, messages
from coordination.operations.reading import read_messages
from coordination.operations.report import Report
from coordination.queries import page_head, unread
from coordination.queries.access import caller_of_user
from tests.webui.conftest import signed_in, started

MOST_QUERIES = 15
LIST = 'aria-label="Messages, newest first"'


def new_for(reader: User, project: Project) -> int:
    return page_head.head(caller_of_user(reader), project).unread


def said(page: str) -> str:
    return page[page.index(LIST) :]


@pytest.fixture
def talk(project: Project, task: Task, jared: Agent, pat: User, ada: User) -> list[Message]:
    """Two to everybody, one about a task, one to jared: of pat, ada, jared and pat."""
    return [
        messages.say(project, "Good morning", actor=pat.actor),
        messages.say(project, "Hello all", actor=ada.actor),
        messages.say(project, "The parser is odd", actor=jared.actor, task=task),
        messages.say(project, "Look again, jared", actor=pat.actor, to_agent=jared),
    ]


def test_messages_stand_in_threads_with_what_was_read(
    ada: User, project: Project, task: Task, jared: Agent, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    about = messages.say(project, "About the parser", actor=ada.actor, task=task)
    read = messages.say(project, "Read this", actor=ada.actor, to_agent=jared)
    messages.acknowledge(read, jared)
    for number in range(8):
        messages.say(project, f"Unread {number}", actor=ada.actor, to_agent=jared)
    messages.say(project, "For everybody", actor=ada.actor)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/messages").content.decode()
    assert "8 not read by <bdi>Jared</bdi>" in page
    assert "read by <bdi>Jared</bdi>" in page
    thread = client.get(f"/p/tally/messages?thread=task-{task.pk}").content.decode()
    said = thread[thread.index('aria-label="Messages, newest first"') :]
    assert about.text in said
    assert "Read this" not in said
    of_agent = client.get(f"/p/tally/messages?thread=agent-{jared.pk}").content.decode()
    assert "For everybody" not in of_agent[of_agent.index('aria-label="Messages, newest first"') :]
    everybody = client.get("/p/tally/messages?thread=everybody").content.decode()
    assert "Read this" not in everybody[everybody.index('aria-label="Messages, newest first"') :]


def test_a_message_can_be_about_a_task_and_a_wrong_number_is_refused_in_words(pat: User, project: Project, task: Task) -> None:
    client = signed_in(pat)
    client.post("/p/tally/messages/say", {"text": "Mind the names", "about": f"#{task.pk}"})
    assert Message.objects.get().task == task
    refused = client.post("/p/tally/messages/say", {"text": "x", "about": "the parser"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Write the number of a task" in refused.content.decode()
    assert client.post("/p/tally/messages/say", {"text": "x", "about": "#999999"}).status_code == 404


def test_a_person_sees_how_many_messages_are_new_in_the_tab_and_in_each_thread(ada: User, pat: User, talk: list[Message]) -> None:
    page = signed_in(ada).get("/p/tally/messages").content.decode()
    assert re.search(r'id="unread"[^>]*data-unread="3"', page)
    assert page.count('1<span class="visually-hidden"> new for you') == 3
    assert re.search(r'id="unread"[^>]*data-unread="2"', signed_in(pat).get("/p/tally/").content.decode())


def test_looking_at_a_thread_reads_that_thread_and_looking_at_all_reads_all(
    ada: User, project: Project, task: Task, talk: list[Message]
) -> None:
    client = signed_in(ada)
    thread = f"task-{task.pk}"
    assert client.post("/p/tally/messages/read", {"thread": thread, "upto": talk[2].pk}).status_code == 302
    assert new_for(ada, project) == 2
    client.post("/p/tally/messages/read", {"thread": "", "upto": talk[1].pk})
    assert new_for(ada, project) == 1
    assert ReadMark.objects.filter(thread=thread).exists()  # it is further on than the mark of all
    client.post("/p/tally/messages/read", {"thread": "", "upto": 10**9})
    assert new_for(ada, project) == 0
    assert ReadMark.objects.values_list("thread", "message").get() == ("", talk[3].pk)


def test_a_mark_never_moves_back_and_every_reader_has_an_own_one(ada: User, vera: User, project: Project, talk: list[Message]) -> None:
    read_messages(ada, project, "", talk[3].pk)
    read_messages(ada, project, "", talk[0].pk)
    assert (new_for(ada, project), new_for(vera, project)) == (0, 4)
    assert signed_in(vera).post("/p/tally/messages/read", {"upto": talk[3].pk}).status_code == 302
    assert new_for(vera, project) == 0


@pytest.mark.parametrize("thread", ["task-999999", "agent-", "team", "task-1 OR 1=1", "x" * 200, "task-" + "9" * 30])
def test_a_thread_that_there_is_not_leaves_no_mark(ada: User, talk: list[Message], thread: str) -> None:
    assert signed_in(ada).post("/p/tally/messages/read", {"thread": thread, "upto": talk[3].pk}).status_code == 404
    assert not ReadMark.objects.exists()
    assert signed_in(ada).get("/p/tally/messages", {"thread": thread}).status_code == 200


def test_a_stranger_reads_nothing(stranger: User, talk: list[Message]) -> None:
    assert signed_in(stranger).post("/p/tally/messages/read", {"upto": talk[3].pk}).status_code == 404
    assert signed_in(stranger).get("/needs?project=tally").status_code == 404


def test_a_line_stands_between_what_is_new_and_what_was_read_and_stays_when_the_mark_moves(
    ada: User, pat: User, project: Project, talk: list[Message]
) -> None:
    client = signed_in(ada)
    read_messages(ada, project, "", talk[1].pk)
    page = client.get("/p/tally/messages").content.decode()
    above, line, below = said(page).partition("Seen before")
    assert line
    assert "The parser is odd" in above
    assert "Hello all" in below
    here = re.search(r'id="messages" hx-get="([^"]+)"', page)
    assert here is not None
    read_messages(ada, project, "", talk[3].pk)
    messages.say(project, "One more", actor=pat.actor)
    again = client.get("/p/tally/messages" + here.group(1).replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    above, line, below = said(again).partition("Seen before")
    assert "One more" in above
    assert "Hello all" in below
    assert "Seen before" not in client.get("/p/tally/messages?thread=everybody&since=99999").content.decode()


def test_what_one_says_oneself_is_not_new(ada: User, project: Project, talk: list[Message]) -> None:
    read_messages(ada, project, "", talk[3].pk)
    messages.say(project, "I said it myself", actor=ada.actor)
    assert new_for(ada, project) == 0
    assert "Seen before" not in signed_in(ada).get("/p/tally/messages").content.decode()


def test_a_page_that_hides_older_news_is_not_all_that_is_new(
    ada: User, pat: User, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = messages.say(project, "Read long ago", actor=pat.actor)
    read_messages(ada, project, "", first.pk)
    moment = first.created_at
    Message.objects.bulk_create(
        Message(project=project, author_kind="person", author_id=pat.pk, author="pat", text=f"T{number}", created_at=moment)
        for number in range(70)
    )
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/messages").content.decode()
    assert "data-shown" not in page
    assert "Mark 70 as read" in page
    older = re.search(r'class="button" href="([^"]+)">Older', page)
    assert older is not None
    rest = client.get("/p/tally/messages" + older.group(1).replace("&amp;", "&")).content.decode()
    assert "data-shown" in rest
    assert "Read long ago" in rest.partition("Seen before")[2]
    upto = re.search(r'name="upto" value="(\d+)"', rest)
    assert upto is not None
    assert int(upto.group(1)) == first.pk + 70


def test_the_number_costs_no_query_of_its_own_and_looks_at_the_newest_messages_only(
    ada: User,
    pat: User,
    project: Project,
    talk: list[Message],
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asker = caller_of_user(ada)
    with django_assert_num_queries(1):
        assert page_head.head(asker, project) == page_head.Head(0, 3)
    monkeypatch.setattr(unread, "LOOKED_AT", 2)
    assert new_for(ada, project) == 2


def test_both_numbers_in_the_head_refresh_with_one_request(vera: User, ada: User, talk: list[Message]) -> None:
    part = signed_in(ada).get("/needs?project=tally", headers={"HX-Request": "true"}).content.decode()
    assert re.search(r'id="unread"[^>]*data-unread="3"[^>]*hx-swap-oob="true"', part)
    assert 'hx-get="/needs?project=tally"' in part
    assert 'data-unread="4"' in signed_in(vera).get("/needs?project=tally").content.decode()
    assert "unread" not in signed_in(ada).get("/needs").content.decode()


def test_a_thread_nobody_spoke_in_lately_is_found_by_its_address(
    ada: User, task: Task, talk: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordination.queries.messages.RECENT", 1)
    page = said(signed_in(ada).get(f"/p/tally/messages?thread=task-{task.pk}").content.decode())
    assert "The parser is odd" in page
    assert "Good morning" not in page


def test_a_task_s_page_reads_what_it_shows_of_its_thread(
    ada: User,
    project: Project,
    task: Task,
    jared: Agent,
    key: ApiKey,
    talk: list[Message],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client, address = signed_in(ada), f"/t/{task.pk}/"
    Task.objects.filter(pk=task.pk).update(review_policy="required")
    finish.complete(started(task, jared, key), Report(result="It reads"))
    for number in range(18):
        messages.say(project, f"More {number}", actor=jared.actor, task=task)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(address).content.decode()
    form = page[page.index('id="read-form"') : page.index("Mark 19 as read")]
    assert page.count(" data-shown") == 1
    assert not ReadMark.objects.exists()  # a look by a script or a preview reads nothing
    fields = dict(re.findall(r'name="(thread|upto|next)" value="([^"]*)"', form))
    assert client.post("/p/tally/messages/read", fields).headers["Location"] == address
    assert new_for(ada, project) == 2  # what pat said, to everybody and to jared
    page = client.get(address).content.decode()
    assert "read-form" not in page
    assert "data-shown" not in page


def test_a_task_s_page_does_not_read_what_is_too_old_to_be_shown(ada: User, pat: User, project: Project, task: Task) -> None:
    said = [messages.say(project, f"More {number}", actor=pat.actor, task=task) for number in range(25)]
    page = signed_in(ada).get(f"/t/{task.pk}/").content.decode()
    assert "20 or more new for you" in page
    assert "read-form" not in page
    read_messages(ada, project, "", said[6].pk)
    assert "Mark 18 as read" in signed_in(ada).get(f"/t/{task.pk}/").content.decode()
    assert "read-form" not in signed_in(pat).get(f"/t/{task.pk}/").content.decode()


def test_what_is_wrong_with_a_message_is_said_in_plain_words(ada: User, project: Project) -> None:
    client = signed_in(ada)
    empty = client.post("/p/tally/messages/say", {"text": "  "}, headers={"HX-Request": "true"})
    assert (empty.status_code, empty.content.decode()) == (422, "Text: it is empty; write something.")
    long = client.post("/p/tally/messages/say", {"text": "x" * 50_001}, headers={"HX-Request": "true"})
    assert long.content.decode() == "Text: it has 50,001 characters; at most 50,000 fit."
