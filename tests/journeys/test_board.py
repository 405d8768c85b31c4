"""The board by mouse and by keyboard, in a real browser: drag, move, select, rename, fold, add."""

import re

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.journeys.conftest import keep_toasts, sign_in
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults

MANY = """
from coordination.models import Project, User
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project
actor = User.objects.get().actor
project = create_project(slug="long", name="Long", actor=actor)
phase = create_phase(project, name="Build", actor=actor)
create_tasks(project, [NewTask(title=f"Number {number}", phase=phase) for number in range(120)], actor=actor)
"""
RENAME = "from coordination.models import Task, User; from coordination.operations.tasks import edit_task; "
RENAME += "edit_task(Task.objects.get(pk={}), {{'title': '{}'}}, actor=User.objects.get().actor)"


@pytest.fixture
def board(shared: MusterServer, page: Page) -> Page:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    return page


def card(page: Page, number: int) -> Locator:
    return page.locator(f"#card-{number}")


def column(page: Page, key: str) -> Locator:
    return page.locator(f"#column-{key}")


def grab(page: Page, what: Locator) -> None:
    """Press the mouse on a card and move it, so that it is in the hand."""
    what.scroll_into_view_if_needed()
    box = what.locator(".card-top").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 12, box["y"] + 15, steps=3)
    expect(page.locator(".ghost")).to_be_visible()
    expect(page.locator(".drop-words").first).to_be_attached()


def carry(page: Page, to: Locator, *, down: float = 0.5) -> None:
    box = to.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * down, steps=6)


def test_a_column_says_before_the_drop_what_it_would_do_or_why_not(board: Page) -> None:
    grab(board, card(board, 12))
    expect(column(board, "done")).to_contain_text("There is no result to accept")
    expect(column(board, "done")).to_have_class(re.compile("refuses-it"))
    carry(board, column(board, "failed"))
    expect(column(board, "failed").locator(".drop-words")).to_have_text("Cancel it. It will not run, nor will what waits for it.")
    expect(column(board, "failed").locator("#card-12")).to_be_attached()
    carry(board, column(board, "done"))
    board.mouse.up()
    expect(board.locator("#toasts")).to_contain_text("There is no result to accept")
    expect(column(board, "queued").locator("#card-12")).to_be_visible()
    expect(board).to_have_url(re.compile("/p/tally/$"))


def test_a_card_is_dropped_counted_at_once_and_confirmed(board: Page) -> None:
    grab(board, card(board, 13))
    carry(board, column(board, "queued"))
    expect(column(board, "queued").locator("#card-13")).to_be_attached()
    board.mouse.up()
    expect(board.locator("#toasts")).to_contain_text("#13 runs again.")
    expect(column(board, "queued").locator("#card-13 .state")).to_have_text("Queued")
    expect(column(board, "failed").locator(".figure")).to_have_text("0")


def test_escape_puts_a_dragged_card_back(board: Page) -> None:
    grab(board, card(board, 10))
    carry(board, column(board, "done"))
    expect(column(board, "done").locator("#card-10")).to_be_attached()
    board.keyboard.press("Escape")
    expect(column(board, "needs").locator("#card-10")).to_be_visible()
    expect(board.locator(".ghost")).to_have_count(0)
    board.mouse.up()


def test_a_move_that_needs_words_asks_for_them_and_goes_back_without(board: Page) -> None:
    grab(board, card(board, 8))
    carry(board, column(board, "queued"))
    board.mouse.up()
    words = board.get_by_label("Your answer")
    expect(words).to_be_focused()
    board.keyboard.press("Escape")
    expect(column(board, "needs").locator("#card-8")).to_be_visible()
    grab(board, card(board, 8))
    carry(board, column(board, "queued"))
    board.mouse.up()
    words.fill("The standard library only.")
    board.get_by_role("button", name="Answer its question").click()
    expect(column(board, "queued").locator("#card-8 .state")).to_have_text("Queued")


