"""A change is on every open board within a second, whichever web process serves it, and disturbs nobody at work on one."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import ADA, sign_in
from tests.journeys.machines import SET_UP, Engine
from tests.journeys.test_board import grab
from tests.prepared import SERVE, Kind, prepared, serving
from tests.servers import MusterServer, running_muster
from tests.servers.redis import RedisServer, throwaway_redis

SOON = 1.0  # seconds beyond what the machine needs by itself, which on a quiet one is a tenth of that
TRIES = 30  # a busy machine may be late once; a board that waits for something is late each time
PATIENCE = 60_000  # ms


@dataclass
class Deployment:
    """Two web processes over one database and one Redis."""

    engine: Engine
    other: MusterServer
    redis: RedisServer

    def adds(self, title: str) -> int:
        """Add a task by the API of the first process."""
        with self.engine.client() as client:
            return int(client.add_task("shop", title)["id"])

    def renames(self, task: int) -> str:
        """Give the task another title by the same door, and return it."""
        title = f"Task at {time.monotonic()}"
        with self.engine.client() as client:
            client.edit_task(task, {"title": title})
        return title


LIVE = Kind("live", SET_UP, ADA)


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with throwaway_redis() as redis, serving(LIVE, redis_url=redis.url) as first:
        url = first.environment.get("DATABASE_URL", "")
        with running_muster(database_url=url, redis_url=redis.url, home=first.home, command=SERVE) as other:
            yield Deployment(Engine(first, keys=prepared(LIVE).told), other, redis)


@pytest.fixture(scope="module")
def boards(deployment: Deployment, browser: Browser) -> Iterator[list[Page]]:
    """Boards in two browsers, two of each process."""
    one = browser.new_context()
    first = one.new_page()
    sign_in(first, deployment.engine.server)
    # A cookie is for every port of a host: who is signed in to one process is to the other.
    other = browser.new_context(storage_state=one.storage_state())
    pages = [first, one.new_page(), other.new_page(), other.new_page()]
    for page, server in zip(pages, [deployment.engine.server] * 2 + [deployment.other] * 2, strict=True):
        page.goto(f"{server.url}/p/shop/")
        expect(page.locator("[data-live-words]").first).to_have_text("Live")
    yield pages
    one.close()
    other.close()


def seconds_until_seen(boards: list[Page], deployment: Deployment, task: int) -> float:
    """Rename a task, wait until the last of the boards shows it, and return how long that took."""
    began = time.monotonic()
    title = deployment.renames(task)
    for board in boards:
        expect(board.locator(f"#card-{task}")).to_contain_text(title, timeout=PATIENCE)
    return time.monotonic() - began


def seconds_of_the_machine(boards: list[Page], deployment: Deployment, task: int) -> float:
    """Return how long the two ends of it take by themselves: the call of the API, and boards that were told in the page to look."""
    began = time.monotonic()
    deployment.renames(task)
    with ExitStack() as drawn:
        for board in boards:
            drawn.enter_context(board.expect_response(lambda answer: answer.request.headers.get("hx-target") == "board"))
            board.evaluate("htmx.trigger(document.body, 'muster:changed')")
    return time.monotonic() - began


def test_a_change_by_the_api_is_on_every_open_board_within_a_second(deployment: Deployment, boards: list[Page]) -> None:
    task = deployment.adds("Task")
    for words in ("with Redis", "without Redis"):
        late: list[float] = []
        while min(late, default=SOON) >= SOON and len(late) < TRIES:
            own = seconds_of_the_machine(boards, deployment, task)
            late.append(seconds_until_seen(boards, deployment, task) - own)
        assert min(late) < SOON, f"{words}: {late}"
        deployment.redis.kill()


def test_a_change_disturbs_neither_a_menu_nor_a_half_typed_task_nor_a_drag(deployment: Deployment, boards: list[Page]) -> None:
    typing, choosing, dragging, _ = boards
    mine = deployment.adds("Mine")
    for board in boards:
        expect(board.locator(f"#card-{mine}")).to_be_visible()
    field = typing.get_by_label("Title of a new task")
    field.press_sequentially("Half a ti")
    choosing.locator(f"#card-{mine} a[data-menu]").click()
    menu = choosing.get_by_role("dialog", name="Move or change the task")
    cancel = menu.get_by_role("button", name="Failed: cancel it")
    cancel.focus()
    grab(dragging, dragging.locator(f"#card-{mine}"))

    another = deployment.adds("Somebody else's")
    for board in (typing, choosing):
        expect(board.locator(f"#card-{another}")).to_be_attached()
    expect(field).to_have_value("Half a ti")
    expect(field).to_be_focused()
    expect(cancel).to_be_focused()
    expect(dragging.locator(".ghost")).to_be_visible()
    expect(dragging.locator(f"#card-{another}")).to_have_count(0)
    dragging.keyboard.press("Escape")
    expect(dragging.locator(f"#card-{another}")).to_be_visible()
    dragging.mouse.up()
    field.press_sequentially("tle")
    field.press("Enter")
    expect(dragging.get_by_text("Half a title")).to_be_visible()
    cancel.press("Enter")
    expect(dragging.locator(f"#column-failed #card-{mine}")).to_be_visible()
