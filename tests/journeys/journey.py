"""One project from nothing to its end, step by step: what a person does, and what the page must then show."""

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

from tests.journeys.conftest import PASSWORD
from tests.journeys.crew import Worker, crew
from tests.journeys.hands import Hands
from tests.servers import MusterServer

FIRST_TEXT = "# Measure\n\nMeasure the height from the door.\n"
SECOND_TEXT = "# Measure\n\nMeasure the height from the sea, in metres.\n"
SLOW = 120_000  # ms: an agent's process, a claim and an event lie between


class Journey:
    """A browser, a pair of hands, and what was seen on the way: the console's complaints and the addresses of pages."""

    def __init__(self, page: Page, site: MusterServer, hands: Hands) -> None:
        self.page, self.site, self.hands = page, site, hands
        self.complaints: list[str] = []
        self.visited: dict[str, None] = {}
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _note(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.request.method == "GET" and response.status == 200:
            self.visited[response.url] = None

    def whole(self, directory: Path) -> None:
        """Go the whole way."""
        self.sign_in()
        self.create_the_project()
        self.plan_two_phases()
        self.plan_the_tasks()
        self.add_a_dependency()
        key = self.make_a_key()
        self.add_quickly_what_fits_the_filter()
        with crew(directory, url=self.site.url, key=key, project="lighthouse") as workers:
            self.watch_three_agents_begin()
            self.answer_a_question_at_home(workers["jean"])
            self.watch_cards_move(workers)
            self.request_changes()
            self.rewrite_the_instructions()
            self.approve_the_second_result(workers["jared"])
            self.open_the_gate_at_home(workers["quill"])
        self.compare_what_was_told_with_now()
        self.restore_the_first_version()
        self.replay_the_board()

    # Planning

    def sign_in(self) -> None:
        self.page.goto(f"{self.site.url}/login")
        self.hands.write(self.page.get_by_label("User name"), "ada")
        self.hands.write(self.page.get_by_label("Password"), PASSWORD)
        self.hands.press(self.page.get_by_role("button", name="Sign in"))
        expect(self.page.get_by_role("heading", name="No projects yet")).to_be_visible()

    def create_the_project(self) -> None:
        self.hands.press(self.page.locator("summary", has_text="New project"))
        self.hands.write(self.page.get_by_label("Name"), "Lighthouse")
        self.hands.write(self.page.get_by_label("Slug"), "lighthouse")
        self.hands.press(self.page.get_by_role("button", name="Create the project"))
        expect(self.page.get_by_role("heading", name="Plan", exact=True)).to_be_visible()

    def plan_two_phases(self) -> None:
        for name, start in (("Survey", "Opens by itself"), ("Build", "A person opens it")):
            self.page.wait_for_load_state()
            field = self.page.get_by_label("Name")
            if not field.is_visible():
                self.hands.press(self.page.locator("#new-phase > summary"))
            self.hands.write(field, name)
            self.hands.choose(self.page.get_by_label("Gate"), start)
            self.hands.press(self.page.get_by_role("button", name="Add the phase"))
            expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        expect(self.phase("Build")).to_contain_text("Gate closed")

    def plan_the_tasks(self) -> None:
        self.add_task("Measure the tower", phase="Survey", can="python", instructions=FIRST_TEXT, review="Required")
        self.add_task("Choose the lamp", phase="Survey", can="design", instructions="Choose one lamp.")
        self.add_task("Write the handbook", phase="Build", can="writing", instructions="Say how to light it.")

    def add_task(self, title: str, *, phase: str, can: str, instructions: str, review: str = "") -> None:
        self.hands.go("Plan")
        self.hands.press(self.page.get_by_role("link", name="New task"))
        self.hands.write(self.page.get_by_label("Title"), title)
        self.hands.choose(self.page.get_by_label("Phase"), phase)
        self.hands.write(self.page.get_by_label("Instructions"), instructions)
        self.hands.press(self.page.locator("#more > summary"))
        self.hands.write(self.page.get_by_label("Capabilities"), can)
        if review:
            self.hands.choose(self.page.get_by_label("Review of the result"), review)
        self.hands.press(self.page.get_by_role("button", name="Create the task"))
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()

    def add_a_dependency(self) -> None:
        self.hands.go("Plan")
        row = self.phase("Build").get_by_role("listitem").filter(has_text="Write the handbook")
        self.hands.press(row.get_by_label(re.compile("^What #")))
        field = self.page.get_by_label("Wait also for task")
        expect(field).to_be_visible()
        self.hands.write(field, "measure")
        expect(self.page.get_by_role("option", name="Measure the tower")).to_be_visible()
        self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Enter")
        expect(row).to_contain_text("waits for #")

    def make_a_key(self) -> str:
        self.hands.go("Settings")
        self.hands.write(self.page.get_by_label("Name of the key"), "The crew")
        self.hands.press(self.page.get_by_role("button", name="Create a key"))
        return self.page.locator("#the-key").inner_text().strip()

    def add_quickly_what_fits_the_filter(self) -> None:
        self.hands.go("Board")
        self.hands.write(self.page.locator("input[data-key='/']"), "needs:writing")
        self.page.keyboard.press("Enter")
        expect(self.page).to_have_url(re.compile("q=needs"))
        expect(self.card("Choose the lamp")).to_have_count(0)
        field = self.page.get_by_label("Title of a new task")
        self.hands.write(field, "List the tools")
        self.page.keyboard.press("Enter")
        expect(self.column("queued")).to_contain_text("List the tools")
        expect(field).to_be_focused()

    # Watching

    def watch_three_agents_begin(self) -> None:
        self.leave_the_field()
        self.hands.go("Board")
        expect(self.page.locator("[data-live-words]").first).to_have_text("Live")
        self.page.evaluate("window.loadedOnce = true")
        for title, agent in (("Measure the tower", "jared"), ("Choose the lamp", "jean"), ("List the tools", "quill")):
            expect(self.column("progress").filter(has_text=title)).to_contain_text(agent, timeout=SLOW)
        expect(self.card("Measure the tower").get_by_role("progressbar")).to_have_attribute("value", "40", timeout=SLOW)
        expect(self.column("waiting")).to_contain_text("Write the handbook")
        assert self.page.evaluate("window.loadedOnce"), "the board was loaded again"

    def answer_a_question_at_home(self, jean: Worker) -> None:
        self.hands.go("Projects")
        expect(self.page.locator("[data-live-words]").first).to_have_text("Live")
        jean.does(outcome="ask", question="Which colour shall the light have?")
        answer = self.page.get_by_label(re.compile("^Your answer to #"))
        expect(answer).to_be_visible(timeout=SLOW)
        expect(self.page).to_have_title(re.compile(r"^\(1\) "))
        self.hands.write(answer, "White.")
        self.page.keyboard.press("Control+Enter")
        expect(answer).to_have_count(0)
        expect(self.page).to_have_title(re.compile("^Projects"))

    def open_the_project(self) -> None:
        self.hands.press(self.page.locator("#home").get_by_role("link", name="Lighthouse").first)
        expect(self.page.locator("#board")).to_be_visible()
        expect(self.page.locator("[data-live-words]").first).to_have_text("Live")

    def watch_cards_move(self, workers: dict[str, Worker]) -> None:
        self.open_the_project()
        self.page.evaluate("window.loadedOnce = true")
        workers["jean"].does(result="A white lamp.")
        expect(self.column("done")).to_contain_text("Choose the lamp", timeout=SLOW)
        workers["quill"].does(result="A broom and a cloth.")
        expect(self.column("done")).to_contain_text("List the tools", timeout=SLOW)
        workers["jared"].does(result="It is **30** high.")
        expect(self.column("needs")).to_contain_text("Measure the tower", timeout=SLOW)
        assert self.page.evaluate("window.loadedOnce"), "the board was loaded again"

    # Reviewing

    def request_changes(self) -> None:
        self.hands.open_task("Measure the tower")
        expect(self.page.get_by_text("It is 30 high.")).to_be_visible()
        self.hands.write(self.page.get_by_label("Comment"), "Say 30 of *what*.")
        self.hands.press(self.page.get_by_role("button", name="Request changes"))
        expect(self.page.get_by_text("is working on it.")).to_be_visible(timeout=SLOW)
        expect(self.page.locator(".task-head")).to_contain_text("Running", timeout=SLOW)
        self.still_has_the_focus()

    def rewrite_the_instructions(self) -> None:
        self.hands.press(self.page.locator("a[data-key='i']"))
        self.hands.write(self.page.locator("#content"), SECOND_TEXT)
        self.hands.press(self.page.get_by_role("button", name="Preview"))
        expect(self.page.locator("#preview")).to_contain_text("from the sea, in metres")
        self.hands.press(self.page.get_by_role("button", name="Save a new version"))
        expect(self.page.get_by_role("heading", name="Context files")).to_be_visible()
        expect(self.page.get_by_text("from the sea, in metres")).to_be_visible()

    def approve_the_second_result(self, jared: Worker) -> None:
        self.hands.press(self.page.get_by_role("link", name="Overview"))
        expect(self.page.locator("[data-live-words]").first).to_have_text("Live")
        jared.does(result="It is 30 metres high.")
        expect(self.page.get_by_role("heading", name="Is the work of attempt")).to_be_visible(timeout=SLOW)
        expect(self.page.get_by_text("It is 30 metres high.")).to_be_visible()
        self.hands.press(self.page.get_by_role("button", name="Approve"))
        expect(self.page.locator(".task-head")).to_contain_text("Done")
        self.still_has_the_focus()

    def open_the_gate_at_home(self, quill: Worker) -> None:
        self.hands.go("Projects")
        gate = self.page.get_by_role("button", name="Open the gate of Build")
        expect(gate).to_be_visible(timeout=SLOW)
        self.hands.press(gate)
        expect(gate).to_have_count(0)
        self.open_the_project()
        quill.does(result="Turn the key, then the wheel.", usage={"output_tokens": 1200})
        self.hands.open_task("Write the handbook")
        expect(self.page.locator(".task-head")).to_contain_text("Done", timeout=SLOW)

    # Looking back

    def compare_what_was_told_with_now(self) -> None:
        self.hands.open_task("Measure the tower")
        self.hands.press(self.page.get_by_role("link", name="History"))
        self.hands.press(self.page.get_by_role("link", name=re.compile("^What attempts? 1.* saw, and now$")))
        expect(self.page.locator("tr.removed").filter(has_text="from the door")).to_be_visible()
        expect(self.page.locator("tr.added").filter(has_text="from the sea")).to_be_visible()

    def restore_the_first_version(self) -> None:
        self.hands.press(self.page.get_by_role("link", name=re.compile("^Restore [0-9a-f]{8}")))
        self.hands.press(self.page.get_by_role("button", name="Restore", exact=True))
        expect(self.page.get_by_text("Measure the height from the door.")).to_be_visible()

    def replay_the_board(self) -> None:
        self.hands.go("Replay")
        slider = self.page.get_by_label("Moment of the replay")
        expect(self.page.locator("#then-done .then-count")).to_have_text("4")
        self.hands.reach(slider)
        self.page.keyboard.press("Home")
        expect(self.page.locator("#then-done .then-count")).to_have_text("0")
        for _ in range(4):
            self.page.keyboard.press("ArrowRight")
        expect(self.page.locator(".then-card").filter(has_text="Measure the tower")).to_be_visible()
        expect(self.page.locator("#then-done .then-count")).to_have_text("0")

    # What was seen

    def faults(self) -> list[str]:
        """Return the console's complaints so far, and the visited pages that are wider than a phone."""
        complaints = list(self.complaints)
        self.page.set_viewport_size({"width": 390, "height": 844})
        for address in list(self.visited):
            self.page.goto(address)
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                complaints.append(f"{address} is wider than the window")
        return complaints

    def still_has_the_focus(self) -> None:
        expect(self.page.locator("main :focus")).to_have_count(1)

    def leave_the_field(self) -> None:
        self.page.keyboard.press("Escape")

    def phase(self, name: str) -> Locator:
        return self.page.locator("[data-phase]").filter(has=self.page.get_by_role("heading", name=name))

    def card(self, title: str) -> Locator:
        return self.page.locator("[data-task]").filter(has_text=title)

    def column(self, key: str) -> Locator:
        return self.page.locator(f"#column-{key}")
