"""`make screenshots`: pictures of the pages of a real server, small and wide, light and dark, in docs/screenshots.

Usage: python -m scripts.screenshots [--to DIRECTORY [--quick]] [NAME ...]

Without --to: the pages that the documentation shows. With it: every page, in its whole length, to look at one by one; a page
that scrolls sideways or writes an error to the console is named. NAMEs choose some of either.

The server runs on a throw-away directory with the sample project, which has two days behind it. The pages themselves are
listed in scripts/pictured.py.
"""

import argparse
import io
import sys
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from scripts.pictured import BEFORE, PAGES, PASSWORD, Shot
from tests.servers import MusterServer, running_muster
from tests.servers.browser import launch_arguments

ROOT = Path(__file__).resolve().parent.parent
SHELF = ROOT / "docs" / "screenshots"
SERVE = (sys.executable, "-m", "tests.journeys.serve")
ADMIN = f"""
from coordination.models import User
User.objects.create_superuser("ada", "", {PASSWORD!r})
"""
SAMPLE = f"""
from coordination.models import User
from coordination.operations.projects import grant_role
from coordination.operations.sample import make
ada = User.objects.get(username="ada")
people = {{role: User.objects.create_user(name, password={PASSWORD!r}) for name, role in (("pat", "planner"), ("vera", "viewer"))}}
project = make("tally", ada.actor)
for role, person in people.items():
    grant_role(project, person, role, actor=ada.actor)
"""
COLOURS = 256
SIZES = {1280: 860, 390: 844}
TALLEST = 2600
PATIENCE = 8_000  # milliseconds
MOST_BYTES = 6_000_000
Scheme = Literal["light", "dark"]
VARIANTS: list[tuple[Scheme, int]] = [("light", 1280), ("dark", 390), ("dark", 1280), ("light", 390)]


def smaller(picture: bytes) -> bytes:
    """Return the PNG with a palette instead of sixteen million colours."""
    small = io.BytesIO()
    image: Any = Image.open(io.BytesIO(picture)).convert("RGB").quantize(colors=COLOURS, kmeans=1, dither=Image.Dither.NONE)
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


def sign_in(browser: Browser, site: MusterServer, name: str, scheme: Scheme, width: int) -> Page:
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": SIZES[width]}).new_page()
    if name:
        page.goto(f"{site.url}/login")
        page.locator("[name=login]").fill(name)
        page.locator("[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/")
    return page


class Shelf:
    """Where the pictures go, and what was noticed while they were taken."""

    def __init__(self, place: Path, variants: list[tuple[Scheme, int]], *, whole: bool) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.place, self.variants, self.whole, self.total, self.faults = place, variants, whole, 0, set[str]()
        self._said: list[str] = []

    def watch(self, page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(8 * PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._said.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self._said.append(message.text)

    def take(self, page: Page, site: MusterServer, shot: Shot, scheme: Scheme, width: int) -> None:
        self._said.clear()
        answer = page.goto(f"{site.url}{shot.path}")
        if answer is None or answer.status != shot.status:
            self.faults.add(f"{shot.name}: {shot.path} answered {answer and answer.status}")
            return
        try:
            shot.first(page)
        except Error as error:
            self.faults.add(f"{shot.name}: {error.message.splitlines()[0]}")
        page.evaluate("document.fonts.ready")
        self.faults |= {f"{shot.name}: {said}" for said in self._said}
        wide, high = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if wide > width:
            self.faults.add(f"{shot.name}: scrolls sideways, {wide} of {width}")
        clip = {"x": 0, "y": 0, "width": width, "height": min(high, TALLEST) if self.whole else SIZES[width]}
        picture = page.screenshot(animations="disabled", caret="hide", full_page=self.whole, clip=clip, timeout=8 * PATIENCE)  # type: ignore[arg-type]  # a mapping of four numbers
        picture = picture if self.whole else smaller(picture)
        (self.place / f"{shot.name}-{width}-{scheme}.png").write_bytes(picture)
        self.total += len(picture)


def take_all(browser: Browser, site: MusterServer, shots: list[Shot], shelf: Shelf) -> None:
    for scheme, width in shelf.variants:
        for name in dict.fromkeys(shot.who for shot in shots):
            page = sign_in(browser, site, name, scheme, width)
            shelf.watch(page)
            for shot in shots:
                if shot.who == name:
                    shelf.take(page, site, shot, scheme, width)
            page.context.close()


def main(told: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description="Picture the pages of a sample project.")
    parser.add_argument("--to", type=Path, metavar="DIRECTORY", help="picture every page, in its whole length, into this directory")
    parser.add_argument("--quick", action="store_true", help="only wide and light, and small and dark")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pages")
    asked = parser.parse_args(told)

    def wanted(shots: list[Shot]) -> list[Shot]:
        return [shot for shot in shots if (shot.name in asked.names if asked.names else asked.to or shot.is_shown)]

    shelf = Shelf(asked.to or SHELF, VARIANTS[:2] if asked.quick else VARIANTS, whole=bool(asked.to))
    with running_muster(command=SERVE, ready_path="/login") as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_arguments())  # type: ignore[arg-type]  # a mapping of its options
        for prepare, shots in ((ADMIN, wanted(BEFORE)), (SAMPLE, wanted(PAGES))):
            site.manage("shell", "--no-imports", "-c", prepare)
            take_all(browser, site, shots, shelf)
        browser.close()
    for each in sorted(shelf.faults):
        print(each, file=sys.stderr)
    print(f"{shelf.total / 1e6:.1f} MB of pictures in {shelf.place}")
    if not asked.to and shelf.total > MOST_BYTES:
        print(f"That is more than the {MOST_BYTES / 1e6:.0f} MB that the repository should carry; show fewer pages.", file=sys.stderr)
        return 1
    return 1 if shelf.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
