"""Saved views: a filter with a name and a layout, for oneself or for everybody."""

import html
import re
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.test import Client

from coordination.errors import Conflict, Invalid
from coordination.models import Event, Phase, Project, SavedView, Task, User
from coordination.operations.saved_views import save_view
from tests.webui.conftest import signed_in
from webui.view_menu import url_of

VIEWS = "/p/tally/views"


def menu(client: Client, on: str = "task_list", **params: Any) -> str:
    """Return the menu of views beside what a page shows."""
    return html.unescape(client.get(f"{VIEWS}/menu", {"on": on, **params}, headers={"HX-Request": "true"}).content.decode())


def summary(client: Client, path: str) -> tuple[str, bool]:
    """Return which view a page says is open, and whether it says that it was changed."""
    page = html.unescape(client.get(path).content.decode())
    name = re.search(r'class="views-name(?: wide)?"><bdi>(.*?)</bdi>', page)
    assert name
    return name[1], "changed since it was saved" in page


def lines(menu: str) -> list[str]:
    return re.findall(r'class="item" href="[^"]*"(?: aria-current="true")?><bdi>(.*?)</bdi>', menu)


SYSTEM = ["Running", "Needs you", "Failed", "Stale", "Mine"]


def test_a_person_keeps_a_view_that_nobody_else_sees(vera: User, pat: User, project: Project, phase: Phase) -> None:
    fields = {"name": "Mine alone", "q": "status:queued  x", "layout": "list", "sort": "-priority", "group": "phase"}
    answer = signed_in(vera).post(VIEWS, fields)
    view = SavedView.objects.get()
    assert (view.q, view.owner, view.created_by) == ("state:queued x", vera, "person:vera")
    address = unquote_plus(answer.headers["Location"])
    assert re.fullmatch(rf"/p/tally/list\?q=state:queued x&sort=-priority&group=phase&view={view.pk}\.\w{{8}}\.Mine alone", address)
    assert summary(signed_in(vera), answer.headers["Location"]) == ("Mine alone", False)
    assert lines(menu(signed_in(vera))) == [*SYSTEM, "Mine alone"]
    assert lines(menu(signed_in(pat))) == SYSTEM
    assert signed_in(pat).post(f"{VIEWS}/{view.pk}/delete").status_code == 404
    assert not Event.objects.filter(kind__startswith="view.").exists()


def test_planners_share_views_and_viewers_open_them(vera: User, pat: User, project: Project, phase: Phase) -> None:
    fields = {"name": "Ready", "q": "is:ready", "layout": "board", "shared": "1"}
    assert signed_in(vera).post(VIEWS, fields).status_code == 403
    assert signed_in(pat).post(VIEWS, fields).status_code == 302
    view = SavedView.objects.get()
    assert view.is_shared
    assert "Ready" in lines(menu(signed_in(vera)))
    client = signed_in(vera)
    assert client.post(f"{VIEWS}/{view.pk}", {"name": "Stolen"}).status_code == 403
    assert client.post(f"{VIEWS}/{view.pk}/delete").status_code == 403
    assert signed_in(pat).post(f"{VIEWS}/{view.pk}", {"name": "Ready now"}).status_code == 302
    assert signed_in(pat).post(f"{VIEWS}/{view.pk}/delete").status_code == 302
    assert list(Event.objects.filter(kind__startswith="view.").order_by("id").values_list("kind", flat=True)) == [
        "view.saved",
        "view.changed",
        "view.deleted",
    ]


def test_what_was_changed_since_is_marked_saved_or_reset(vera: User, project: Project, phase: Phase) -> None:
    view = save_view(project, name="Ready", q="is:ready", layout="list", actor=vera.actor, owner=vera)
    client, opened = signed_in(vera), url_of(view, project)
    assert summary(client, opened) == ("Ready", False)
    for change in ("&group=state", "&sort=-id", "&cursor=x"):
        assert summary(client, opened + change) == ("Ready", change != "&cursor=x")
    assert summary(client, opened.replace("is%3Aready", "is%3Aready+label%3Aa")) == ("Ready", True)
    assert summary(client, opened.replace("/list", "/")) == ("Ready", True)
    changed = menu(client, q="is:ready label:a", view=view.pk)
    assert "This is not what" in changed
    assert f'href="{opened}">Reset' in changed
    client.post(f"{VIEWS}/{view.pk}", {"q": "is:ready label:a", "layout": "list", "sort": "", "group": "state"})
    assert "This is not what" not in menu(client, q="is:ready label:a", view=view.pk, group="state")


def test_a_view_that_is_just_this_is_the_current_one(vera: User, project: Project, phase: Phase) -> None:
    client = signed_in(vera)
    assert summary(client, "/p/tally/list?q=state:failed") == ("Failed", False)
    assert summary(client, "/p/tally/list?q=state:failed+x") == ("Views", False)
    assert 'aria-current="true"><bdi>Failed' in menu(client, q="state:failed")
    assert "aria-current" not in menu(client, view=987654321)


def test_without_scripts_the_views_are_a_page(vera: User, project: Project, phase: Phase) -> None:
    client = signed_in(vera)
    address = re.search(r'href="(/p/tally/views/menu[^"]*)"', client.get("/p/tally/list?q=x&sort=-id").content.decode())
    assert address
    page = client.get(html.unescape(address[1])).content.decode()
    assert "<h1>Saved views</h1>" in page
    assert 'href="/p/tally/list?q=x&amp;sort=-id">Back' in page
    assert lines(page) == SYSTEM


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " "}, Invalid),
        ({"name": "x", "q": "stat:x"}, Invalid),
        ({"name": "x", "layout": "pie"}, Invalid),
        ({"name": "x", "sort": "colour"}, Invalid),
        ({"name": "x", "group": "colour"}, Invalid),
        ({"name": "Taken"}, Conflict),
    ],
)
def test_a_view_that_could_not_be_shown_is_refused(pat: User, project: Project, fields: dict[str, str], error: type[Exception]) -> None:
    save_view(project, name="Taken", actor=pat.actor)
    with pytest.raises(error):
        save_view(project, actor=pat.actor, **fields)
    save_view(project, name="Taken", actor=pat.actor, owner=pat)  # one's own is another one


def test_a_stranger_finds_no_views(stranger: User, project: Project, pat: User, task: Task) -> None:
    view = save_view(project, name="Ready", actor=pat.actor)
    client = signed_in(stranger)
    assert client.post(VIEWS, {"name": "x", "layout": "list"}).status_code == 404
    assert client.post(f"{VIEWS}/{view.pk}/delete").status_code == 404
