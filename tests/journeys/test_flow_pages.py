"""Replay, agents, activity and insights in a real browser: what their scripts add, and that nobody is shut out."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import sign_in
from tests.servers import MusterServer

SILENCE = "from coordination.models import Agent; from coordination.models.clock import now; "
SILENCE += "Agent.objects.filter(name='quill').update(silent_since=now())"
BEAT = "from coordination.models import Agent; from coordination.operations.agents import seen; seen(Agent.objects.get(name='quill'))"
SAY = "from coordination.models import Project, User; from coordination.operations.messages import say; "
BY_AGENT = "from coordination.models import Agent, Project; from coordination.operations.messages import say; "
BY_AGENT += "say(Project.objects.get(), 'Said by quill', actor=Agent.objects.get(name='quill').actor)"
ABOUT_A_TASK = "from coordination.models import Agent, Task; from coordination.operations.messages import say; "
ABOUT_A_TASK += "task = Task.objects.order_by('pk').first(); "
ABOUT_A_TASK += "say(task.project, 'About this', actor=Agent.objects.get(name='quill').actor, task=task); print(task.pk)"
SAY += "[say(Project.objects.get(), 'News from elsewhere', actor=User.objects.get().actor) for _ in range({})]"

APPROVE = "from coordination.models import Task, User; from coordination.operations.reviews import approve; "
APPROVE += "approve(Task.objects.filter(state='review').first(), actor=User.objects.get().actor)"
# What a browser that is looked at again does; the test's own window never leaves the screen.
LOOK_AWAY = "Object.defineProperty(document, 'hidden', { value: true, configurable: true })"
LOOK_BACK = "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
# Resolves to how many milliseconds lie between now and the second signal to count anew.
HEARS = """() => {
  const began = performance.now();
  let heard = 0;
  window.untilSecond = new Promise((told) =>
    document.addEventListener("sse:figures", () => (heard += 1) === 2 && told(performance.now() - began), true));
}"""


def test_the_board_is_played_back_by_keys(shared: MusterServer, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/replay")
    slider = page.get_by_label("Moment of the replay")
    now = page.locator(".replay-when .state")
    expect(now).to_have_text("Now")
    slider.focus()
    slider.press("ArrowLeft")
    expect(now).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?at=\d+$"))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d:\d\d, \d+ of \d+ done$"))
    slider.press("Home")
    expect(page.locator("#then-done .then-count")).to_have_text("0")
    slider.press("ArrowRight")
    expect(page.locator("#replay-previous")).to_be_enabled()
    page.get_by_label("Speed of the replay").select_option("16")
    slider.focus()
    slider.press(" ")
    expect(now).to_have_text("Now")
    expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    expect(slider).to_be_focused()


def test_the_board_is_played_back_without_a_script(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/replay")
    page.get_by_role("button", name="The beginning").click()
    expect(page.locator("#then-queued .then-count")).to_have_text("0")
    page.get_by_role("button", name="One moment on").click()
    expect(page).to_have_url(re.compile(r"\?at=\d+$"))
    context.close()


def test_an_agent_s_page_sees_its_heartbeat_come_back(shared: MusterServer, page: Page) -> None:
    shared.shell(SILENCE)
    sign_in(page, shared)
    page.goto(f"{shared.url}/a/quill/")
    expect(page.locator(".agent-head")).to_contain_text("Silent")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    page.get_by_label("Say something to Quill").fill("Half a sent")
    shared.shell(BEAT)
    expect(page.locator(".agent-head")).to_contain_text("Idle")
    expect(page.get_by_label("Say something to Quill")).to_have_value("Half a sent")


def test_news_wait_at_the_top_of_the_feed(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/activity")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    first = page.locator("#feed li").first.get_attribute("id")
    shared.shell(SAY.format(2))
    expect(page.locator("#news")).to_have_text(re.compile(r"^\s*2 new events\s*$"))
    assert page.locator("#feed li").first.get_attribute("id") == first
    page.get_by_role("link", name="2 new events").click()
    expect(page.locator("#feed li").first).to_contain_text("News from elsewhere")
    expect(page.locator("#news a")).to_have_count(0)
    shared.shell(SAY.format(1))
    expect(page.locator("#news")).to_have_text(re.compile(r"^\s*1 new event\s*$"))


def test_messages_are_read_when_they_are_shown_and_new_ones_stand_above_the_line(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/insights")
    unread = page.locator("#unread")
    expect(unread).to_be_visible()
    page.goto(f"{shared.url}/p/tally/messages")
    expect(unread).to_be_hidden()
    expect(page.locator("#messages .count")).to_have_count(0)
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    shared.shell(BY_AGENT)
    expect(page.locator("#messages .message").first).to_contain_text("Said by quill")
    expect(page.locator(".message:has(~ #new-line)").first).to_contain_text("Said by quill")
    expect(unread).to_be_hidden()
    page.goto(f"{shared.url}/p/tally/insights")  # the page of all messages would read it at once
    page.goto(f"{shared.url}/t/{shared.shell(ABOUT_A_TASK).strip()}/")
    expect(unread).to_be_visible()
    page.locator(".message", has_text="About this").scroll_into_view_if_needed()
    expect(unread).to_be_hidden()
    expect(page.locator("#read-form")).to_have_count(0)


def test_a_chart_is_read_out_by_keys_and_by_a_finger(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/insights?days=7")
    chart = page.locator("svg[data-chart=throughput-rows]")
    panel = page.locator("figure", has=chart)
    value = panel.locator(".plot-value")
    rows = panel.locator("tbody tr").all_text_contents()
    chart.focus()
    expect(value).to_contain_text(re.compile(r"\d+ \w+ +Done: \d+ tasks?"))
    chart.press("Home")
    expect(value).to_contain_text(rows[-1][:6])
    expect(panel.locator(".chart-says")).to_be_hidden()
    chart.blur()
    expect(panel.locator(".chart-says")).to_be_visible()
    busy = panel.locator(".bar-of").first
    busy.tap()
    expect(value.get_by_role("link")).to_be_visible()
    expect(page).to_have_url(re.compile("insights"))
    counted = value.get_by_role("link").inner_text()
    value.get_by_role("link").tap()
    page.wait_for_url(re.compile("/list"))
    expect(page.locator("tr[data-task]")).to_have_count(int(counted.split()[0]))
    context.close()


def test_insights_follow_what_happens_elsewhere_and_disturb_nobody(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/insights?days=7")
    done = page.locator(".figures div", has_text="Done").locator("b")
    panel = page.locator("figure", has=page.locator("#throughput-rows"))
    chart, table, value = panel.locator("svg[data-chart]"), panel.locator("details"), panel.locator(".plot-value")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    before = int(done.inner_text())
    table.locator("summary").click()
    chart.focus()
    expect(value).to_contain_text(re.compile(r"Done: \d+"))
    today = int((re.search(r"Done: (\d+)", value.inner_text()) or "0")[1])
    page.evaluate(HEARS)
    shared.shell(APPROVE)
    expect(done).to_have_text(str(before + 1))
    expect(value).to_contain_text(f"Done: {today + 1} task")
    expect(table).to_have_attribute("open", "")
    expect(chart).to_be_focused()
    shared.shell(SAY.format(1))
    assert page.evaluate("window.untilSecond") > 4_900  # ms: they are sent five seconds apart, if not heard later still
    page.evaluate(LOOK_AWAY)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(re.compile("/needs")):  # its title counts on
        shared.shell(SAY.format(1))
    assert not [url for url in asked if "/insights" in url]
    with page.expect_response(re.compile("/insights")):
        page.evaluate(LOOK_BACK)
    expect(chart).to_be_focused()