def test_the_queue_is_put_in_order_by_dragging(board: Page) -> None:
    queue = column(board, "queued").locator("[data-task]")
    first, second = queue.nth(0).get_attribute("id"), queue.nth(1).get_attribute("id")
    grab(board, queue.nth(1))
    carry(board, board.locator(f"#{first}"), down=0.1)
    board.mouse.up()
    expect(board.locator("#toasts")).to_contain_text("has priority")
    expect(queue.first).to_have_id(second or "")


def test_cards_are_walked_moved_and_selected_by_keys_alone(board: Page) -> None:
    board.locator("#board").focus()
    board.keyboard.press("j")
    expect(card(board, 11).locator(".card-title a")).to_be_focused()
    board.keyboard.press("j")
    expect(card(board, 14).locator(".card-title a")).to_be_focused()
    board.keyboard.press("ArrowUp")
    board.keyboard.press("x")
    board.keyboard.press("Shift+J")
    expect(board.locator("[data-picked]")).to_have_text("2 tasks selected")
    board.keyboard.press("Escape")
    expect(board.locator("#bulk")).to_be_hidden()
    card(board, 10).locator(".card-title a").focus()
    board.keyboard.press("m")
    expect(board.get_by_role("button", name="Done: approve the result")).to_be_visible()
    assert not accessibility_faults(board)
    board.get_by_role("button", name="Done: approve the result").press("Enter")
    expect(column(board, "done").locator("#card-10")).to_be_visible()
    expect(board.get_by_role("dialog")).to_be_hidden()
    card(board, 18).locator(".card-title a").focus()
    board.keyboard.press("m")
    board.get_by_role("button", name="Failed: cancel it").press("Enter")
    expect(column(board, "failed").locator("#card-18")).to_be_visible()
    # The next key works where the last one did: the card beside it has the focus.
    expect(column(board, "waiting").locator(".card-title a:focus")).to_have_count(1)


def test_many_are_changed_at_once_and_the_refused_are_named(board: Page) -> None:
    for number in (14, 27):
        card(board, number).hover()
        card(board, number).get_by_label(f"Select #{number}").check()
    questions: list[str] = []

    def agree(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.accept()

    board.on("dialog", agree)
    board.locator("#bulk").get_by_role("button", name="Cancel tasks").click()
    results = board.get_by_role("dialog", name="What became of the selected tasks")
    expect(results).to_contain_text("1 could not be changed")
    expect(results).to_contain_text("#27")
    expect(results).to_contain_text("It is done already.")
    assert questions == ["Cancel 2 tasks? What waits for them will not run."]
    assert not accessibility_faults(board)
    results.get_by_role("button", name="Close").click()
    expect(column(board, "failed").locator("#card-14")).to_be_visible()
    expect(board.locator("#bulk")).to_be_hidden()


def test_enter_in_the_bar_does_what_stands_beside_the_field_and_nothing_on_a_box(board: Page, shared: MusterServer) -> None:
    card(board, 26).hover()
    board.get_by_label("Select #26").check()
    board.get_by_label("Priority", exact=True).select_option("10")
    board.get_by_label("Select #26").press("Enter")
    board.get_by_label("Labels, separated by commas").fill("urgent")
    board.keyboard.press("Enter")
    expect(board.locator(".toast")).to_contain_text(["1 task: labelled."])
    expect(card(board, 26).locator(".of-label")).to_have_text("urgent")
    expect(card(board, 26).locator(".band")).to_have_text("Normal")


def test_nothing_is_dragged_while_several_are_selected(board: Page) -> None:
    for number in (16, 17):
        card(board, number).hover()
        card(board, number).get_by_label(f"Select #{number}").check()
    box = card(board, 16).locator(".card-top").bounding_box()
    assert box
    board.mouse.move(box["x"] + 60, box["y"] + 3)
    board.mouse.down()
    board.mouse.move(box["x"] + 200, box["y"] + 90, steps=3)
    expect(board.locator(".ghost")).to_have_count(0)
    board.mouse.up()


def test_a_card_is_dragged_to_another_lane(board: Page, shared: MusterServer) -> None:
    board.goto(f"{shared.url}/p/tally/?lanes=phase")
    keep_toasts(board)
    grab(board, card(board, 11))
    verify = board.locator('[data-cell="phase-3.waiting"]')
    verify.scroll_into_view_if_needed()
    carry(board, verify)
    expect(verify.locator("#card-11")).to_be_attached()
    board.mouse.up()
    expect(board.locator("#toasts")).to_contain_text("#11 is in Verify now.")
    board.get_by_role("button", name="Undo").click()
    expect(board.locator('[data-cell="phase-2.waiting"] #card-11')).to_be_visible()


def test_a_finger_that_rests_on_a_card_lifts_it(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    box = card(page, 11).locator(".card-top").bounding_box()
    assert box
    finger = context.new_cdp_session(page)
    at = {"x": box["x"] + 40, "y": box["y"] + 5}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    expect(page.locator(".ghost")).to_be_visible()
    expect(column(page, "queued")).to_have_class(re.compile("refuses-it"))
    finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": at["x"] + 30, "y": at["y"] + 60}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": 385, "y": at["y"] + 60}]})
    expect(column(page, "failed")).to_be_in_viewport(ratio=0.9)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".ghost")).to_have_count(0)
    expect(page).to_have_url(re.compile("/p/tally/$"))
    context.close()


