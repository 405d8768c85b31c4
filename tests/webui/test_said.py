"""What was done is said, and offers to be taken back: to a script as data, to everybody else as a form."""

import json
import re

from coordination.models import Agent, Membership, Project, Role, User
from tests.webui.conftest import signed_in
from webui.requests import _offer


def test_a_script_is_told_what_was_done_and_how_to_take_it_back(ada: User, jared: Agent) -> None:
    response = signed_in(ada).post("/a/jared/retire", headers={"HX-Request": "true"})
    told = json.loads(response.headers["HX-Trigger"])
    assert told["muster:said"] == {"sentence": "Jared is retired.", "undo": {"says": "Undo", "url": "/a/jared/unretire", "fields": {}}}
    assert "muster:changed" in told


def test_without_a_script_the_next_page_says_it_and_has_a_form_that_takes_it_back(ada: User, pat: User, project: Project) -> None:
    client = signed_in(ada)
    page = client.post(f"/p/tally/settings/members/{pat.pk}/remove", follow=True).content.decode()
    assert "pat is no member any more." in page
    form = re.search(r'<form method="post" action="(/p/tally/settings/members)">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.group(2)))
    client.post(form.group(1), fields)
    assert Membership.objects.get(user=pat).role == Role.PLANNER


def test_a_sentence_without_an_undo_has_no_form(ada: User, project: Project) -> None:
    client = signed_in(ada)
    client.post("/p/tally/pause")
    page = client.post("/p/tally/resume", follow=True).content.decode()
    assert "Tally goes on." in page
    assert ">Undo</button>" not in page


def test_an_undo_posts_lists_and_nothing_as_a_form_does() -> None:
    offer = _offer(("Undo", "/back", {"task": [1, 2], "note": None, "phase": 3}))
    assert offer["fields"] == {"task": ["1", "2"], "note": [""], "phase": ["3"]}
