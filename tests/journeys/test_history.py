"""Reading what changed in a real browser: side by side on any width, remarks by keyboard, and nothing in the way of anybody."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import ADA, sign_in
from tests.prepared import serving
from tests.servers import MusterServer
from tests.servers.browser import accessibility_faults, colour_faults

MAKE = """
import json
from coordination.models import User
from coordination.operations import phases, projects
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
ada = User.objects.get().actor
project = projects.create_project(slug="tally", name="Tally", actor=ada)
phase = phases.create_phase(project, name="Build", actor=ada)
text = "# Parse\\n\\nRead every line of the old file.\\n\\n- one\\n- two\\n"
code = "".join(f"def step_{n}(value):\\n    return value + {n}  # as agreed\\n\\n\\n" for n in range(40))
new = NewTask(title="Write the parser", phase=phase, instructions=text, files={"context/a.py": code.encode()})
task = create_task(project, new, actor=ada)
first = task.head
changed = {"context/a.py": code.replace("value + 20", "value + 21").encode(), "instructions.md": text.replace("old", "new").encode()}
task = save_files(task, changed, base=task.head, actor=ada, message="Read the new file")
print(json.dumps([task.pk, first, task.head]))
"""


# What waits for a person is counted anew, as it is whenever something happened.
REFRESHED = """() => new Promise((told) => {
  document.body.addEventListener("htmx:afterSettle", () => setTimeout(told), { once: true });
  htmx.trigger(document.body, "muster:changed");
})"""


@dataclass
class Told:
    """A server with one task of two versions."""

    site: MusterServer
    task: int
    first: str
    second: str

    def at(self, path: str) -> str:
        return f"{self.site.url}/t/{self.task}/{path}"


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    with serving(ADA, ready_path="/login") as server:
        made = server.shell(MAKE)
        yield Told(server, *json.loads(made.strip().splitlines()[-1]))


def in_layout(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")


def test_changes_are_read_side_by_side_on_any_width(told: Told, page: Page) -> None:
    sign_in(page, told.site)
    page.goto(told.at(f"commits/{told.second}"))
    in_layout(page, "Side by side")
    row = page.locator("tr", has=page.locator("td.added", has_text="value + 21"))
    expect(row.locator("td.removed.code")).to_contain_text("value + 20")
    before, after = (row.locator(f"td.{tone}.code").bounding_box() for tone in ("removed", "added"))
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    page.set_viewport_size({"width": 390, "height": 844})
    before, after = (row.locator(f"td.{tone}.code").bounding_box() for tone in ("removed", "added"))
    assert before is not None
    assert after is not None
    assert after["y"] > before["y"], "two columns are too narrow here"
    assert after["width"] > 250
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Show 20 above").first.click()
    expect(page.locator("td.code:not(.twin)", has_text="def step_15(value):")).to_be_visible()
    in_layout(page, "Rendered")
    expect(page.locator("del", has_text="old")).to_be_visible()
    expect(page.locator("ins", has_text="new")).to_be_visible()
    in_layout(page, "Unified")


def test_a_remark_is_said_and_resolved_by_keyboard(told: Told, page: Page) -> None:
    sign_in(page, told.site)
    page.goto(told.at(f"commits/{told.second}"))
    buttons = page.locator("section", has_text="context/a.py").locator("button.say")
    expect(buttons.nth(1)).to_have_attribute("tabindex", "-1")
    buttons.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(buttons.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Remark on line")
    expect(box).to_be_focused()
    page.keyboard.type("Why ")
    page.evaluate(REFRESHED)
    page.keyboard.type("*this*")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(buttons.nth(2)).to_be_focused()
    buttons.nth(1).click()
    expect(box).to_have_value("")
    buttons.nth(2).click()
    expect(box).to_have_value("Why *this*")
    page.keyboard.press("End")
    page.keyboard.type(" number?")
    page.keyboard.press("Control+Enter")
    remark = page.locator(".remark", has_text="Why this number?")
    expect(remark).to_contain_text("in the next brief")
    expect(buttons.nth(2)).to_be_focused()
    page.keyboard.press("Tab")
    expect(remark.get_by_role("button", name="Resolve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(remark).to_contain_text("resolved by ada")


def test_a_file_that_is_viewed_folds_up(told: Told, page: Page) -> None:
    sign_in(page, told.site)
    page.goto(told.at(f"compare?from={told.first}&to=now"))
    file = page.locator("[data-file]").first
    file.get_by_role("button", name="Viewed").click()
    expect(file.locator("table")).to_be_hidden()
    expect(page.locator("#viewed-count")).to_have_text("1")
    file.get_by_role("button", name="Viewed").click()
    expect(file.locator("table")).to_be_visible()
    expect(page.locator("#viewed-count")).to_have_text("0")


def test_code_and_remarks_are_accessible(told: Told, page: Page) -> None:
    sign_in(page, told.site)
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another is neither
    page.goto(told.at(f"commits/{told.second}"))
    faults: dict[str, list[str]] = {}
    for layout in ("Side by side", "Rendered", "Unified"):
        in_layout(page, layout)
        faults[layout] = accessibility_faults(page)
    page.locator("button.say").first.focus()
    page.keyboard.press("Enter")
    faults["remark"] = accessibility_faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    faults["dark"] = colour_faults(page)
    assert {where: found for where, found in faults.items() if found} == {}
