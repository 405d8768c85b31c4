"""Every page that scripts/pictured.py lists is open to everybody: axe finds nothing on it, wide and narrow, light and dark."""

import json
from collections.abc import Iterator
from typing import Literal

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from scripts import screenshots
from scripts.pictured import BEFORE, PAGES, Shot
from tests.prepared import EMPTY, Kind, prepared, serving
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults, colour_faults

SESSIONS = """
import json
from django.conf import settings
from django.test import Client
from coordination.models import User
told = {}
for user in User.objects.all():
    (client := Client()).force_login(user)
    told[user.username] = client.cookies[settings.SESSION_COOKIE_NAME].value
print(json.dumps([settings.SESSION_COOKIE_NAME, told]))
"""
UNTIL_LATER = """
from datetime import timedelta
from coordination.models import Lease
from coordination.models.clock import now
Lease.objects.update(expires_at=now() + timedelta(days=2))
"""
UNUSED = Kind("unused", screenshots.ADMIN + SESSIONS, EMPTY)
USED = Kind("used", screenshots.ADMIN + screenshots.SAMPLE + UNTIL_LATER + SESSIONS, EMPTY)
WIDE, NARROW = 1280, 390


def _all_open(page: Page) -> None:
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")


# What has no picture: parts that are fetched into a page, and states that differ in little from what is pictured.
ALSO = [
    Shot("menu", "/t/7/menu"),
    Shot("move", "/t/7/move"),
    Shot("title", "/t/7/title"),
    Shot("column", "/p/tally/columns/done"),
    Shot("fact", "/t/9/facts/criteria"),
    Shot("waits", "/t/11/waits"),
    Shot("need-found", "/t/9/needs/find?on=the"),
    Shot("lanes-by-agent", "/p/tally/?lanes=agent&q=tier:heavy"),
    Shot("attempt-running", "/t/5/attempts/1/"),
    Shot("attempts-none", "/t/13/attempts"),
    Shot("graph-edge", "/p/tally/graph?edge=3-8"),
    Shot("graph-filtered", "/p/tally/graph?q=state:done"),
    Shot("timeline-table", "/p/tally/timeline?as=table"),
    Shot("replay-then", "/p/tally/replay?at=60"),
    Shot("insights-open", "/p/tally/insights?days=7", _all_open),
    Shot("activity-open", "/p/tally/activity", _all_open),
    Shot("messages-open", "/p/tally/messages", _all_open),
    Shot("agent-open", "/a/jared/", _all_open),
]


class House:
    """A server, and for each person who looks at it a page, whose files are fetched once."""

    def __init__(self, kind: Kind, server: MusterServer, browser: Browser) -> None:
        self.server, self.browser = server, browser
        self.cookie, self.sessions = json.loads(prepared(kind).told)
        self.contexts: dict[str, BrowserContext] = {}

    def page(self, who: str) -> Page:
        if who not in self.contexts:
            # Nothing moves: a colour on its way to another is neither.
            self.contexts[who] = self.browser.new_context(base_url=self.server.url, reduced_motion="reduce")
            if who:
                self.contexts[who].add_cookies([{"name": self.cookie, "value": self.sessions[who], "url": self.server.url}])
        pages = self.contexts[who].pages
        return pages[0] if pages else self.contexts[who].new_page()


@pytest.fixture(scope="session")
def used(browser: Browser) -> Iterator[House]:
    """The sample project, in the middle of its work."""
    with serving(USED, ready_path="/login") as server:
        yield House(USED, server, browser)


@pytest.fixture(scope="session")
def unused(browser: Browser) -> Iterator[House]:
    """A Muster in which nobody has made anything yet."""
    with serving(UNUSED, ready_path="/login") as server:
        yield House(UNUSED, server, browser)


def each(shots: list[Shot]) -> list[ParameterSet]:
    """Every page light and wide, then dark and narrow, or the other way round; `make chaos` looks at it the way that is left."""
    ways = [(shot, width, (width == WIDE) == (number % 2 == 0)) for number, shot in enumerate(shots) for width in (WIDE, NARROW)]
    return [
        pytest.param(shot, width, id=f"{shot.name}-{width}", marks=() if is_first else (pytest.mark.chaos,))
        for shot, width, is_first in ways
    ]


def faults(house: House, shot: Shot, width: int) -> dict[str, list[str]]:
    """Look at the page, light at this width and dark at the other, and return what shuts somebody out or was complained of."""
    page = house.page(shot.who)
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:  # refusals are pictured too
            said.append(message.text)

    def fall(error: Error) -> None:
        said.append(error.message)

    page.on("console", hear)
    page.on("pageerror", fall)
    _see(page, "light", width)
    answer = page.goto(shot.path)
    assert answer is not None
    assert answer.status == shot.status
    shot.first(page)
    found = {"light": accessibility_faults(page) + _too_wide(page)}
    _see(page, "dark", WIDE + NARROW - width)
    found |= {"dark": colour_faults(page) + _too_wide(page), "said": said}
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", fall)
    return {name: lines for name, lines in found.items() if lines}


def _see(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    page.set_viewport_size({"width": width, "height": screenshots.SIZES[width]})
    page.emulate_media(color_scheme=scheme)


def _too_wide(page: Page) -> list[str]:
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"It is {width} wide in a window of {room}."] if width > room else []


@pytest.mark.parametrize(("shot", "width"), each(PAGES + ALSO))
def test_nothing_on_a_page_shuts_anybody_out(used: House, shot: Shot, width: int) -> None:
    assert faults(used, shot, width) == {}


@pytest.mark.parametrize(("shot", "width"), each(BEFORE))
def test_nothing_on_a_page_of_a_new_muster_shuts_anybody_out(unused: House, shot: Shot, width: int) -> None:
    assert faults(unused, shot, width) == {}
