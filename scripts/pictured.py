"""The pages that `make screenshots` pictures, and what happens on each before its picture is taken."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

PASSWORD = "only-for-pictures"


@dataclass(frozen=True)
class Shot:
    """One page: its file name, its address, what to do on it first, and who looks (nobody signed in: "")."""

    name: str
    path: str
    first: Callable[[Page], None] = lambda page: None
    is_shown: bool = False  # in the documentation
    who: str = "ada"
    status: int = 200


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    palette.get_by_role("combobox").fill("parser")
    palette.get_by_text("Write the parser for JSON lines").wait_for()


def _shortcuts(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def _pressing(name: str) -> Callable[[Page], None]:
    """Return a step that follows the link or button of that name."""

    def press(page: Page) -> None:
        named = re.compile(f"^{re.escape(name)}")
        page.get_by_role("link", name=named).or_(page.get_by_role("button", name=named)).first.click()
        page.wait_for_load_state("networkidle" if page.locator("[data-live-state]").count() == 0 else "load")

    return press


def _layout(name: str) -> Callable[[Page], None]:
    """Return a step that draws the difference in that layout."""

    def choose(page: Page) -> None:
        button = page.get_by_role("button", name=name, exact=True)
        if button.get_attribute("aria-pressed") != "true":
            button.click()
        page.get_by_role("button", name=name, exact=True, pressed=True).wait_for()
        # Its script takes the numbers of lines out of the order of Tab.
        expect(page.locator(".diff .no a:not([tabindex='-1'])")).to_have_count(0)

    return choose


def _previewed(page: Page) -> None:
    page.get_by_role("button", name="Preview").click()
    page.locator("#preview p").first.wait_for()


def _conflict(page: Page) -> None:
    """Somebody else saves while the editor is open."""
    other = page.context.new_page()
    other.goto(page.url)
    stamp = other.url + str(other.evaluate("Date.now()"))
    for each, words in ((other, "Ask whoever decided."), (page, "Write to the planner, with a proposal.")):
        text = each.locator("#content").input_value()
        each.locator("#content").fill(text.rsplit("\n>", 1)[0] + f"\n> {words} ({stamp[-4:]})\n")
        each.get_by_role("button", name="Save a new version").click()
        each.get_by_text("Somebody saved another version" if each is page else "Saved").first.wait_for()
    other.close()


def _reworded(archive: bytes, old: bytes, new: bytes) -> bytes:
    """Return the zip archive with other words in its files."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(old, new))
    return made.getvalue()


def _plan_preview(page: Page) -> None:
    with page.expect_download() as started:
        page.get_by_role("link", name="Download as zip").click()
    archive = _reworded(started.value.path().read_bytes(), b"Translate the error texts", b"Translate the help texts")
    page.set_input_files("#archive", {"name": "plan.zip", "mimeType": "application/zip", "buffer": archive})
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("heading", name="What this plan would do").wait_for()


def _confirmed(page: Page) -> None:
    """Say once more that it is you, which the pages behind it ask for."""
    if page.get_by_label("Password", exact=True).is_visible():  # not if it was said a moment ago; a choice is called Passwordless
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Not now").wait_for()


def _card_menu(page: Page) -> None:
    page.locator(".card-tools [data-menu]").first.click()
    page.get_by_role("dialog").wait_for()


def _selected(page: Page) -> None:
    for number in (11, 14):
        page.locator(f"#card-{number}").hover()
        page.get_by_label(f"Select #{number}").check()


def _bulk_results(page: Page) -> None:
    """What is not finished refuses to run again, and nothing changes."""
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Select every row of this page").check()
    page.locator("#bulk").get_by_role("button", name="Run again").click()
    page.get_by_role("dialog", name="What became of the selected tasks").wait_for()


def _suggestions(page: Page) -> None:
    page.get_by_label("Filter the tasks").press_sequentially("state:")
    page.get_by_role("option").first.wait_for()


def _menu(selector: str) -> Callable[[Page], None]:
    """Return a step that opens a menu."""

    def choose(page: Page) -> None:
        page.locator(f"{selector} > summary").click()
        page.locator(f"{selector} .menu-list section").first.wait_for()

    return choose


def _read_out(page: Page) -> None:
    chart = page.locator("svg[data-chart='burn-up-rows']")
    chart.focus()
    chart.press("ArrowLeft")


def _tables(page: Page) -> None:
    for each in page.locator(".chart-table > summary").all():
        each.click()


def _stepped_back(page: Page) -> None:
    for _ in range(3):
        with page.expect_response("**/replay?at=*"):
            page.get_by_label("Moment of the replay").press("PageDown")


def _opened(opener: str) -> Callable[[Page], None]:
    """Return a step that opens the dialog of that button, and what is folded in it."""

    def press(page: Page) -> None:
        page.locator(opener).click()
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        for summary in dialog.locator("summary").all():
            summary.click()

    return press


