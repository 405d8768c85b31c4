"""Saved views: a filter with a name and a layout, for oneself or for everybody."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from coordination.errors import Conflict, Invalid
from coordination.models import Event, Phase, Project, SavedView, Task, User
from coordination.operations.saved_views import save_view
from tests.webui.conftest import signed_in

VIEWS = "/p/tally/views"


def menu(client: Client, path: str = "/p/tally/list", **params: Any) -> str:
    page = html.unescape(client.get(path, params).content.decode())
    return page[page.index("views-menu") - 600 : page.index("filter-form")]


def lines(menu: str) -> list[str]:
    return re.findall(r'class="item" href="[^"]*"(?: aria-current="true")?><bdi>(.*?)</bdi>', menu)


SYSTEM = ["Running", "Needs you", "Failed", "Stale", "Mine"]


def test_a_person_keeps_a_view_that_nobody_else_sees(vera: User, pat: User, project: Project, phase: Phase) -> None:
    fields = {"name": "Mine alone", "q": "status:queued  x", "layout": "list", "sort": "-priority", "group": "phase"}
    answer = signed_in(vera).post(VIEWS, fields)
    view = SavedView.objects.get()
    assert (view.q, view.owner, view.created_by) == ("state:queued x", vera, "person:vera")
    query = urlencode({"q": "state:queued x", "sort": "-priority", "group": "phase", "view": view.pk})
    assert answer.headers["Location"] == f"/p/tally/list?{query}"
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
    client = signed_in(vera)
    assert "This is not what" not in menu(client, q="is:ready", view=view.pk)
    changed = menu(client, q="is:ready label:a", view=view.pk)
    assert "changed since it was saved" in changed
    assert f'href="/p/tally/list?q=is%3Aready&view={view.pk}">Reset' in changed
    assert "changed since it was saved" in menu(client, q="is:ready", view=view.pk, group="state")
    assert "changed since it was saved" in menu(client, "/p/tally/", q="is:ready", view=view.pk)
    client.post(f"{VIEWS}/{view.pk}", {"q": "is:ready label:a", "layout": "list", "sort": "", "group": "state"})
    assert "This is not what" not in menu(client, q="is:ready label:a", view=view.pk, group="state")


def test_a_view_that_is_just_this_is_the_current_one(vera: User, project: Project, phase: Phase) -> None:
    assert "<bdi>Failed</bdi></span>" in menu(signed_in(vera), q="state:failed")
    assert "<bdi>Views</bdi></span>" in menu(signed_in(vera), q="state:failed x")
    assert "<bdi>Views</bdi></span>" in menu(signed_in(vera), view=987654321)


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
