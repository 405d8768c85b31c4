"""What a person is told when something cannot be shown or done: in words, with a way on."""

import html
import re
from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver, resolve

from coordination.models import Agent, ApiKey, Project, Task, User
from coordination.operations import finish
from tests.webui.conftest import signed_in, started
from webui import context
from webui.requests import page_above
from webui.views import needs


def test_what_is_not_there_says_so_and_leads_home(ada: User, stranger: User, task: Task) -> None:
    for client, path in (
        (signed_in(ada), "/nowhere"),
        (signed_in(ada), "/t/999/"),
        (signed_in(stranger), f"/t/{task.pk}/"),
        (Client(), "/nowhere"),
    ):
        response = client.get(path)
        page = response.content.decode()
        assert response.status_code == 404, path
        assert "<h1>Not found</h1>" in page, path
        assert "Go to your projects" in page, path


def test_what_one_may_not_do_says_which_role_it_needs(vera: User, task: Task) -> None:
    response = signed_in(vera).post(f"/t/{task.pk}/cancel")
    assert response.status_code == 403
    assert "the planner role" in response.content.decode()


def test_a_refusal_counts_what_waits_for_its_reader(
    ada: User, vera: User, task: Task, key: ApiKey, jared: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish.ask(started(task, jared, key), "Which parser?")
    unchecked = Client(enforce_csrf_checks=True)
    unchecked.force_login(ada)
    asked = {
        404: lambda: signed_in(ada).get("/nowhere"),
        422: lambda: signed_in(ada).post(f"/t/{task.pk}/say", {"text": ""}),
        403: lambda: unchecked.post(f"/t/{task.pk}/say", {"text": "Hello"}),
    }
    for status, ask in asked.items():
        page = ask().content.decode()
        assert ask().status_code == status
        assert 'data-needs="1"' in page, status
        assert "<title>(1) " in page, status
    assert "data-needs=" not in Client().get("/nowhere").content.decode()

    def unreachable(*asked: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(context, "head", unreachable)
    page = signed_in(ada).get("/nowhere")
    assert (page.status_code, "data-needs=" in page.content.decode()) == (404, False)


def test_a_form_that_cannot_be_checked_says_how_to_go_on(ada: User, project: Project) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    for referer, way_on in (("http://testserver/p/tally/hold?x=1", "/p/tally/hold?x=1"), ("https://evil.example/", "/"), ("", "/")):
        response = client.post("/p/tally/pause", headers={"Referer": referer})
        assert response.status_code == 403
        assert "reload the page and send it again" in response.content.decode()
        says = "Go back" if referer.startswith("http://testserver") else "Go to your projects"
        assert re.search(rf'<a class="button" href="{re.escape(way_on)}">(<svg.*?</svg>)?{says}</a>', response.content.decode()), referer


def test_a_form_that_cannot_be_checked_shows_what_was_typed(ada: User, task: Task) -> None:
    client, text = Client(enforce_csrf_checks=True), "Half an hour's worth of thoughts about the parser."
    client.force_login(ada)
    assert text in html.unescape(client.post(f"/t/{task.pk}/say", {"text": text}).content.decode())
    in_place = client.post(f"/t/{task.pk}/say", {"text": text}, headers={"HX-Request": "true"})
    assert (in_place.status_code, in_place.headers["Content-Type"]) == (403, "text/plain; charset=utf-8")
    assert "Copy what you typed, reload the page" in in_place.content.decode()


def test_a_form_sent_after_the_session_ended_loses_nothing(task: Task) -> None:
    client, text = Client(), "Half an hour's worth of thoughts about the parser."
    page = f"http://testserver/t/{task.pk}/"
    shown = client.post(f"/t/{task.pk}/say", {"text": text}, headers={"Referer": page})
    assert shown.status_code == 401
    assert text in html.unescape(shown.content.decode())
    assert f'href="/login?next=%2Ft%2F{task.pk}%2F"' in shown.content.decode()
    assert client.post(f"/t/{task.pk}/cancel", {"reason": ""}, headers={"Referer": page}).headers["Location"].startswith("/login?")
    for checks in (False, True):  # the cookie of the forms may be gone as well
        in_place = Client(enforce_csrf_checks=checks).post(f"/t/{task.pk}/say", {"text": text}, headers={"HX-Request": "true"})
        assert (in_place.status_code, "HX-Refresh" in in_place.headers) == (401, False)
        assert "What you typed stays here" in in_place.content.decode()


def test_the_stream_of_who_is_signed_out_ends_with_a_refusal_and_not_with_a_page(project: Project) -> None:
    response = Client().get("/live", headers={"Accept": "text/event-stream"})
    assert (response.status_code, response.headers["Content-Type"]) == (401, "text/plain; charset=utf-8")


def test_a_refused_form_shows_no_password_again(ada: User) -> None:
    client, secret = Client(enforce_csrf_checks=True), "a secret of more than twenty characters"
    client.force_login(ada)
    assert secret not in client.post("/account/password", {"old_password": secret, "new_password1": secret}).content.decode()


def test_a_fault_of_ours_is_told_without_its_details(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*asked: Any) -> int:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(needs, "head", broken)
    client = Client(raise_request_exception=False)
    client.force_login(ada)
    response = client.get("/needs", headers={"HX-Request": "true"})
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_what_is_too_much_or_for_another_host_is_refused_in_words(ada: User, project: Project) -> None:
    client = signed_in(ada)
    for sent, status, words in (
        ({"data": {"reason": "x" * 5_000_000}}, 413, "more text than 4 MB"),
        ({"data": {f"task-{number}": "1" for number in range(1_001)}}, 413, "more than 1,000 fields"),
        ({"headers": {"Host": "evil.example"}}, 400, "ALLOWED_HOSTS"),
        ({"data": "abc", "content_type": "multipart/form-data"}, 400, "could not be read"),
    ):
        sent["headers"] = sent.get("headers", {}) | {"Accept": "text/html"}
        page = client.post("/p/tally/pause", **sent)
        assert page.status_code == status, words
        assert words in page.content.decode()
        assert "<h1>" in page.content.decode()
        sent["headers"] |= {"HX-Request": "true"}
        part = client.post("/p/tally/pause", **sent)
        assert part.status_code == status, words
        assert part.content.decode().startswith(("This", "Muster", "What your"))
        assert part.headers["Content-Type"].startswith("text/plain")


def test_every_answer_has_the_policy_and_refuses_to_be_framed(ada: User, project: Project) -> None:
    client = signed_in(ada)
    answers = [client.get(path) for path in ("/", "/p/tally", "/nowhere", "/static/nothing.js", "/admin/", "/livez", "/api/v1/nothing")]
    answers += [client.head("/live"), client.get("/", headers={"Host": "evil.example"})]
    with closing(client.get("/static/webui/mark.svg")) as file:
        for answer in (*answers, file):
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'"), answer
            assert answer.headers["X-Frame-Options"] == "DENY", answer


FORMS = [str(each.pattern) for each in get_resolver("webui.urls").url_patterns if getattr(each.callback, "only_acts", False)]


def test_every_address_that_only_takes_forms_has_a_page_above_it() -> None:
    """A browser ends up there by a reload, a bookmark, or signing in."""
    assert len(FORMS) > 60
    for route in FORMS:
        path = "/" + re.sub(r"<(\w+):(\w+)>", lambda part: {"int": "7", "slug": "tally", "path": "team/jared"}[part[1]], route)
        above = page_above(path)
        assert path.startswith(above), path
        assert not getattr(resolve(above).func, "only_acts", False), path
        assert above != "/" or path in ("/p", "/sample"), path


def test_a_reload_after_making_a_key_shows_the_settings(ada: User, project: Project) -> None:
    client = signed_in(ada)
    assert "mst_" in client.post("/p/tally/settings/keys", {"name": "fleet", "scope": "agent"}).content.decode()
    for path, page in {
        "/p/tally/settings/keys": "/p/tally/settings",
        "/p/tally/settings/channels/3/secret": "/p/tally/settings",
        "/account/keys": "/account",
        "/phases/3/split/tasks": "/phases/3/split",
        "/a/team/jared/keys": "/a/team/jared/",
        "/a/team/jared/keys/7/revoke": "/a/team/jared/",
        "/logout": "/",
        "/p": "/",
    }.items():
        assert client.get(path).headers["Location"] == page, path


def test_a_form_sent_after_signing_out_leads_back_to_its_page(project: Project, task: Task) -> None:
    client = Client()
    response = client.post(f"/t/{task.pk}/cancel", headers={"Referer": f"http://testserver/t/{task.pk}/?x=1"})
    assert response.headers["Location"] == f"/login?next=%2Ft%2F{task.pk}%2F%3Fx%3D1"
    elsewhere = client.post(f"/t/{task.pk}/cancel", headers={"Referer": "https://evil.example/"})
    assert elsewhere.headers["Location"] == "/login?next=%2F"
