"""What the pages of a task do in a real browser: edit in place, keep drafts, follow a log, undo."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import SAMPLE, keep_toasts, sign_in
from tests.prepared import serving
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults

# Task 5 is running, attempt 1 by Jared; 7 and 12 are queued; 10 waits for a review; 11 and 14 wait.
LOG = """
from coordination.models import Attempt
from coordination.operations import leases, messages
from coordination.operations.tokens import Holder
attempt = Attempt.objects.get(task=5)
holder = Holder(5, attempt.fence, attempt.key_id)
messages.log(holder, {!r})
leases.progress(holder, percent={}, note="counting")
"""
EDIT = """
from coordination.models import Task, User
from coordination.operations.tasks import edit_task
edit_task(Task.objects.get(pk={}), {!r}, actor=User.objects.get(username="ada").actor)
"""
SAVE = """
from coordination.models import Task, User
from coordination.operations.files import save_files
task = Task.objects.get(pk={})
save_files(task, {{"instructions.md": {!r}}}, base=task.head, actor=User.objects.get(username="ada").actor)
"""


@pytest.fixture(scope="module")
def tally() -> Iterator[MusterServer]:
    """One server with the sample project for all tests of this file; each uses tasks of its own."""
    with serving(SAMPLE, ready_path="/login") as server:
        yield server


def beside(server: MusterServer, code: str) -> None:
    """Do something through another door, as somebody else."""
    server.shell(code)


def drafts(page: Page) -> int:
    count: int = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length")
    return count


def test_a_draft_survives_a_reload_and_is_gone_once_it_is_saved(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/12/files/edit")
    page.locator("#content").fill("# Manual\n\nHalf a sen")
    page.reload()
    expect(page.locator("[data-draft-offer]")).to_contain_text("a draft that was not saved")
    expect(page.locator("#content")).not_to_have_value("# Manual\n\nHalf a sen")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#content")).to_have_value("# Manual\n\nHalf a sen")
    page.locator("#content").press_sequentially("tence.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview h3")).to_have_text("Manual")
    expect(page.locator("#content")).to_be_hidden()
    page.get_by_role("button", name="Write", exact=True).click()
    page.locator("#content").press("Control+Enter")
    page.wait_for_url(f"{tally.url}/t/12/files")
    expect(page.locator(".prose")).to_contain_text("Half a sentence.")
    expect(page.get_by_role("status").first).to_contain_text("Saved a new version")
    assert drafts(page) == 0


def test_a_draft_of_an_older_version_does_not_write_over_what_came_since(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/15/files/edit")
    text = page.locator("#content").input_value()
    page.locator("#content").fill(text + "\nHalf a sen")
    beside(tally, SAVE.format(15, ("The first line is ada's.\n" + text).encode()))
    page.reload()
    expect(page.locator("[data-draft-offer]")).to_contain_text("typed on an older version")
    page.get_by_role("button", name="Bring it back").click()
    page.locator("#content").press("Control+End")
    page.locator("#content").press_sequentially("tence.")
    page.reload()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#content")).to_have_value(text + "\nHalf a sentence.")
    page.get_by_role("button", name="Save a new version").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody saved another version")
    page.get_by_role("button", name="Put both into the editor").click()
    expect(page.locator("#content")).to_have_value("The first line is ada's.\n" + text + "\nHalf a sentence.")


def test_a_conflict_keeps_both_texts_and_puts_them_together(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/11/files/edit")
    text = page.locator("#content").input_value()
    beside(tally, SAVE.format(11, (text + "\nThe last line is ada's.\n").encode()))
    page.locator("#content").fill(text.replace("# Measure", "# Do measure"))
    page.get_by_role("button", name="Save a new version").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody saved another version")
    expect(page.locator(".diff ins").first).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Put both into the editor").click()
    both = page.locator("#content")
    expect(both).to_have_value(text.replace("# Measure", "# Do measure") + "\nThe last line is ada's.\n")
    page.get_by_role("button", name="Save a new version").click()
    page.wait_for_url(f"{tally.url}/t/11/files")
    expect(page.locator(".prose")).to_contain_text("The last line is ada's.")
    expect(page.locator(".prose")).to_contain_text("Do measure")
    assert drafts(page) == 0


def test_a_fact_is_edited_by_keyboard_and_undone(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/7/")
    keep_toasts(page)
    page.locator("#fact-tier .fact-edit").focus()
    page.keyboard.press("Enter")
    tier = page.locator("#fact-tier select")
    expect(tier).to_be_focused()
    tier.select_option("heavy")
    assert accessibility_faults(page) == []
    page.locator("#fact-tier button[type=submit]").press("Enter")
    expect(page.locator("#fact-tier")).to_have_text("Heavy")
    expect(page.locator("#fact-tier .fact-edit")).to_be_focused()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#fact-tier")).not_to_have_text("Heavy")
    page.locator("#fact-title .fact-edit").click()
    title = page.locator("#fact-title input[name=title]")
    title.fill("Half a title")
    beside(tally, LOG.format("a change elsewhere", 61))
    expect(title).to_have_value("Half a title")
    title.press("Escape")
    expect(page.locator("#fact-title h1")).to_have_text("Print JSON for other programs")
    expect(page.locator("#fact-title .fact-edit")).to_be_focused()


def test_a_fact_that_somebody_else_changed_shows_both(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/7/")
    page.locator("#fact-labels .fact-edit").click()
    page.locator("#fact-labels input[name=labels]").fill("mine")
    beside(tally, EDIT.format(7, {"labels": ["theirs"]}))
    page.locator("#fact-labels input[name=labels]").press("Enter")
    expect(page.locator("#fact-labels [role=alert]")).to_contain_text("theirs")
    expect(page.locator("#fact-labels input[name=labels]")).to_have_value("mine")
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Save mine").click()
    expect(page.locator("#fact-labels")).to_have_text("mine")


def test_a_log_grows_while_it_is_read(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/5/attempts/1/")
    beside(tally, LOG.format("counted 400,000 lines", 75))
    expect(page.locator(".attempt-log")).to_contain_text("counted 400,000 lines")
    expect(page.locator("progress")).to_have_attribute("value", "75")


def test_files_are_dropped_in_and_a_deletion_is_undone(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/9/files")
    keep_toasts(page)
    files = [{"name": name, "mimeType": "text/plain", "buffer": name.encode()} for name in ("one.txt", "two.txt")]
    page.locator("#file").set_input_files(files)  # type: ignore[arg-type]  # plain dictionaries are the documented shape
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".file-list")).to_contain_text("context/two.txt")
    row = page.locator(".file-list > li", has_text="context/one.txt")
    row.locator("summary").click()
    row.get_by_role("button", name="Delete").click()
    expect(page.locator(".file-list")).not_to_contain_text("context/one.txt")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".file-list")).to_contain_text("context/one.txt")
    row = page.locator(".file-list > li", has_text="context/two.txt")
    row.locator("summary").click()
    row.get_by_label("New name").fill("context/second.txt")
    row.get_by_role("button", name="Rename").click()
    expect(page.locator(".file-list")).to_contain_text("context/second.txt")


def test_a_dependency_is_picked_from_what_the_words_find(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/12/")
    page.get_by_label("Wait for task").press_sequentially("million")
    page.get_by_role("button", name="Measure one million lines").click()
    expect(page.get_by_role("button", name="Do not wait for #11")).to_be_visible()


def test_calling_off_is_undone(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/14/")
    keep_toasts(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".task-head")).to_contain_text("Cancelled")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".task-head")).to_contain_text("Waiting")


def test_a_plan_comes_back_as_a_directory(tally: MusterServer, page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("plan") / "my-plan"
    (folder / "phase-01-polish").mkdir(parents=True)
    (folder / "phase-01-polish" / "task-01-shine.md").write_text("# Make it shine\n")
    sign_in(page, tally)
    page.goto(f"{tally.url}/p/tally/plan/files")
    page.locator("#directory").set_input_files(folder)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator(".changes")).to_contain_text("Make it shine")
    assert accessibility_faults(page) == []
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Board").click()
    page.wait_for_url(f"{tally.url}/p/tally/")
    page.go_back()
    expect(page.locator(".changes")).to_contain_text("Make it shine")
    page.get_by_role("button", name="Apply the plan").click()
    page.wait_for_url(f"{tally.url}/p/tally/plan")
    expect(page.get_by_role("status").first).to_contain_text("2 created")


def test_who_is_signed_out_while_typing_loses_nothing(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/7/")
    page.get_by_label("Write a message about this task").fill("A thought that took an hour")
    session = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Send").click()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("What you typed stays here")
    expect(toast.get_by_role("link", name="Sign in")).to_have_attribute("href", "/login?next=%2Ft%2F7%2F")
    # Signing in, in another tab, gives the browser another token.
    other = "0123456789abcdefghijklmnopqrstuv"
    page.context.add_cookies([{**each, "value": other} if each["name"] == "csrftoken" else each for each in session])
    again = page.context.new_page()
    again.goto(f"{tally.url}/t/7/")
    again.close()
    expect(toast.get_by_role("link", name="Sign in")).to_have_count(0)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#task")).to_contain_text("A thought that took an hour")
    expect(page.get_by_label("Write a message about this task")).to_have_value("")


def test_who_is_signed_out_with_nothing_typed_is_led_to_sign_in(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/7/")

    def end(route: Route) -> None:
        # The session ends with this request: ended before it, the page might find out by itself before anybody clicks.
        page.context.clear_cookies(name="sessionid")
        route.fulfill(status=401, content_type="text/plain", body="You are signed out.")

    page.route("**/t/7/facts/tier", end)
    page.locator("#fact-tier .fact-edit").click()
    page.wait_for_url(f"{tally.url}/login?next=%2Ft%2F7%2F")


def test_how_it_waits_is_changed_by_keyboard(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/11/")
    kind = page.locator(".kind").first
    kind.locator("summary").press("Enter")
    kind.get_by_role("button", name="to end either way").press("Enter")
    expect(kind.locator("summary")).to_have_text("to end either way")
    expect(kind.locator("summary")).to_be_focused()


def test_what_is_typed_while_a_form_is_on_its_way_stays_and_outlives_the_page(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/12/")
    held: list[Route] = []
    page.route("**/t/12/say", lambda route: held.append(route))
    field = page.get_by_label("Write a message about this task")
    field.fill("The first thought")
    page.get_by_role("button", name="Send").click()
    field.fill("The second, which is not sent yet")
    page.wait_for_function("document.getElementById('say-form').classList.contains('htmx-request')")
    held[0].continue_()
    expect(page.locator("#task")).to_contain_text("The first thought")
    expect(field).to_have_value("The second, which is not sent yet")
    page.get_by_role("link", name="Attempts", exact=True).click()
    page.wait_for_url(f"{tally.url}/t/12/attempts")
    page.go_back()
    expect(field).to_have_value("The second, which is not sent yet")
    page.unroute("**/t/12/say")
    page.get_by_role("button", name="Send").click()
    expect(field).to_have_value("")
    page.reload()
    expect(page.locator("#task")).to_contain_text("The second, which is not sent yet")
    expect(field).to_have_value("")


def test_a_half_filled_review_outlives_a_reload_with_its_verdicts(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/10/")
    first, second = (page.locator("#review-form fieldset").nth(place) for place in (0, 1))
    why = page.locator("#review-form textarea[name=note-0]")
    first.get_by_text("Not met").click()
    why.fill("It does not")
    second.get_by_text("Met", exact=True).click()
    page.reload()
    expect(first.get_by_label("Not met")).to_be_checked()
    expect(why).to_have_value("It does not")
    expect(second.get_by_label("Met", exact=True)).to_be_checked()
    second.get_by_text("Not judged").click()
    page.reload()
    expect(first.get_by_label("Not met")).to_be_checked()
    expect(second.get_by_label("Not judged")).to_be_checked()


def test_a_fact_takes_nothing_more_while_it_is_saved(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/12/")
    held: list[Route] = []
    page.route("**/facts/objective/save", lambda route: held.append(route))
    page.locator("#fact-objective .fact-edit").click()
    field = page.locator("#fact-objective [name=objective]")
    field.fill("It is written")
    page.locator("#fact-objective [type=submit]").click()
    expect(field).not_to_be_editable()
    held[0].abort()
    expect(page.locator("#fact-objective .refusal")).to_contain_text("cannot be reached")
    expect(field).to_be_editable()
    expect(field).to_have_value("It is written")


def test_what_is_clicked_while_the_server_is_away_says_so(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    page.goto(f"{tally.url}/t/14/")
    page.route("**/t/14/facts/tier", lambda route: route.abort())
    page.route("**/t/14/cancel", lambda route: route.abort())
    page.locator("#fact-tier .fact-edit").click()
    expect(page.locator(".toast.error")).to_have_count(1)
    page.locator("#actions").get_by_role("button", name="Cancel").click()
    expect(page.locator(".toast.error")).to_have_count(2)
    expect(page.locator("#actions .refusal")).to_have_count(0)


def test_boxes_of_the_instructions_are_ticked_by_mouse_and_by_keyboard(tally: MusterServer, page: Page) -> None:
    sign_in(page, tally)
    beside(tally, SAVE.format(9, b"# Do it\n\n- [ ] one\n- [ ] two\n"))
    page.goto(f"{tally.url}/t/9/")
    page.get_by_role("button", name="Done: one").click()
    expect(page.get_by_role("button", name="Done: one", pressed=True)).to_be_visible()
    page.get_by_role("button", name="Done: two").press("Enter")
    expect(page.get_by_role("button", name="Done: two", pressed=True)).to_be_visible()
    expect(page.get_by_role("button", name="Done: two")).to_be_focused()
    page.get_by_role("button", name="Done: one").press("Space")
    expect(page.get_by_role("button", name="Done: one", pressed=False)).to_be_visible()
