"""Two ways to use a page: with the mouse, and by the keyboard alone. A journey is written once and gone by either."""

from abc import ABC, abstractmethod

from playwright.sync_api import Locator, Page, expect

# The letter after `g` that leads to a page.
LETTERS = {"Projects": "h", "Agents": "a", "Board": "b", "Plan": "p", "Settings": "s", "Replay": "y"}
# True if the element comes after what has the focus, so that Tab leads there and not Shift+Tab.
IS_AHEAD = """(element) => {
  const from = document.activeElement;
  return !from || from === document.body || Boolean(from.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""
FAR = 120  # presses of Tab after which a control counts as out of reach
CHOSEN = "(select) => select.selectedOptions[0].label"
SEEN = """(element) => {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return style.visibility === "visible" && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""


class Hands(ABC):
    """What a person does to a page; each deed waits until its control is there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @abstractmethod
    def press(self, control: Locator) -> None:
        """Use a button, a link or the head of a menu."""

    @abstractmethod
    def write(self, field: Locator, text: str) -> None:
        """Put a text in the place of what a field holds."""

    @abstractmethod
    def choose(self, field: Locator, option: str) -> None:
        """Choose an option of a select by its words."""

    @abstractmethod
    def go(self, place: str) -> None:
        """Go to a page of the bar at the top."""

    @abstractmethod
    def reach(self, control: Locator) -> None:
        """Give a control the focus."""

    @abstractmethod
    def open_task(self, title: str) -> None:
        """Go to a task's page, from any page of its project."""


class Mouse(Hands):
    def press(self, control: Locator) -> None:
        control.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def choose(self, field: Locator, option: str) -> None:
        field.select_option(label=option)

    def go(self, place: str) -> None:
        self.page.wait_for_load_state()  # the styles decide what is in the menu
        link = self.page.locator("header.top").get_by_role("link", name=place, exact=place != "Projects")
        if not link.is_visible():
            self.page.get_by_title("More pages of this project").click()
        with self.page.expect_navigation():
            link.click()

    def reach(self, control: Locator) -> None:
        control.focus()

    def open_task(self, title: str) -> None:
        self.go("Board")
        with self.page.expect_navigation():
            self.page.locator("[data-task] .card-title").get_by_role("link", name=title).click()


class Keyboard(Hands):
    """No mouse: focus moves by Tab, by shortcuts and by what the page itself does."""

    def press(self, control: Locator) -> None:
        self.reach(control)
        self.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose(self, field: Locator, option: str) -> None:
        self.reach(field)
        for _ in range(field.locator("option").count()):
            if field.evaluate(CHOSEN) == option:
                return
            self.page.keyboard.press("ArrowDown")
        assert field.evaluate(CHOSEN) == option

    def go(self, place: str) -> None:
        self._await_keys()
        with self.page.expect_navigation():
            self.page.keyboard.press("g")
            self.page.keyboard.press(LETTERS[place])

    def open_task(self, title: str) -> None:
        self._await_keys()
        self.page.keyboard.press("Control+k")
        expect(self.page.get_by_role("combobox", name="Search or do something")).to_be_focused()
        with self.page.expect_navigation():
            self.page.keyboard.insert_text(title)
            self.page.keyboard.press("Enter")

    def _await_keys(self) -> None:
        """Wait until the page has read its shortcuts, which it does after it is drawn."""
        expect(self.page.locator('header [data-key="g h"][title$=")"]')).to_be_attached()

    def reach(self, control: Locator) -> None:
        """Move the focus to a control with Tab or Shift+Tab; it must be on the screen then."""
        self.page.wait_for_load_state()
        expect(control).to_be_visible()
        if control.evaluate("(element) => element === document.activeElement"):
            return
        key = "Tab" if control.evaluate(IS_AHEAD) else "Shift+Tab"
        for _ in range(FAR):
            self.page.keyboard.press(key)
            if control.evaluate("(element) => element === document.activeElement"):
                assert control.evaluate(SEEN), f"{control} has the focus and is not on the screen"
                return
        where = self.page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        raise AssertionError(f"{FAR} presses of {key} did not lead to {control}; the focus is on {where}")
