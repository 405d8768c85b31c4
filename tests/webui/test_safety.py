"""What no page may do, whatever people and agents write."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from coordination.lifecycle import State
from coordination.models import Phase, Project, Task, User
from coordination.operations.creation import NewTask, create_task
from coordination.operations.sample import make
from tests.webui.conftest import PASSWORD, signed_in
from webui import vendored
from webui.requests import page_above

TITLES = [
    "<script>beacon()</script>",
    '"><img src=x onerror=beacon()>',
    "' onmouseover='beacon()",
    "{{ 7|add:7 }}",
    "\u202egnitirw txet",
    "e" + "\u0301" * 60,
    "\U0001f9ed compass",
]


# A diff drawn another way: tests/webui/test_diff_pages.py follows these, and there are thousands.
SAME_PAGE = ("context=", "spaces=0", "diff/lines?", "only=")


class Links(HTMLParser):
    """Collects where a page leads, and what a strict policy would have to refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: set[str] = set()
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.forbidden.append(tag)
        self.forbidden += [name for name, _ in attrs if name == "style" or name.startswith(("on", "hx-on"))]
        for name in ("href", "hx-get", "data-menu", "src"):
            if (value := values.get(name)) and tag != "use":
                self.hrefs.add(value)


def crawl(client: Client, start: str, most: int = 400) -> dict[str, int]:
    """Follow every link from `start` and return the status of each address."""
    seen: dict[str, int] = {}
    waiting = [start]
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen or path.startswith(("/static/", "/admin/")) or any(part in path for part in SAME_PAGE):
            continue
        response = client.get(path)
        seen[path] = response.status_code
        if not response.headers["Content-Type"].startswith("text/html"):
            continue
        links = Links()
        links.feed(response.content.decode())
        assert not links.forbidden, f"{path} has inline {links.forbidden}"
        for href in links.hrefs:
            target = urlsplit(urljoin(path, href))
            if not target.netloc:
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return seen


@pytest.mark.once("postgres", "the browser opens the same pages over SQLite")
@pytest.mark.django_db(transaction=True)  # phases advance when the task that ends them has committed
def test_no_link_is_dead_and_no_page_has_inline_code(ada: User) -> None:
    make("tally", ada.actor)
    seen = crawl(signed_in(ada), "/")
    assert len(seen) > 60
    assert {path: status for path, status in seen.items() if status not in (200, 302)} == {}


@pytest.mark.parametrize("title", TITLES)
def test_titles_are_text_wherever_they_are_shown(ada: User, project: Project, phase: Phase, title: str) -> None:
    task = create_task(project, NewTask(title=title, phase=phase, objective=title, criteria=[title], labels=[title[:50]]), actor=ada.actor)
    client = signed_in(ada)
    for path in ("/p/tally/", "/p/tally/plan", "/p/tally/activity", f"/t/{task.pk}/", f"/t/{task.pk}/edit", f"/t/{task.pk}/menu"):
        page = client.get(path).content.decode()
        assert "<script>beacon" not in page
        assert "<img src=x" not in page
        links = Links()
        links.feed(page)
        assert not links.forbidden


def test_every_page_forbids_inline_code_and_framing(ada: User, client: Client) -> None:
    for response in (client.get("/login"), signed_in(ada).get("/"), signed_in(ada).get("/nowhere")):
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Frame-Options"] == "DENY"


def test_forms_need_their_token(ada: User, project: Project, task: Task) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(f"/t/{task.pk}/cancel").status_code == 403
    assert client.post(f"/t/{task.pk}/cancel", {"csrfmiddlewaretoken": "x" * 64}).status_code == 403


def test_what_changes_something_cannot_be_fetched(ada: User, task: Task) -> None:
    client = signed_in(ada)
    paths = [f"/t/{task.pk}/cancel", f"/t/{task.pk}/files/save", "/p/tally/pause", "/p/tally/quick-add", "/p", "/logout", "/account/save"]
    assert {path: client.get(path).headers["Location"] for path in paths} == {path: page_above(path) for path in paths}
    parts = {path: client.get(path, headers={"HX-Request": "true"}).status_code for path in paths}
    assert parts == dict.fromkeys(paths, 405)
    task.refresh_from_db()
    assert task.state != State.CANCELLED


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/"])
def test_signing_in_leads_nowhere_else(ada: User, client: Client, target: str) -> None:
    response = client.post("/login", {"login": "ada", "password": PASSWORD, "next": target})
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example/"])
def test_an_action_leads_nowhere_else(ada: User, task: Task, target: str) -> None:
    response = signed_in(ada).post(f"/t/{task.pk}/reprioritise", {"priority": 3, "next": target})
    assert response.headers["Location"] == f"/t/{task.pk}/"


def test_absurd_numbers_in_addresses_are_not_found(ada: User, project: Project) -> None:
    client = signed_in(ada)
    for path in (f"/t/{10**30}/", "/t/0/", f"/t/{2**63}/", f"/p/tally/?phase={10**30}", "/p/tally/activity?before=x"):
        assert client.get(path).status_code in (200, 404), path


def test_every_page_but_signing_in_asks_who_you_are(client: Client, project: Project, task: Task) -> None:
    values = {"slug": "tally", "task_id": task.pk, "phase_id": task.phase_id, "number": 1, "key": "done", "name": "jared", "verb": "cancel"}
    open_to_all = {"login", "logout", "account_login", "account_logout", "account_inactive", "mfa_authenticate", "favicon"}
    for pattern in get_resolver("webui.urls").url_patterns:
        if pattern.name in open_to_all:
            continue
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values.get(match.group(1), 1)), str(pattern.pattern))
        response = client.get(path)
        assert response.status_code == 302, path
        assert response.headers["Location"].startswith("/login?next=") or response.headers["Location"] == page_above(path), path
        assert client.post(path).status_code in (302, 405), path


def test_vendored_files_are_what_the_lock_says() -> None:
    assert vendored.LOCK.read_text(encoding="utf-8").splitlines() == vendored.lock_lines()
    assert vendored.SPRITE.read_text(encoding="utf-8") == vendored.sprite()
