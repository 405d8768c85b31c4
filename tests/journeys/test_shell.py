"""What every page shares, in a real browser: shortcuts, toasts with undo, the palette, signing in with a second factor."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import fresh_database
from tests.journeys.conftest import CREATE_ADA, PASSWORD, sign_in
from tests.servers import MusterServer, running_muster


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MusterServer]:
    """One server with the sample project for all tests here; each leaves it as it was."""
    with fresh_database(tmp_path_factory.mktemp("shell")) as url:
        command = (sys.executable, "-m", "tests.journeys.serve")
        with running_muster(database_url=url, command=command, ready_path="/login") as server:
            server.manage("shell", "--no-imports", "-c", CREATE_ADA.format(PASSWORD))
            server.manage("sampleplan")
            yield server


def test_keys_lead_about_and_are_ignored_where_people_type(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Go to the plan")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.get_by_label("Title of a new task").press_sequentially("g p?")
    expect(page.get_by_label("Title of a new task")).to_have_value("g p?")
    page.get_by_label("Title of a new task").blur()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/p/tally/plan")
    expect(page.get_by_role("link", name="Board", exact=True)).to_have_attribute("title", "Go to the board (g then b)")


def test_what_was_done_can_be_undone_for_a_while(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/a/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("row", name="Quill").get_by_role("button", name="Retire").click()
    toast = page.locator("#toasts .toast", has_text="Quill is retired.")
    expect(page.get_by_role("row", name="Quill")).to_have_count(0)
    expect(toast).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_role("row", name="Quill")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Quill may work again.")
    expect(toast).to_have_count(0)
