"""What becomes of a deed whose answer is slow or never comes: none is lost, and none is shown that did not happen."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import keep_toasts, sign_in
from tests.servers import MusterServer

NAMES = "[data-phase] h2"


@pytest.fixture
def plan(shared: MusterServer, page: Page) -> Page:
    page.set_viewport_size({"width": 1280, "height": 2600})
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/plan")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    return page


def test_phases_that_are_moved_before_the_answer_move_all(plan: Page) -> None:
    keep_toasts(plan)
    held: list[Route] = []
    plan.route(re.compile("/phases/.*/move$"), lambda route: held.append(route), times=1)
    expect(plan.locator(NAMES)).to_have_text(["Design", "Build", "Verify", "Release"])
    with plan.expect_request(re.compile("/phases/.*/move$")):
        for name in ("Release", "Build", "Release"):
            plan.get_by_label(re.compile(f"^Move {name} with")).press("ArrowUp")
    moved = ["Build", "Release", "Design", "Verify"]
    expect(plan.locator(NAMES)).to_have_text(moved)
    expect(plan.get_by_role("button", name="Move Build up")).to_be_disabled()
    held[0].continue_()
    expect(plan.locator(".toast")).to_have_count(3)
    plan.reload()
    expect(plan.locator(NAMES)).to_have_text(moved)


def test_a_move_that_no_server_heard_of_is_taken_back_and_told(plan: Page) -> None:
    before = plan.locator(NAMES).all_inner_texts()
    plan.route(re.compile("/phases/.*/move$"), lambda route: route.abort("connectionrefused"))
    handle = plan.get_by_label(re.compile("^Move Verify with"))
    handle.press("ArrowUp")
    expect(plan.locator(".toast")).to_contain_text("The server cannot be reached.")
    expect(plan.locator(NAMES)).to_have_text(before)
    expect(handle).to_be_focused()


def test_a_button_says_aside_that_the_server_is_away(plan: Page) -> None:
    plan.route("**/phases/*/approve", lambda route: route.abort("connectionrefused"))
    plan.get_by_role("button", name="Open the gate").click()
    expect(plan.locator(".toast")).to_contain_text("The server cannot be reached.")
    expect(plan.locator(".refusal")).to_have_count(0)


def test_days_are_typed_into_a_filter_by_keyboard(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/activity")
    page.get_by_label("From").focus()
    page.keyboard.type("11202025")
    page.keyboard.press("Enter")
    page.wait_for_url("**from=2025-11-20**")
    expect(page.get_by_label("From")).to_be_focused()
    page.get_by_label("What").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.wait_for_url("**kind=attempt**")
    expect(page.get_by_label("Who")).to_be_focused()


def test_a_replay_that_loses_its_server_stops_and_says_so(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/replay")
    slider = page.get_by_label("Moment of the replay")
    page.locator("#replay-first").click()
    page.wait_for_url("**?at=*")
    page.route("**/replay?at=*", lambda route: route.abort("connectionrefused"))
    play = page.get_by_role("button", name=re.compile("^(Play|Stop)"))
    before = slider.input_value()
    play.click()
    expect(page.locator(".toast")).to_contain_text("The server cannot be reached.")
    expect(play).to_have_text("Play")
    expect(slider).to_have_value(before)
