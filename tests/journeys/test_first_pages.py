"""People's first day in a real browser, against the real server process."""

import re

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.journeys.conftest import sign_in
from tests.servers import MusterServer

SAY = "from coordination.models import Task, User; from coordination.operations import messages; t = Task.objects.get(pk={}); "
SAY += "messages.say(t.project, '{}', actor=User.objects.get().actor, task=t)"
ADD = "from coordination.models import Project, User; from coordination.operations.creation import NewTask, create_task; "
ADD += "create_task(Project.objects.get(), NewTask(title='{}'), actor=User.objects.get().actor)"


def add_task(site: MusterServer, title: str) -> None:
    site.shell(ADD.format(title))


def test_a_person_plans_a_project_from_nothing(site: MusterServer, page: Page) -> None:
    sign_in(page, site)
    page.goto(site.url)
    page.locator("summary", has_text="New project").click()
    page.get_by_label("Name").fill("Compass")
    page.get_by_label("Slug").fill("compass")
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url(f"{site.url}/p/compass/plan")
    if not page.get_by_label("Name").is_visible():
        page.locator("#new-phase > summary").click()
    page.get_by_label("Name").fill("Survey")
    page.get_by_role("button", name="Add the phase").click()
    expect(page.get_by_role("heading", name="Survey")).to_be_visible()
    page.get_by_role("link", name="Board").click()
    page.get_by_label("Title of a new task").fill("Find north")
    page.get_by_role("button", name="Add the task").click()
    expect(page.locator("#column-queued")).to_contain_text("Find north")
    expect(page.get_by_text("No agent could run this")).to_be_visible()


def test_the_board_follows_what_others_do_and_keeps_what_is_typed(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    page.get_by_label("Title of a new task").fill("Half a tit")
    add_task(shared, "Made by somebody else")
    expect(page.locator("#board")).to_contain_text("Made by somebody else")
    expect(page.get_by_label("Title of a new task")).to_have_value("Half a tit")
    expect(page.get_by_label("Title of a new task")).to_be_focused()
    project = page.get_by_role("navigation", name="Project")
    project.get_by_role("link", name="Plan").click()
    page.wait_for_url(f"{shared.url}/p/tally/plan")
    project.get_by_role("link", name="Board").click()
    expect(page.get_by_label("Title of a new task")).to_have_value("Half a tit")
    page.get_by_label("Title of a new task").press("Enter")
    expect(page.locator("#board")).to_contain_text("Half a tit")
    page.reload()
    expect(page.get_by_label("Title of a new task")).to_have_value("")


def test_a_half_typed_answer_survives_a_change_of_the_same_task(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/t/8/")
    expect(page.locator("form#answer-form")).to_be_visible()
    answer = page.get_by_label("Your answer")
    answer.fill("The standard li")
    shared.shell(SAY.format(8, "A word from elsewhere"))
    expect(page.get_by_text("A word from elsewhere")).to_be_visible()
    expect(answer).to_have_value("The standard li")
    answer.fill("The standard library only.")
    answer.press("Control+Enter")
    expect(page.locator(".task-head")).to_contain_text("Queued")
    expect(page.get_by_text("The standard library only.")).to_be_visible()


def test_a_lost_stream_is_named_and_found_again(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    words = page.locator("[data-live-words]").first
    expect(words).to_have_text("Live")
    shared.kill()
    expect(words).to_have_text("Reconnecting…")
    shared.start()
    expect(words).to_have_text("Live")
    add_task(shared, "Added after the return")
    expect(page.locator("#board")).to_contain_text("Added after the return")


def test_a_refusal_is_said_inside_its_form(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/t/14/")
    page.get_by_label("Wait for task").fill("#15")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#need-form .refusal")).to_contain_text("That would make a circle: #14 → #15 → #14.")


def test_what_is_sent_while_the_page_refreshes_is_not_lost(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held or "hx-request" not in route.request.headers:
            route.continue_()
        else:
            held.append(route)

    page.route("**/t/12/", hold_first)
    page.goto(f"{shared.url}/t/12/")
    with page.expect_request(lambda asked: asked.url.endswith("/t/12/") and "hx-request" in asked.headers):
        page.evaluate("htmx.trigger(document.body, 'muster:changed')")
    page.get_by_label("Wait for task").fill("#9")
    page.get_by_role("button", name="Add", exact=True).click()
    page.evaluate("htmx.trigger(document.body, 'muster:changed')")
    held[0].continue_()
    expect(page.get_by_role("region", name="Dependencies").locator(".edges")).to_contain_text("#9")


def test_a_second_click_before_the_answer_sends_nothing(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/t/9/")
    held: list[Route] = []
    page.route("**/t/9/cancel", lambda route: held.append(route))
    button = page.get_by_role("button", name="Cancel")
    with page.expect_request("**/t/9/cancel"):
        button.click()
    button.click()
    with page.expect_event("requestfinished", lambda asked: asked.url.endswith("/t/9/")):
        page.evaluate("htmx.trigger(document.body, 'muster:changed')")
    expect(page.locator("#task")).not_to_have_class(re.compile("htmx-"))  # it has been drawn anew
    button.click()
    held[0].continue_()
    expect(page.locator(".task-head")).to_contain_text("Cancelled")
    expect(page.locator(".refusal")).to_have_count(0)
    assert len(held) == 1


def test_a_card_s_menu_reprioritises_by_keyboard(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    page.get_by_label("Move #7 to…").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("link", name="Other actions").press("Enter")
    priority = dialog.get_by_label(re.compile("^Priority"))
    priority.fill("3")
    priority.press("Enter")
    expect(page.locator("#card-7")).to_contain_text("Critical")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_two_writers_of_the_same_instructions_lose_nothing(shared: MusterServer, page: Page, context: BrowserContext) -> None:
    sign_in(page, shared)
    other = context.new_page()
    for each in (page, other):
        each.goto(f"{shared.url}/t/7/files/edit")
    page.locator("#content").fill("First text.")
    page.get_by_role("button", name="Save a new version").click()
    expect(page.get_by_text("First text.")).to_be_visible()
    other.locator("#content").fill("Second text.")
    other.get_by_role("button", name="Save a new version").click()
    expect(other.get_by_label("Their version, saved now")).to_have_value("First text.")
    expect(other.locator("#content")).to_have_value("Second text.")
    other.locator("#content").fill("First and second text.")
    other.get_by_role("button", name="Save a new version").click()
    expect(other.get_by_text("First and second text.")).to_be_visible()


def test_it_reads_and_works_without_javascript(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/?phase=2")
    expect(page.locator("#column-progress")).to_contain_text("Jared")
    page.get_by_label("Title of a new task").fill("Without a script")
    page.get_by_role("button", name="Add the task").click()
    expect(page.get_by_role("status").first).to_contain_text("Added #")
    page.get_by_label("Move #7 to…").click()
    page.get_by_role("link", name="Other actions").click()
    page.get_by_label(re.compile("^Priority")).fill("2")
    page.locator("form", has=page.get_by_label(re.compile("^Priority"))).get_by_role("button", name="Set").click()
    expect(page.locator(".band")).to_contain_text("Critical")
    context.close()
