"""What every page shares, in a real browser: shortcuts, toasts with undo, the palette, signing in with a second factor."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import PASSWORD, keep_toasts, sign_in
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults
from tests.webui.codes import code_of

ADD_TASK = """
from coordination.models import Project, User
from coordination.operations.creation import NewTask, create_task
create_task(Project.objects.get(), NewTask(title="Added after the restart"), actor=User.objects.get().actor)
"""
REMOVE_TASK = "from coordination.models import Task; Task.objects.get(title='Added after the restart').delete()"


def test_keys_lead_about_and_are_ignored_where_people_type(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.locator("dt", has_text=re.compile("^Plan$"))).to_be_visible()
    expect(sheet.locator("dt", has_text="Go to")).to_have_count(0)
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
    expect(page.get_by_role("link", name="Board", exact=True)).to_have_attribute("title", "Go to board (g then b)")


def test_the_sheet_of_shortcuts_scrolls_down_and_never_sideways(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.set_viewport_size({"width": 640, "height": 400})  # a laptop at 200 %
    page.goto(f"{shared.url}/p/tally/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    assert sheet.locator(".keys-groups").evaluate("each => each.scrollWidth <= each.clientWidth")
    for row in sheet.locator("dt").all():
        row.scroll_into_view_if_needed()
        expect(row).to_be_in_viewport()


def test_how_long_a_state_lasts_grows_while_one_looks(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.clock.install()
    page.goto(f"{shared.url}/t/14/")
    lasts = page.locator(".task-head time")
    expect(lasts).to_have_text("for 1 d")
    page.clock.fast_forward("24:00:00")
    expect(lasts).to_have_text("for 2 d")


def test_what_was_done_can_be_undone(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/a/quill/")
    keep_toasts(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("Quill is retired.")).to_be_visible()
    expect(page.get_by_role("button", name="Let it work again")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("Quill may work again.")).to_be_visible()
    expect(page.get_by_role("button", name="Retire")).to_be_visible()


def test_what_waits_for_a_person_is_counted_also_while_much_happens(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/account")
    for _ in range(2):
        with page.expect_request("**/needs*"):
            page.evaluate("window.busy ??= setInterval(() => htmx.trigger(document.body, 'muster:changed'), 200)")


def test_a_reload_of_a_new_key_makes_no_second_one(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/settings")
    page.locator("#key_name").fill("Made once")
    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    page.wait_for_load_state()  # its script sees to it
    page.reload()
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    expect(page.get_by_text("Made once")).to_have_count(1)


def test_the_palette_is_worked_by_keys_alone(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/t/7/")
    page.goto(f"{shared.url}/p/tally/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or do something")
    expect(field).to_be_focused()
    recent = page.get_by_role("group", name="Recent")
    expect(recent.get_by_role("option")).to_have_count(1)
    expect(recent.locator("svg use")).to_have_attribute("href", re.compile("#history$"))
    expect(field).to_have_attribute("aria-activedescendant", "palette-option-1")
    assert accessibility_faults(page) == []
    field.fill("parser common")
    expect(page.get_by_role("group", name="Tasks").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/3/")
    page.keyboard.press("Control+k")
    field.fill("print json")
    expect(page.get_by_role("group", name="Tasks").get_by_role("option")).to_have_count(1)
    expect(recent).to_have_count(0)  # it was there, and is found already
    field.fill("nothing of this kind")
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Nothing is called")
    field.fill("dark theme")
    expect(page.get_by_role("listbox").get_by_role("option", selected=True)).to_have_text("Use the dark theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()


def test_what_covers_a_phone_is_closed_by_a_finger(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/plan")
    page.get_by_role("link", name="Search").tap()
    expect(page.get_by_role("combobox", name="Search or do something")).to_be_focused()
    assert accessibility_faults(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Close").tap()
    expect(page.get_by_role("dialog")).to_have_count(0)
    opener = page.locator("#new-phase > summary")
    opener.tap()
    expect(page.get_by_role("heading", name="New phase")).to_be_visible()
    assert accessibility_faults(page) == []
    page.locator("#new-phase").get_by_role("button", name="Close").tap()
    expect(page.get_by_label("Name", exact=True)).to_be_hidden()
    expect(opener).to_be_focused()
    page.locator(".bottom summary").tap()
    expect(page.locator(".bottom").get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    page.goto(f"{shared.url}/p/tally/graph?task=5")
    expect(page.locator(".graph-panel").get_by_role("heading", name="Waited for")).to_be_in_viewport()
    context.close()


# Controls that stand on the page and cannot be seen: what waits for a pointer to come near never shows itself to a finger.
UNSEEN = """() => [...document.querySelectorAll('main :is(a, button, summary, input, [data-menu])')].filter((each) => {
  const box = each.getBoundingClientRect();
  const chain = [];
  for (let node = each; node; node = node.parentElement) chain.push(getComputedStyle(node));
  const isDrawn = box.width > 1 && box.height > 1 && each.checkVisibility();
  return isDrawn && (chain.some((style) => style.opacity === '0') || chain[0].color === 'rgba(0, 0, 0, 0)');
}).map((each) => each.outerHTML.slice(0, 90))"""


def test_a_finger_sees_what_a_mouse_finds_by_pointing(shared: MusterServer, browser: Browser) -> None:
    for width in (390, 1024):  # a phone and a tablet
        context = browser.new_context(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
        page = context.new_page()
        sign_in(page, shared)
        page.goto(f"{shared.url}/p/tally/")
        assert page.evaluate("matchMedia('(hover: none)').matches")
        expect(page.get_by_label("Select #11", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Rename #11", exact=True)).to_be_visible()
        for path in ("/p/tally/", "/t/7/", "/t/7/diff?to=now", "/t/7/files/edit?path=instructions.md", "/p/tally/list"):
            page.goto(f"{shared.url}{path}")
            assert page.evaluate(UNSEEN) == [], (path, width)
            expect(page.locator(".key-hint").filter(visible=True)).to_have_count(0)
        context.close()


def test_a_second_factor_is_added_used_and_removed(shared: MusterServer, page: Page, browser: Browser) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/account")
    assert accessibility_faults(page) == []
    page.get_by_role("link", name="Add an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator("#totp-secret").inner_text().strip()
    assert accessibility_faults(page) == []
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Switch the second factor on").click()
    recovery = page.locator("#codes").inner_text().split()
    assert accessibility_faults(page) == []
    context = browser.new_context(color_scheme="dark")
    other = context.new_page()
    other.goto(f"{shared.url}/login?next=/a/")
    other.get_by_label("User name").fill("ada")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_label("Code")).to_be_visible()
    assert accessibility_faults(other) == []
    other.get_by_label("Code").fill(code_of(secret, steps_ahead=1))  # each is taken once
    other.keyboard.press("Enter")
    other.wait_for_url(f"{shared.url}/a/")
    context.close()
    assert len(recovery) == 10
    page.goto(f"{shared.url}/account")
    page.get_by_role("link", name="Remove the authenticator app").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("link", name="Add an authenticator app")).to_be_visible()


def test_a_restart_of_the_server_loses_no_text_and_no_focus(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/")
    words = page.locator("[data-live-words]").last
    expect(words).to_have_text("Live")
    field = page.get_by_label("Title of a new task")
    field.fill("Half a tit")
    shared.terminate()
    expect(words).to_have_text("Reconnecting…")
    expect(page.locator("#live-said")).to_contain_text("what you type is kept")
    expect(page.locator(".top .live")).to_be_visible()
    field.press("Enter")
    expect(page.locator(".quick-add .refusal")).to_contain_text("The server cannot be reached")
    shared.start()
    expect(words).to_have_text("Live")
    shared.shell(ADD_TASK)
    expect(page.locator("#board")).to_contain_text("Added after the restart")
    expect(field).to_be_focused()
    expect(field).to_have_value("Half a tit")
    shared.shell("from coordination.models import Task; Task.objects.get(title__endswith='the restart').delete()")


def test_the_admin_pages_work_under_the_policy_of_all_pages(shared: MusterServer, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    sign_in(page, shared)
    for path in ("/admin/", "/admin/coordination/event/", "/admin/coordination/user/1/change/", "/admin/coordination/task/1/change/"):
        page.goto(f"{shared.url}{path}")
    assert said == []


def test_a_passkey_is_made_asked_for_and_signs_in_alone(shared: MusterServer, page: Page) -> None:
    home = shared.url.replace("127.0.0.1", "localhost")  # a browser keeps passkeys for names
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": kind | {"automaticPresenceSimulation": True}})
    page.goto(f"{home}/login?next=/account/second-factor/passkeys/new")
    page.get_by_label("User name").fill("ada")
    for name in ("Sign in", "Confirm"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()  # the page that it is on has its own field for the password
        page.get_by_label("Password").fill(PASSWORD)
        button.click()
    page.get_by_label("Name").fill("Blue key")
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Signs in alone")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{home}/")
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(f"{home}/")
    page.goto(f"{home}/account")
    page.get_by_role("link", name="Remove Blue key").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("Blue key")).to_have_count(0)
