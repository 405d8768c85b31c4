"""What a person is told when something cannot be shown or done: in words, with a way on."""

from typing import Any

import pytest
from django.test import Client

from coordination.models import Project, Task, User
from tests.webui.conftest import signed_in
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


def test_a_form_that_cannot_be_checked_says_how_to_go_on(ada: User, project: Project) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/p/tally/pause")
    assert response.status_code == 403
    assert "reload the page and send it again" in response.content.decode()


def test_a_fault_of_ours_is_told_without_its_details(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(caller: Any) -> int:
        raise RuntimeError("a secret of the server")

    monkeypatch.setattr(needs, "needs_you_count", broken)
    client = Client(raise_request_exception=False)
    client.force_login(ada)
    response = client.get("/needs", headers={"HX-Request": "true"})
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_the_address_of_a_form_is_explained(ada: User, project: Project) -> None:
    response = signed_in(ada).get("/p/tally/pause")
    assert response.status_code == 405
    assert "the address that a form is sent to" in response.content.decode()


def test_a_form_sent_after_signing_out_leads_back_to_its_page(project: Project, task: Task) -> None:
    client = Client()
    response = client.post(f"/t/{task.pk}/cancel", headers={"Referer": f"http://testserver/t/{task.pk}/?x=1"})
    assert response.headers["Location"] == f"/login?next=%2Ft%2F{task.pk}%2F%3Fx%3D1"
    elsewhere = client.post(f"/t/{task.pk}/cancel", headers={"Referer": "https://evil.example/"})
    assert elsewhere.headers["Location"] == "/login?next=%2F"