def test_a_title_is_changed_where_it_stands_and_a_conflict_shows_both(board: Page, shared: MusterServer) -> None:
    card(board, 15).locator(".card-title a").focus()
    board.keyboard.press("e")
    field = board.get_by_label("Title of #15")
    expect(field).to_be_focused()
    field.fill("Never mind")
    field.press("Escape")
    expect(card(board, 15)).to_contain_text("Compare its figures with the old script")
    expect(card(board, 15).locator(".card-title a")).to_be_focused()
    board.keyboard.press("e")
    field.fill("Compare the figures")
    shared.shell(RENAME.format(15, "Somebody was faster"))
    field.press("Enter")
    expect(card(board, 15).get_by_role("alert")).to_contain_text("Somebody was faster")
    expect(field).to_have_value("Compare the figures")
    field.press("Enter")
    expect(card(board, 15).locator(".card-title a")).to_contain_text("Compare the figures")


def test_a_title_that_is_sent_twice_is_saved_once_and_no_conflict(board: Page) -> None:
    sent: list[str] = []
    board.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    card(board, 25).hover()
    board.get_by_role("link", name="Rename #25").click()
    board.get_by_label("Title of #25").fill("Count every byte")
    board.evaluate("() => [1, 2].forEach(() => document.querySelector('[data-title-form]').requestSubmit())")
    expect(card(board, 25).locator(".card-title a")).to_have_text("#25 Count every byte")
    assert len(sent) == 1


def test_a_title_that_cannot_be_saved_stays_typed_and_says_why(board: Page) -> None:
    card(board, 24).hover()
    board.get_by_role("link", name="Rename #24").click()
    field = board.get_by_label("Title of #24")
    field.fill("A better title")
    board.route("**/t/24/**", lambda route: route.fulfill(status=500, content_type="text/html", body="<!doctype html><h1>Oops</h1>"))
    field.press("Enter")
    expect(board.locator("#toasts")).to_contain_text("Something broke on the server.")
    expect(board.locator("#toasts")).not_to_contain_text("doctype")
    board.unroute("**/t/24/**")
    board.context.clear_cookies()
    field.press("Enter")
    expect(board.locator("#toasts")).to_contain_text("You are signed out")
    expect(field).to_have_value("A better title")


def test_the_tools_and_the_menu_of_a_head_are_in_sight(board: Page) -> None:
    for key in ("waiting", "progress"):
        column(board, key).hover()
        column(board, key).locator("summary").click()
        expect(column(board, key).locator(".menu-list")).to_be_in_viewport(ratio=1)
        place, tools = column(board, key).bounding_box(), column(board, key).locator(".head-tools").bounding_box()
        assert place
        assert tools
        assert tools["x"] + tools["width"] <= place["x"] + place["width"]
        board.keyboard.press("Escape")


