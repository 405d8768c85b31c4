"""Who may clone, who may push, and what everybody else is told."""

import base64
from pathlib import Path

import pytest

from tests.git_http.cast import Shop, run_git

OFFER = "/git/tasks/{}.git/info/refs?service=git-upload-pack"
PUSH = "/git/tasks/{}.git/info/refs?service=git-receive-pack"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_without_a_key_it_asks_for_one(shop: Shop, task: int) -> None:
    status, headers, body = shop.http("GET", OFFER.format(task))
    assert (status, headers["www-authenticate"]) == (401, 'Basic realm="Muster", charset="UTF-8"')
    assert b"API key as the password" in body


@pytest.mark.parametrize("form", ["basic", "basic without a user", "key as the user", "bearer"])
@pytest.mark.parametrize(
    ("who", "path", "expected"), [("vera", OFFER, 200), ("vera", PUSH, 403), ("pat", PUSH, 200), ("stranger", OFFER, 404)]
)
def test_every_way_to_send_a_key_opens_the_same(shop: Shop, task: int, form: str, who: str, path: str, expected: int) -> None:
    key = shop.keys[who]
    headers = {
        "basic": basic(f"pat:{key}"),
        "basic without a user": basic(f":{key}"),
        "key as the user": basic(f"{key}:"),
        "bearer": {"Authorization": f"Bearer {key}"},
    }[form]
    assert shop.http("GET", path.format(task), headers)[0] == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer mst_0_0"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Digest x"},
        basic("pat:"),
        basic("pat"),
        basic("pat:mst_0_0"),
    ],
)
def test_a_wrong_key_is_refused(shop: Shop, task: int, headers: dict[str, str]) -> None:
    assert shop.http("GET", OFFER.format(task), headers)[0] == 401


def test_two_keys_at_once_are_refused(shop: Shop, task: int) -> None:
    both = {"Authorization": f"Bearer {shop.keys['pat']}, Basic {base64.b64encode(b'x:y').decode()}"}
    assert shop.http("GET", OFFER.format(task), both)[0] == 401


def test_a_key_in_the_address_is_refused(shop: Shop, task: int) -> None:
    path = f"{OFFER.format(task)}&key={shop.keys['pat']}"
    assert shop.http("GET", path, shop.basic("pat"))[0] == 403


def test_what_is_foreign_and_what_is_missing_look_the_same(shop: Shop) -> None:
    foreign = shop.task(project="lab", key="stranger")
    told = [shop.http("GET", OFFER.format(number), shop.basic("pat")) for number in (foreign, 999_999)]
    assert [(status, body) for status, _, body in told] == [
        (404, f"There is no task #{number}.\n".encode()) for number in (foreign, 999_999)
    ]


def test_a_task_is_not_found_under_another_project(shop: Shop, task: int, tmp_path: Path) -> None:
    assert "not found" in run_git(tmp_path, "ls-remote", shop.url(task, "pat", project="lab")).stderr


@pytest.mark.parametrize(
    "path",
    [
        "/git/tasks/{}.git/../{}.git/info/refs?service=git-upload-pack",
        "/git/tasks/1%2f..%2f{}.git/info/refs?service=git-upload-pack",
        "/git/tasks/0{}.git/info/refs?service=git-upload-pack",
        "/git/tasks/-{}.git/info/refs?service=git-upload-pack",
        "/git/tasks/{}%00.git/info/refs?service=git-upload-pack",
        "/git/tasks/{}/info/refs?service=git-upload-pack",
        "/git/tasks/99999999999999999999.git/info/refs?service=git-upload-pack",
        "/git/tasks/999999999999999999.git/info/refs?service=git-upload-pack",
        "/git/quarantine/info/refs?service=git-upload-pack",
        "/git/",
    ],
)
def test_odd_addresses_are_not_found(shop: Shop, task: int, path: str) -> None:
    assert shop.http("GET", path.format(task, task), shop.basic("pat"))[0] in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "info/refs",
        "info/refs?service=git-archive",
        "info/refs?service=git-upload-pack&service=x",
        "HEAD",
        "config",
        "muster-id",
        "objects/info/packs",
        "objects/pack/",
        "git-upload-archive",
    ],
)
def test_the_dumb_protocol_is_refused(shop: Shop, task: int, path: str) -> None:
    assert shop.http("GET", f"/git/tasks/{task}.git/{path}", shop.basic("pat"))[0] == 403


def test_only_gits_own_methods_and_types_are_taken(shop: Shop, task: int) -> None:
    assert shop.http("POST", OFFER.format(task), shop.basic("pat"), b"")[0] == 405
    assert shop.http("GET", f"/git/tasks/{task}.git/git-upload-pack", shop.basic("pat"))[0] == 405
    assert shop.http("POST", f"/git/tasks/{task}.git/git-upload-pack", shop.basic("pat"), b"0000")[0] == 415


def test_a_reader_sees_why_it_may_not_push(shop: Shop, task: int, tmp_path: Path) -> None:
    clone = shop.clone(task, "reader", tmp_path / "c")
    clone.commit(context__b="b")
    pushed = clone.push()
    assert not pushed.succeeded
    assert "This needs an agent or coordinator key in this project." in pushed.remote


def test_no_page_session_is_ever_begun(shop: Shop, task: int) -> None:
    _, headers, _ = shop.http("GET", OFFER.format(task), shop.basic("pat"))
    assert "set-cookie" not in {name.lower() for name in headers}
