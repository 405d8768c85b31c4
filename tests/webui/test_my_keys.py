"""A person's own keys, made on the account page and shown once."""

import re

from coordination.models import ApiKey, Project, Task, User
from coordination.queries.access import Permission, caller_of_key
from tests.webui.conftest import signed_in


def test_a_key_is_shown_once_and_acts_as_the_person(pat: User, project: Project, task: Task) -> None:
    client = signed_in(pat)
    page = client.post("/account/keys", {"name": "laptop", "scope": "coordinator", "days": "90"}).content.decode()
    raw = re.search(r'id="the-key"[^>]*>(mst_[0-9a-f_]+)<', page)
    assert raw is not None
    caller = caller_of_key(raw[1])
    assert (caller.actor.name, caller.permission_in(project.pk)) == ("pat", Permission.PLAN)
    assert f"http://pat:{raw[1]}@testserver/git/tasks/42.git" in page
    listed = client.get("/account").content.decode()
    assert "laptop" in listed
    assert raw[1] not in listed


def test_a_viewer_s_key_does_no_more_than_the_viewer(vera: User, project: Project) -> None:
    page = signed_in(vera).post("/account/keys", {"name": "all", "scope": "admin", "days": ""}).content.decode()
    raw = re.search(r'id="the-key"[^>]*>(mst_[0-9a-f_]+)<', page)
    assert raw is not None
    assert caller_of_key(raw[1]).permission_in(project.pk) == Permission.READ


def test_a_person_revokes_their_own_keys_only(pat: User, vera: User) -> None:
    signed_in(pat).post("/account/keys", {"name": "laptop", "scope": "reader", "days": "365"})
    key = ApiKey.objects.get(user=pat)
    assert signed_in(vera).post(f"/account/keys/{key.pk}/revoke").status_code == 404
    assert signed_in(pat).post(f"/account/keys/{key.pk}/revoke").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_the_task_s_page_has_the_line_that_clones_it(pat: User, task: Task) -> None:
    assert f"git clone http://testserver/git/tasks/{task.pk}.git" in signed_in(pat).get(f"/t/{task.pk}/").content.decode()
