"""Many tabs of one browser: they share one stream, and what is typed in them survives the end of their session."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import PASSWORD, sign_in
from tests.servers import MusterServer

MOST_CONNECTIONS = 6  # that a browser opens to a server without HTTP/2
ADD = """
from coordination.models import Project, User
from coordination.operations.creation import NewTask, create_task
create_task(Project.objects.get(), NewTask(title={!r}), actor=User.objects.get(username="ada").actor)
"""
ADD_PAT = f"""
from coordination.models import Project, Role, User
from coordination.operations.projects import grant_role
pat = User.objects.create_user("pat", password={PASSWORD!r})
grant_role(Project.objects.get(), pat, Role.PLANNER, actor=User.objects.get(username="ada").actor)
"""
LIVE = "[data-live-words]"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    yield made
    made.close()


def board(context: BrowserContext, server: MusterServer) -> Page:
    """Open one more board of ada's."""
    page = context.new_page()
    if not context.cookies():
        sign_in(page, server)
    page.goto(f"{server.url}/p/tally/")
    expect(page.locator(LIVE).last).to_have_text("Live")
    return page


def enter(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_more_boards_than_a_browser_has_connections_are_all_live(shared: MusterServer, context: BrowserContext) -> None:
    boards = [board(context, shared) for _ in range(MOST_CONNECTIONS + 2)]
    shared.shell(ADD.format("Seen in every tab"))
    for each in boards:
        expect(each.locator("#board")).to_contain_text("Seen in every tab")
    boards[0].close()  # the stream is nobody's own
    shared.shell(ADD.format("Seen in the others"))
    expect(boards[-1].locator("#board")).to_contain_text("Seen in the others")


def test_what_is_typed_outlives_the_session_and_is_sent_after_signing_in_in_another_tab(
    shared: MusterServer, context: BrowserContext
) -> None:
    typing, reading = board(context, shared), board(context, shared)
    field = typing.get_by_label("Title of a new task").first
    field.fill("Typed before the session ended")
    context.clear_cookies(name="sessionid")
    field.press("Enter")
    expect(typing.locator("#toasts")).to_contain_text("What you typed stays here")
    expect(typing.locator(LIVE).last).to_have_text("Signed out")
    expect(reading.get_by_label("User name")).to_be_visible()  # nothing is lost there
    shared.shell(ADD.format("Added while nobody was signed in"))
    with context.expect_page() as opened:
        typing.get_by_role("link", name="Sign in").click()
    enter(opened.value, "ada")
    for page in (typing, reading):
        expect(page.locator(LIVE).last).to_have_text("Live")
        expect(page.locator(".toast")).to_have_count(0)
        expect(page.locator("#board")).to_contain_text("Added while nobody was signed in")
    expect(field).to_have_value("Typed before the session ended")
    field.press("Enter")
    expect(reading.locator("#board")).to_contain_text("Typed before the session ended")


def test_a_tab_of_one_person_does_nothing_in_the_name_of_the_next(shared: MusterServer, context: BrowserContext) -> None:
    shared.shell(ADD_PAT)
    adas = board(context, shared)
    field = adas.get_by_label("Title of a new task").first
    field.fill("Typed by ada herself")
    other, third = context.new_page(), context.new_page()
    context.clear_cookies(name="sessionid")
    for page in (other, third):
        page.goto(f"{shared.url}/login?next=/p/tally/")
    enter(other, "pat")
    other.wait_for_url("**/p/tally/")
    third.wait_for_url("**/p/tally/")  # it asks for a password no longer
    expect(adas.locator("#toasts")).to_contain_text("Somebody else signed in")
    field.press("Enter")
    expect(adas.locator(".quick-add .refusal")).to_contain_text("nothing was changed")
    expect(field).to_have_value("Typed by ada herself")
    adas.get_by_role("link", name="Reload").click()
    expect(adas.get_by_role("banner")).to_contain_text("pat")


def test_a_browser_without_shared_workers_has_a_stream_in_each_page_that_is_looked_at(
    shared: MusterServer, context: BrowserContext
) -> None:
    context.add_init_script("delete window.SharedWorker")
    page = board(context, shared)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    with page.expect_event("requestfailed", lambda request: "/live" in request.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    shared.shell(ADD.format("Added while nobody looked"))
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(page.locator("#board")).to_contain_text("Added while nobody looked")


def test_a_stream_that_died_without_a_word_is_opened_again(shared: MusterServer, context: BrowserContext) -> None:
    context.add_init_script("delete window.SharedWorker")  # so that the clock of the page is the stream's
    page = context.new_page()
    page.clock.install()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    expect(page.locator(LIVE).last).to_have_text("Live")
    with page.expect_request(lambda request: "/live" in request.url):
        page.clock.fast_forward("01:00:00")  # a laptop that slept
    expect(page.locator(LIVE).last).to_have_text("Live")
