"""Passkeys: made on the account page, asked for after the password or instead of it, and bound to this host."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from coordination.models import Project, Role, User
from coordination.operations import keys
from coordination.operations.projects import grant_role
from tests.webui.conftest import PASSWORD, signed_in
from tests.webui.passkey import Passkey

NEW = "/account/second-factor/passkeys/new"
NEEDED = "/account/second-factor/needed"


@pytest.fixture(autouse=True)
def _no_guesses_of_other_tests() -> Iterator[None]:
    """The counts of attempts are kept in the process's cache."""
    cache.clear()
    yield
    cache.clear()


def enter(client: Client, name: str = "ada", **more: str) -> str:
    return str(client.post("/login", {"login": name, "password": PASSWORD} | more).headers.get("Location", ""))


def asked_on(client: Client, path: str) -> dict[str, Any]:
    """Return the question that a page's script would put to the browser."""
    if path == "/login/passkey":
        return dict(client.get(path, headers={"Accept": "application/json"}).json()["request_options"]["publicKey"])
    found = re.search(r'data-asked="([^"]+)"', client.get(path).content.decode())
    assert found is not None, path
    return dict(json.loads(html.unescape(found[1])))


def with_passkey(client: Client, **kind: Any) -> Passkey:
    """Give the person who signs in a passkey, through the pages."""
    passkey = Passkey(**kind)
    enter(client)
    client.post("/account/confirm", {"password": PASSWORD})
    answer = json.dumps(passkey.made(asked_on(client, NEW)))
    response = client.post(NEW, {"name": "Blue key", "passwordless": "on" if passkey.flags & 4 else "", "credential": answer})
    assert response.headers["Location"] == "/account/second-factor/codes", response.content.decode()
    return passkey


def test_a_passkey_is_the_second_factor(ada: User, client: Client) -> None:
    passkey = with_passkey(Client(), verified=False)
    assert enter(client, next="/a/") == "/login/code"
    answer = passkey.signed(asked_on(client, "/login/code"))
    assert client.post("/login/code", {"credential": json.dumps(answer)}).headers["Location"] == "/a/"
    page = client.get("/account").content.decode()
    assert "Blue key" in page
    assert "10 left" in page


def test_a_passkey_signs_in_alone_and_leads_to_where_the_person_wanted(ada: User, client: Client) -> None:
    passkey = with_passkey(Client())
    answer = passkey.signed(asked_on(client, "/login/passkey"))
    response = client.post("/login/passkey", {"credential": json.dumps(answer), "next": "/a/"})
    assert response.headers["Location"] == "/a/"
    assert client.get("/account").status_code == 200
    assert "Signs in alone" in client.get("/account").content.decode()


def test_one_that_did_not_ask_its_owner_does_not_sign_in_alone(ada: User, client: Client) -> None:
    passkey = with_passkey(Client(), verified=False)
    answer = passkey.signed(asked_on(client, "/login/passkey"))
    assert client.post("/login/passkey", {"credential": json.dumps(answer)}).headers["Location"] == "/login"
    assert client.get("/account").status_code == 302


def test_an_account_that_is_switched_off_does_not_open_to_its_passkey(ada: User, client: Client) -> None:
    passkey = with_passkey(Client())
    User.objects.update(is_active=False)
    client.post("/login/passkey", {"credential": json.dumps(passkey.signed(asked_on(client, "/login/passkey")))})
    assert client.get("/account").status_code == 302


def test_an_answer_counts_once_and_only_for_its_question_its_host_and_its_key(ada: User) -> None:
    passkey = with_passkey(Client())
    client = Client()
    answer = passkey.signed(asked_on(client, "/login/passkey"))
    client.post("/login/passkey", {"credential": json.dumps(answer)})
    assert client.get("/account").status_code == 200
    client.post("/logout")
    asked_on(client, "/login/passkey")
    stolen = Passkey()
    stolen.id, stolen.handle = passkey.id, passkey.handle
    elsewhere = Passkey(origin="https://testserver.evil.example")
    elsewhere.key, elsewhere.id, elsewhere.handle = passkey.key, passkey.id, passkey.handle
    for each in (answer, stolen.signed(asked_on(client, "/login/passkey")), elsewhere.signed(asked_on(client, "/login/passkey"))):
        page = client.post("/login/passkey", {"credential": json.dumps(each)}, follow=True).content.decode()
        assert "not one of yours here" in page
        assert client.get("/account").status_code == 302


HOSTILE = [
    "",
    "null",
    "[]",
    "1",
    '"x"',
    "{",
    "{}",
    '{"response": []}',
    '{"response": {"userHandle": 1}}',
    '{"id": {"a": 1}, "rawId": "%%"}',
]


