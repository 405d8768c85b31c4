"""Signing in: password, second factor, recovery codes, sessions, and the brake on whoever guesses."""

import re
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from coordination.models import User
from tests.webui.codes import code_of
from tests.webui.conftest import PASSWORD, signed_in
from webui.signing_in import SecondFactors


@pytest.fixture(autouse=True)
def _no_guesses_of_other_tests() -> Iterator[None]:
    """The counts of attempts are kept in the process's cache."""
    cache.clear()
    yield
    cache.clear()


def enter(client: Client, name: str = "ada", password: str = PASSWORD, **more: str) -> str:
    """Sign in as a person does and return where that leads, or the sentence that refuses it."""
    response = client.post("/login", {"login": name, "password": password} | more)
    if response.status_code == 302:
        return str(response.headers["Location"])
    return " ".join(re.findall(r'role="alert">([^<]+)<', response.content.decode())).strip() or str(response.status_code)


def with_app(user: User) -> str:
    """Give a person an authenticator app through the pages and return its key."""
    client = Client()
    assert enter(client) == "/"
    client.post("/account/confirm", {"password": PASSWORD})
    page = client.get("/account/second-factor/app").content.decode()
    secret = re.search(r"[?]secret=([A-Z2-7]+)", page)
    assert secret is not None
    # A code counts once: the test signs in with the next one, which is taken for half a minute before its time and after.
    response = client.post("/account/second-factor/app", {"code": code_of(secret[1])})
    assert response.headers["Location"] == "/account/second-factor/codes"
    return secret[1]


def test_a_person_signs_in_and_is_led_to_where_they_wanted(ada: User, client: Client) -> None:
    assert enter(client, next="/account") == "/account"
    assert client.get("/account").status_code == 200
    assert client.get("/login").headers["Location"] == "/"


def test_a_wrong_name_and_a_wrong_password_are_refused_alike(ada: User) -> None:
    for name, password in (("ada", "wrong"), ("nobody", "wrong"), ("", "")):
        client = Client()
        assert "/account" not in enter(client, name, password)
        assert client.get("/account").status_code == 302
    assert enter(Client(), "ada", "wrong") == enter(Client(), "nobody", PASSWORD)


def test_an_account_that_is_switched_off_does_not_open(ada: User, client: Client) -> None:
    User.objects.update(is_active=False)
    enter(client)
    assert client.get("/account").status_code == 302


def test_guessing_is_slowed_down_also_when_the_last_guess_is_right(ada: User, client: Client) -> None:
    for number in range(10):
        enter(client, "ada", f"guess {number}")
    assert "Too many failed attempts" in enter(client)


def test_the_second_factor_is_asked_for_and_lets_in(ada: User, client: Client) -> None:
    secret = with_app(ada)
    assert enter(client, next="/a/") == "/login/code"
    assert client.get("/").headers["Location"] == "/login?next=%2F"
    wrong = client.post("/login/code", {"code": "000000"})
    assert "This code is wrong" in wrong.content.decode()
    assert client.get("/account").status_code == 302
    assert client.post("/login/code", {"code": code_of(secret, steps_ahead=1)}).headers["Location"] == "/a/"
    page = client.get("/account").content.decode()
    assert "New recovery codes" in page


def test_a_code_counts_once(ada: User) -> None:
    secret = with_app(ada)
    code = code_of(secret, steps_ahead=1)
    first, second = Client(), Client()
    for client in (first, second):
        cache.clear()  # as if each were asked by another process
        enter(client)
        client.post("/login/code", {"code": code})
    assert first.get("/account").status_code == 200
    assert second.get("/account").status_code == 302


def test_a_recovery_code_lets_in_once(ada: User) -> None:
    client = Client()
    enter(client)
    client.post("/account/confirm", {"password": PASSWORD})
    secret = re.search(r"[?]secret=([A-Z2-7]+)", client.get("/account/second-factor/app").content.decode())
    assert secret is not None
    page = client.post("/account/second-factor/app", {"code": code_of(secret[1])}, follow=True).content.decode()
    codes = re.search(r'id="codes">([^<]+)<', page)
    assert codes is not None
    code = codes[1].split()[0]
    assert code not in client.get("/account/second-factor/codes").content.decode()
    for wanted in (200, 302):
        other = Client()
        enter(other)
        other.post("/login/code", {"code": code})
        assert other.get("/account").status_code == wanted


def test_the_factor_is_changed_only_by_who_knows_the_password(ada: User) -> None:
    with_app(ada)
    client = signed_in(ada)
    for path in ("app/remove", "codes/new"):
        response = client.post(f"/account/second-factor/{path}")
        assert response.headers["Location"].startswith("/account/confirm"), path
    assert Authenticator.objects.count() == 2
    client.post("/account/confirm", {"password": PASSWORD})
    client.post("/account/second-factor/app/remove")
    assert not Authenticator.objects.exists()


def test_the_admin_pages_ask_for_the_second_factor_too(ada: User, client: Client) -> None:
    with_app(ada)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/login")
    assert client.post("/admin/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert client.get("/admin/").status_code == 302


def test_a_copy_of_the_database_holds_no_usable_secret(ada: User) -> None:
    secret = with_app(ada)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored
    assert SecondFactors().decrypt(stored) == secret


def test_a_secret_of_another_server_fits_no_code(ada: User, client: Client, settings: Settings) -> None:
    secret = with_app(ada)
    settings.SECRET_KEY = "another server's key, which is long enough to be one"
    enter(client)
    client.post("/login/code", {"code": code_of(secret, steps_ahead=1)})
    assert client.get("/account").status_code == 302


def test_sessions_are_listed_and_ended(ada: User) -> None:
    phone, laptop = (
        Client(headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/604"}),
        Client(headers={"User-Agent": "X11; Linux Firefox/130.0"}),
    )
    for client in (phone, laptop):
        enter(client)
    page = laptop.get("/account").content.decode()
    assert "Safari on iPhone" in page
    assert "Firefox on Linux" in page
    laptop.post("/account/sessions/end-others")
    assert phone.get("/account").status_code == 302
    assert laptop.get("/account").status_code == 200


def test_nobody_ends_somebody_else_s_session(ada: User, stranger: User, client: Client) -> None:
    enter(client)
    session = UserSession.objects.get()
    assert signed_in(stranger).post(f"/account/sessions/{session.pk}/end").status_code == 404
    assert client.get("/account").status_code == 200


def test_a_new_password_ends_the_other_sessions(ada: User, client: Client) -> None:
    other = Client()
    for each in (client, other):
        enter(each)
    new = "another long password"
    client.post("/account/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert UserSession.objects.count() == 1


def test_nobody_signs_up(db: None, client: Client) -> None:
    assert client.get("/signup").status_code == 404
    assert "sign up" not in client.get("/login").content.decode().lower()


def test_no_field_of_a_code_repeats_its_label_in_itself(ada: User, client: Client) -> None:
    enter(client)
    client.post("/account/confirm", {"password": PASSWORD})
    page = client.get("/account/second-factor/app").content.decode()
    assert 'name="code"' in page
    assert 'placeholder="Code"' not in page
