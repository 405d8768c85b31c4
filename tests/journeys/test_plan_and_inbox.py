"""What scripts add to the plan and to home, in a real browser: order by keys and by dragging, picking, answering live."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults

ASK = """
from coordination.models import ApiKey, Agent, Task
from coordination.operations import claims, finish, leases
from coordination.operations.tokens import holder_of
key, jean, task = ApiKey.objects.get(), Agent.objects.get(name='jean'), Task.objects.get(title='Print JSON for other programs')
agent = Agent.objects.get(name='jared')
claimed = claims.claim_task(task.pk, agent, key_id=key.pk)
holder = holder_of(claimed.lease_token, task.pk, key.pk)
leases.start(holder)
finish.ask(holder, 'One object a line, or one list?')
"""

ANSWER = """
from coordination.models import Task, User
from coordination.operations.questions import answer
answer(Task.objects.get(pk=8), 'Yes, use it.', actor=User.objects.get().actor)
"""


def order(page: Page) -> list[str]:
    return page.locator("[data-phase] h2").all_inner_texts()


def test_phases_are_ordered_by_keys_and_by_dragging(shared: MusterServer, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 2600})  # so that nothing scrolls while it is dragged
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/plan")
    names = page.locator("[data-phase] h2")
    handle = page.get_by_label(re.compile("^Move Release with"))
    handle.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".toast")).to_contain_text("Release moved and begins after Build.")
    expect(names).to_have_text(["Design", "Build", "Release", "Verify"])
    expect(handle).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(names).to_have_text(["Design", "Build", "Verify", "Release"])
    expect(page.locator(".toast").last).to_contain_text("Release moved and begins after Verify.")
    last = page.locator("[data-phase]").last
    box = last.bounding_box()
    assert box is not None
    page.get_by_label(re.compile("^Move Verify with")).drag_to(last, target_position={"x": 60, "y": box["height"] - 20})
    expect(page.locator(".toast").last).to_contain_text("Verify moved and begins after Release.")
    page.reload()
    assert order(page) == ["Design", "Build", "Release", "Verify"]


def test_the_places_of_a_new_phase_follow_the_plan_while_its_form_is_half_filled(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/plan")
    expect(page.locator("[data-live-words]").first).to_have_text("Live")

    def somebody_else_posts(path: str, **fields: str) -> None:
        token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
        answer = page.context.request.post(
            f"{shared.url}{path}", form={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": page.url}
        )
        assert answer.ok

    form = page.locator("#new-phase")
    page.keyboard.press("Shift+N")
    expect(form.get_by_label("Name")).to_be_focused()
    form.get_by_label("Name").fill("Half typed")
    place = form.get_by_label("Place")
    place.select_option(label="After Build")
    somebody_else_posts("/p/tally/phases", name="Measure", gate="auto", behind="")
    expect(place.locator("option", has_text="After Measure")).to_be_attached()
    expect(place.locator("option:checked")).to_have_text("After Build")
    expect(form.get_by_label("Name")).to_have_value("Half typed")
    place.select_option(label="After Measure")
    somebody_else_posts(f"/phases/{place.input_value()}/delete")
    expect(page.locator(".toast").last).to_contain_text("is gone. It will come last")
    expect(place.locator("option:checked")).to_have_text("Last of all")


def test_a_dependency_is_picked_by_words_and_the_phase_drained_by_keyboard(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/plan")
    page.get_by_label("What #9 waits for").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Wait also for task")
    field.press_sequentially("compres")
    option = page.get_by_role("listbox").get_by_role("option")
    expect(option).to_have_count(1)
    assert accessibility_faults(page) == []
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    option.evaluate("(option) => option.classList.add('was-there')")
    field.press_sequentially("sed")
    expect(option).not_to_have_class(re.compile("was-there"))  # a later answer
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(field).to_have_value("#8")
    page.keyboard.press("Enter")
    row = page.locator(".phase-tasks > li", has_text="Draw the daily curve")
    expect(row).to_contain_text("waits for #8")
    page.get_by_label("Actions on Build").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("2 running attempts go on to the end.")
    page.get_by_role("button", name="Drain").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#phase-2")).to_contain_text("Draining")
    expect(page.get_by_label("Actions on Build")).to_be_focused()
    page.locator("#phase-2").get_by_role("button", name="Resume").click()
    expect(page.locator("#phase-2")).to_contain_text("Active")


def test_questions_come_in_live_and_are_answered_in_place(shared: MusterServer, page: Page) -> None:
    sign_in(page, shared)
    page.goto(shared.url)
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    first = page.get_by_label("Your answer to #8")
    first.fill("The standard li")
    shared.shell(ASK)
    second = page.get_by_label("Your answer to #7")
    expect(second).to_be_visible()
    expect(first).to_have_value("The standard li")
    expect(first).to_be_focused()
    second.fill("One object a line.")
    second.press("Control+Enter")
    expect(second).to_have_count(0)
    expect(page.locator("#need-task-10 a").first).to_be_focused()
    expect(first).to_have_value("The standard li")
    shared.shell(ANSWER)  # somebody else, while the focus is elsewhere
    page.get_by_label("Run #13 again").click()
    expect(page.locator("#need-task-13")).to_have_count(0)
    expect(first).to_have_value("The standard li")
    first.press("Control+Enter")
    expect(page.locator("#need-task-8 [role=alert]")).to_be_visible()
    expect(first).to_have_value("The standard li")
    first.fill("")
    page.locator("h1").click()
    page.evaluate("htmx.trigger(document.body, 'muster:changed')")
    expect(first).to_have_count(0)
