"""Whatever people and agents write, no page of a real Chromium runs it, calls out for it or obeys another site."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.journeys.conftest import sign_in
from tests.journeys.hostile_texts import CHUNKS, SLUG, TEXTS, hostile
from tests.servers import MusterServer
from tests.servers.beacon import Beacon, listening_beacon

PLANT = "from tests.journeys.hostile_texts import plant; plant({!r})"
PROJECT = (
    "",
    "list",
    "plan",
    "graph",
    "graph?as=table",
    "timeline",
    "grid",
    "activity",
    "messages",
    "insights",
    "replay",
    "history",
    "settings",
)
TASK = ("", "files", "history", "attempts", "activity", "edit", "files/edit", "files/view?path=context/page.html", "diff", "blame")
# The tasks whose messages, result, error, question, answer and log hold every text at once.
TOLD = (*(f"/t/{number}/" for number in range(2, 8)), *(f"/t/{number}/attempts/1/" for number in (3, 4, 7)), "/t/7/attempts/1/brief")
HOME = ("/", "/a/", "/a/mallory/", f"/p/{SLUG}/settings")
FORGED = (
    "<form method=post action='{url}{path}' enctype='{kind}'><input name='{name}' value='{value}'></form>"
    "<script>document.forms[0].submit()</script>"
)
FORMS = [
    {"path": "/t/7/cancel", "kind": "application/x-www-form-urlencoded", "name": "reason", "value": "forged"},
    {"path": "/t/7/files/rename", "kind": "multipart/form-data", "name": "_method", "value": "POST"},
    {"path": "/p/tally/pause", "kind": "application/x-www-form-urlencoded", "name": "csrfmiddlewaretoken", "value": "x" * 64},
    {"path": "/api/v1/tasks/7/cancel", "kind": "text/plain", "name": '{"reason": "', "value": 'forged"}'},
    {"path": "/logout", "kind": "application/x-www-form-urlencoded", "name": "next", "value": "//evil.example"},
]
RAN = "document.documentElement.dataset.ran"


@pytest.fixture
def beacon() -> Iterator[Beacon]:
    with listening_beacon() as heard:
        yield heard


class Witness:
    """Hears what a page does that it should not: code that ran, dialogs, requests to the stranger, what the policy had to stop."""

    def __init__(self, page: Page, site: MusterServer, beacon: Beacon) -> None:
        self.page, self.site, self.beacon, self.heard = page, site, beacon, list[str]()
        page.on("dialog", lambda dialog: (self.heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", self._read)
        page.on("request", lambda asked: None if asked.url.startswith((site.url, "data:")) else self.heard.append(f"asked for {asked.url}"))

    def _read(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.heard.append(message.text)

    def look(self, path: str) -> None:
        self.page.goto(f"{self.site.url}{path}")
        assert self.page.evaluate(RAN) is None, f"{path} ran what somebody wrote"
        assert self.page.url == f"{self.site.url}{path}", f"{path} led to {self.page.url}"
        assert self.heard == [], path
        assert self.beacon.hits == [], path


def test_nothing_that_is_written_acts_or_calls_out(site: MusterServer, page: Page, beacon: Beacon) -> None:
    site.shell(PLANT.format(beacon.url))
    sign_in(page, site)
    witness = Witness(page, site, beacon)
    instructed = [f"/t/{number}/" for number in range(8, 8 + CHUNKS)]
    for path in (*HOME, *(f"/p/{SLUG}/{part}" for part in PROJECT), *(f"/t/1/{part}" for part in TASK), *TOLD, *instructed):
        witness.look(path)
    page.goto(f"{site.url}/t/1/files/edit")
    page.locator("#content").fill("\n\n".join(hostile(text, beacon.url) for text in TEXTS))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview p").first).to_be_visible()
    witness.look(f"/p/{SLUG}/list")
    expect(page.get_by_text("<script src=").first).to_be_visible()  # it is all there, as text


def test_the_same_texts_act_on_a_page_that_lets_them(page: Page, beacon: Beacon) -> None:
    """What the test above cannot see because nothing happens: the texts are live, and the beacon hears them."""
    beacon.pages["/unguarded"] = f"<!doctype html><p>{hostile(' '.join(TEXTS[:6]), beacon.url)}"
    page.goto(f"{beacon.url}/unguarded")
    page.wait_for_function(f"{RAN} === '1'")
    assert {"GET /script", "GET /img", "GET /ran"} <= set(beacon.hits)


def test_another_site_can_neither_act_nor_frame(sample: MusterServer, page: Page, beacon: Beacon) -> None:
    """The attacker is on the same host with another port, so that the browser sends the cookies of the person signed in."""
    sign_in(page, sample)
    answered: dict[str, int] = {}
    page.on("response", lambda answer: answered.update({answer.url.removeprefix(sample.url): answer.status}))
    for number, form in enumerate(FORMS):
        beacon.pages[f"/forge-{number}"] = FORGED.format(url=sample.url, **form)
        page.goto(f"{beacon.url}/forge-{number}", wait_until="commit")  # it goes on by itself
        page.wait_for_url(f"{sample.url}{form['path']}")
        assert answered[form["path"]] in (401, 403, 415), form
    beacon.pages["/images"] = "".join(f"<img src='{sample.url}{form['path']}'>" for form in FORMS)
    page.goto(f"{beacon.url}/images")
    beacon.pages["/frame"] = f"<iframe src='{sample.url}/t/7/' title=framed></iframe>"
    page.goto(f"{beacon.url}/frame", wait_until="networkidle")
    assert "Print JSON" not in page.frames[1].evaluate("document.documentElement.textContent")
    page.goto(f"{sample.url}/t/7/")
    expect(page.locator("main")).to_contain_text("Queued")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Print JSON for other programs")
