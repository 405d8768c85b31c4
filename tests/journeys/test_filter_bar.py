"""The filter in a real browser: suggestions by keyboard, and rows that stay selected while others work."""

from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.journeys.test_first_pages import add_task
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults


def test_a_filter_is_written_by_keyboard_and_kept_while_others_work(sample: MusterServer, page: Page) -> None:
    sign_in(page, sample)
    page.goto(f"{sample.url}/p/tally/list")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    field, options = page.get_by_role("combobox", name="Filter the tasks"), page.get_by_role("option")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    field.fill("sta")  # one text, one answer
    expect(options.first).to_contain_text("state:")
    expect(field).to_have_attribute("aria-expanded", "true")
    assert accessibility_faults(page) == []
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "filter-option-0")
    field.press("Enter")
    expect(field).to_have_value("state:")
    expect(options.first).to_contain_text("state:waiting")
    field.fill("state:fa")
    expect(options).to_have_count(1)
    field.press("ArrowUp")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("state:failed ")
    expect(options).not_to_have_count(1)  # what could follow
    field.press("Escape")
    expect(page.locator("#filter-options")).to_be_hidden()
    field.press("Enter")
    page.wait_for_url(f"{sample.url}/p/tally/list?q=state%3Afailed*")
    expect(page.get_by_role("link", name="Remove state:failed")).to_be_visible()
    expect(page.get_by_text("1–1 of 1")).to_be_visible()

    page.get_by_role("link", name="Clear all").click()
    page.get_by_label("Select #7").check()
    add_task(sample, "Made by somebody else")
    expect(page.locator("#task-list")).to_contain_text("Made by somebody else")
    expect(page.get_by_label("Select #7")).to_be_checked()

    # The keys of the board's cards work on rows too.
    boxes = page.locator('#task-list input[name="task"]')
    page.get_by_label("Select #7").blur()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    page.keyboard.press("Shift+J")
    expect(boxes.nth(2)).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{sample.url}/t/*/")