def test_columns_and_lanes_stay_folded_for_this_person(board: Page, shared: MusterServer) -> None:
    column(board, "done").hover()
    board.get_by_role("button", name="Collapse Done").click()
    expect(column(board, "done")).to_have_class(re.compile("is-folded"))
    expect(column(board, "done").locator("[data-task]")).to_have_count(0)
    board.goto(f"{shared.url}/p/tally/?lanes=phase")
    expect(board.locator("[data-live-words]").first).to_have_text("Live")
    assert not accessibility_faults(board)
    expect(column(board, "done")).to_have_class(re.compile("is-folded"))
    board.get_by_role("button", name="Collapse the lane Release").click()
    expect(board.get_by_role("button", name="Open the lane Release")).to_be_focused()
    board.reload()
    expect(board.locator("section.lane.is-folded h2")).to_have_text(["Design", "Release"])
    board.get_by_role("button", name="Open Done").click()
    board.get_by_role("button", name="Open the lane Design").click()
    expect(board.locator("#lane-phase-1 [data-column=done] [data-task]").first).to_be_visible()


def test_a_column_scrolled_far_keeps_its_place_and_its_selection_when_something_changes(board: Page, shared: MusterServer) -> None:
    shared.shell(MANY)
    board.goto(f"{shared.url}/p/long/")
    cards = column(board, "queued").locator("[data-task]")
    for shown in (45, 75, 105, 120):
        cards.last.scroll_into_view_if_needed()
        expect(cards.nth(shown - 1)).to_be_attached()
    column(board, "queued").hover()
    board.get_by_label("Select the cards of Queued").check()
    expect(board.locator("[data-picked]")).to_have_text("120 tasks selected")
    seen = cards.nth(100)
    seen.scroll_into_view_if_needed()
    number = int(str(seen.get_attribute("data-task")))
    shared.shell(RENAME.format(number, "Renamed far down"))
    expect(seen).to_contain_text("Renamed far down")
    expect(cards).to_have_count(120)
    expect(column(board, "queued").locator(".card-pick:checked")).to_have_count(120)
    expect(seen).to_be_in_viewport()
    board.keyboard.press("Escape")
    expect(board.locator("#bulk")).to_be_hidden()


def test_enter_adds_a_task_and_stays_for_the_next(board: Page) -> None:
    field = board.get_by_label("Title of a new task")
    board.keyboard.press("Control+k")
    board.get_by_role("option", name="Add a task c").click()
    expect(field).to_be_focused()
    board.keyboard.press("Escape")
    board.keyboard.press("c")
    expect(field).to_be_focused()
    for title in ("First of two", "Second of two"):
        board.keyboard.type(title)
        board.keyboard.press("Enter")
        expect(column(board, "queued")).to_contain_text(title)
        expect(field).to_have_value("")
        expect(field).to_be_focused()


def test_rows_stay_selected_from_page_to_page_of_the_list(board: Page, shared: MusterServer) -> None:
    shared.shell(MANY.replace('slug="long"', 'slug="paged"').replace("range(120)", "range(60)"))
    board.goto(f"{shared.url}/p/paged/list")
    keep_toasts(board)
    boxes, picked = board.locator('#task-list input[name="task"]'), board.locator("[data-picked]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(picked).to_have_text("2 tasks selected")
    board.get_by_role("link", name="Next page").click()
    expect(picked).to_have_text("2 tasks selected, 2 not shown here")
    boxes.nth(0).check()
    board.get_by_role("link", name="First page").click()
    expect(picked).to_have_text("3 tasks selected, 1 not shown here")
    expect(boxes.nth(1)).to_be_checked()
    everything = board.get_by_role("button", name="Select all 60 that match")
    expect(everything).to_be_hidden()
    board.get_by_label("Select every row of this page").check()
    everything.click()
    expect(picked).to_have_text("60 tasks selected, 10 not shown here")
    assert not accessibility_faults(board)
    board.locator("#bulk-tier").select_option("heavy")
    board.locator("#bulk button[value=tier]").click()
    expect(board.locator("#toasts")).to_contain_text("60 tasks: tier set.")
    expect(board.locator("#bulk")).to_be_hidden()
    board.get_by_role("link", name="Next page").click()
    expect(board.get_by_text("51–60 of 60")).to_be_visible()
    expect(board.locator(".is-tier", has_text="Heavy")).to_have_count(10)
    expect(board.locator("#bulk")).to_be_hidden()