BEFORE = [
    Shot("first-run", "/", is_shown=True),
    Shot("first-agents", "/a/"),
]
PAGES = [
    Shot("home", "/", is_shown=True),
    Shot("board", "/p/tally/", is_shown=True),
    Shot("board-lanes", "/p/tally/?lanes=phase", is_shown=True),
    Shot("board-no-result", "/p/tally/?q=state:failed+agent:jean"),
    Shot("board-card-menu", "/p/tally/", _card_menu),
    Shot("board-viewer", "/p/tally/?lanes=agent", who="vera"),
    Shot("board-selected", "/p/tally/", _selected),
    Shot("filter-suggestions", "/p/tally/", _suggestions),
    Shot("filter-menu", "/p/tally/", _menu(".filter-add")),
    Shot("filter-refused", "/p/tally/?q=state:wating+parser"),
    Shot("views", "/p/tally/?q=state:failed", _menu(".views")),
    Shot("list-empty", "/p/tally/list?q=label:nothing"),
    Shot("list-results", "/p/tally/list?q=state:running,waiting", _bulk_results),
    Shot("list", "/p/tally/list", is_shown=True),
    Shot("list-grouped", "/p/tally/list?q=-state:done&group=phase"),
    Shot("graph", "/p/tally/graph", is_shown=True),
    Shot("graph-panel", "/p/tally/graph?task=5"),
    Shot("graph-dependency", "/p/tally/graph?edge=5-11"),
    Shot("graph-around", "/p/tally/graph?around=5"),
    Shot("graph-collapsed", "/p/tally/graph?collapsed=1,2,3,4"),
    Shot("graph-table", "/p/tally/graph?as=table"),
    Shot("timeline", "/p/tally/timeline", is_shown=True),
    Shot("timeline-agents", "/p/tally/timeline?by=agent"),
    Shot("grid", "/p/tally/grid"),
    Shot("plan", "/p/tally/plan", is_shown=True),
    Shot("split", "/phases/2/split"),
    Shot("split-none", "/phases/1/split"),
    Shot("phase", "/phases/2/"),
    Shot("plan-menu", "/p/tally/plan", _opened("#menu-4")),
    Shot("plan-waits", "/p/tally/plan", _opened("#waits-11")),
    Shot("plan-new-phase", "/p/tally/plan?behind=2"),
    Shot("plan-viewer", "/p/tally/plan", who="vera"),
    Shot("graph-viewer", "/p/tally/graph?task=5", who="vera"),
    Shot("new-task", "/p/tally/tasks/new"),
    Shot("hold", "/p/tally/hold"),
    Shot("plan-files", "/p/tally/plan/files"),
    Shot("plan-files-preview", "/p/tally/plan/files", _plan_preview),
    Shot("insights", "/p/tally/insights?days=7", is_shown=True),
    Shot("insights-value", "/p/tally/insights?days=7", _read_out),
    Shot("insights-table", "/p/tally/insights?days=30", _tables),
    Shot("ended-attempts", "/p/tally/insights/attempts"),
    Shot("replay", "/p/tally/replay", is_shown=True),
    Shot("replay-middle", "/p/tally/replay", _stepped_back),
    Shot("activity", "/p/tally/activity", is_shown=True),
    Shot("activity-narrow", "/p/tally/activity?kind=stay:queue&from=2026-01-01"),
    Shot("activity-none", "/p/tally/activity?kind=webhook"),
    Shot("messages", "/p/tally/messages"),
    Shot("messages-new", "/p/tally/messages?since=1", who="vera"),
    Shot("messages-thread", "/p/tally/messages?thread=everybody"),
    Shot("history", "/p/tally/history"),
    Shot("settings", "/p/tally/settings"),
    Shot("task-waiting", "/t/11/"),
    Shot("task-running", "/t/5/", is_shown=True),
    Shot("question", "/t/8/", is_shown=True),
    Shot("review", "/t/10/", is_shown=True),
    Shot("review-read-only", "/t/10/", who="vera"),
    Shot("review-changes", "/t/10/compare?from=attempt:1&to=attempt:1:result", _layout("Unified")),
    Shot("task-failed", "/t/13/"),
    Shot("task-done", "/t/3/"),
    Shot("instructions", "/t/7/files"),
    Shot("next-brief", "/t/7/brief"),
    Shot("file", "/t/7/files/view?path=context/decisions.md"),
    Shot("editor", "/t/7/files/edit?path=instructions.md"),
    Shot("editor-preview", "/t/7/files/edit?path=instructions.md", _previewed),
    Shot("conflict", "/t/16/files/edit?path=instructions.md", _conflict),
    Shot("task-edit", "/t/7/edit"),
    Shot("task-history", "/t/7/history"),
    Shot("diff", "/t/7/diff?to=now", _layout("Unified")),
    Shot("diff-columns", "/t/7/diff?to=now", _layout("Side by side"), is_shown=True),
    Shot("diff-rendered", "/t/7/diff?to=now", _layout("Rendered"), is_shown=True),
    Shot("compare", "/t/7/compare"),
    Shot("blame", "/t/7/blame", is_shown=True),
    Shot("restore", "/t/7/diff?to=now", _pressing("Restore")),
    Shot("attempts", "/t/10/attempts"),
    Shot("attempt", "/t/3/attempts/1/", is_shown=True),
    Shot("brief", "/t/3/attempts/1/brief"),
    Shot("task-activity", "/t/10/activity"),
    Shot("agents", "/a/", is_shown=True),
    Shot("agent", "/a/jared/"),
    Shot("agent-viewer", "/a/quill/", who="vera"),
    Shot("account", "/account"),
    Shot("confirm", "/account/second-factor/passkeys/new", who="pat"),
    Shot("passkey", "/account/second-factor/passkeys/new", _confirmed),
    Shot("mfa", "/account/second-factor/app", _confirmed),
    Shot("settings-viewer", "/p/tally/settings", who="vera"),
    Shot("palette", "/p/tally/", _palette, is_shown=True),
    Shot("shortcuts", "/p/tally/", _shortcuts),
    Shot("not-found", "/t/9999/", status=404),
    Shot("not-allowed", "/t/7/edit", who="vera", status=403),
    Shot("sign-in", "/login", who=""),
]