def test_what_no_browser_sends_is_refused_in_words(ada: User) -> None:
    owner = Client()
    passkey = with_passkey(owner)
    good = passkey.signed(asked_on(Client(), "/login/passkey"))
    broken = [*HOSTILE, *(json.dumps(good | {"response": good["response"] | {name: "AAAA"}}) for name in good["response"])]
    broken += [json.dumps(good | {"response": good["response"] | {"userHandle": handle}}) for handle in ("", "4pyT", "//////79")]
    stranger, half = Client(), Client()
    enter(half)
    owner.post("/account/confirm", {"password": PASSWORD})
    for text in broken:
        cache.clear()
        asked_on(stranger, "/login/passkey")
        assert stranger.post("/login/passkey", {"credential": text}).status_code == 302, text
        assert half.post("/login/code", {"credential": text}).status_code == 200, text
        assert owner.post("/account/confirm/passkey", {"credential": text}).status_code == 200, text
        asked_on(owner, NEW)
        page = owner.post(NEW, {"name": "x", "credential": text})
        assert page.status_code == 200, text
        assert 'role="alert"' in page.content.decode(), text
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1


def test_passkeys_are_renamed_and_removed_by_their_owner_alone(ada: User, stranger: User) -> None:
    owner, other = Client(), Client()
    with_passkey(owner)
    pk = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN).pk
    enter(other, "mallory")
    other.post("/account/confirm", {"password": PASSWORD})
    for step in ("name", "remove"):
        assert other.post(f"/account/second-factor/passkeys/{pk}/{step}", {"name": "Mine"}).status_code == 404
    assert "Blue key" in owner.get(f"/account/second-factor/passkeys/{pk}/name").content.decode()
    owner.post(f"/account/second-factor/passkeys/{pk}/name", {"name": "Phone <b>"})
    assert "Phone &lt;b&gt;" in owner.get("/account").content.decode()
    assert "Phone &lt;b&gt;" in owner.get(f"/account/second-factor/passkeys/{pk}/remove").content.decode()
    owner.post(f"/account/second-factor/passkeys/{pk}/remove")
    assert not Authenticator.objects.exists()  # codes for nothing are gone too


def test_a_passkey_confirms_that_it_is_the_person(ada: User, client: Client) -> None:
    passkey = with_passkey(Client())
    client.post("/login/passkey", {"credential": json.dumps(passkey.signed(asked_on(client, "/login/passkey")))})
    asks = client.get("/account/second-factor/codes/new").headers["Location"]
    assert "Use a passkey instead" in client.get(asks).content.decode()
    confirm = "/account/confirm/passkey?next=/account/second-factor/codes/new"
    response = client.post(confirm, {"credential": json.dumps(passkey.signed(asked_on(client, confirm)))})
    assert response.headers["Location"] == "/account/second-factor/codes/new"
    assert client.get("/account/second-factor/codes/new").status_code == 200


def test_an_admin_reaches_nothing_until_there_is_a_second_factor(
    ada: User, project: Project, pat: User, vera: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = "admins"
    client = signed_in(ada)
    for path in ("/", "/p/tally/", "/account", "/admin/", "/needs", "/live", "/account/second-factor/codes/new"):
        assert client.get(path).headers["Location"] == NEEDED, path
    assert client.post("/p/tally/pause").headers["Location"] == NEEDED
    assert client.get("/needs", headers={"HX-Request": "true"}).headers["HX-Redirect"] == NEEDED
    assert "Add a passkey" in client.get(NEEDED).content.decode()
    for open_path in (NEW, "/account/second-factor/app"):
        assert client.get(open_path).headers["Location"].startswith("/account/confirm"), open_path
    assert [signed_in(each).get("/p/tally/").status_code for each in (pat, vera)] == [200, 200]
    with_passkey(client)
    assert client.get("/p/tally/").status_code == 200
    assert client.get(NEEDED).headers["Location"] == "/account"


def test_an_admin_of_one_project_needs_it_too_and_everyone_where_that_is_said(
    ada: User, project: Project, vera: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = "admins"
    assert signed_in(vera).get("/p/tally/").status_code == 200
    grant_role(project, vera, Role.ADMIN, actor=ada.actor)
    assert signed_in(vera).get("/p/tally/").headers["Location"] == NEEDED
    grant_role(project, vera, Role.VIEWER, actor=ada.actor)
    settings.SECOND_FACTOR_FOR = "everyone"
    assert signed_in(vera).get("/p/tally/").headers["Location"] == NEEDED


def test_keys_go_on_without_a_second_factor(ada: User, project: Project, client: Client, settings: Settings) -> None:
    settings.SECOND_FACTOR_FOR = "everyone"
    _, raw = keys.create_key(name="laptop", scope="admin", user=ada, actor=ada.actor)
    for each in (client, signed_in(ada)):
        response = each.get("/api/v1/projects", headers={"Authorization": f"Bearer {raw}"})
        assert response.status_code == 200
