"""`make screenshots`: pictures of every main page of a real server, small and wide, light and dark, in docs/screenshots.

Usage: python -m scripts.screenshots [NAME ...]   (no name: all of them)

The server runs on a throw-away directory with the sample project, whose few seconds are stretched to two days so that ages,
durations and charts look as they do in use. To picture a new page, add a line to PAGES; what the server does not have is
said and left out.
"""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.apps import apps
from django.db.models import DateTimeField
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import MusterServer, running_muster
from tests.servers.browser import launch_arguments

ROOT = Path(__file__).resolve().parent.parent
SHELF = ROOT / "docs" / "screenshots"
PASSWORD = "only-for-pictures"
SERVE = (sys.executable, "-m", "tests.journeys.serve")
PEOPLE = f"""
from coordination.models import Project, User
from coordination.operations.projects import grant_role
from coordination.operations.sample import make
ada = User.objects.create_superuser("ada", "", {PASSWORD!r})
project = make("tally", ada.actor)
for name, role in (("pat", "planner"), ("vera", "viewer")):
    grant_role(project, User.objects.create_user(name), role, actor=ada.actor)
from scripts.screenshots import stretch
stretch()
"""
LASTED = timedelta(hours=46)
COLOURS = 160  # an interface has few; text stays crisp and a picture is a third of its size
SIZES = {1280: 860, 390: 844}
MOST_BYTES = 6_000_000
Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Shot:
    """One page: its file name, its address, and what to do on it before the picture."""

    name: str
    path: str
    first: Callable[[Page], None] = lambda page: None


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    palette.get_by_role("combobox").fill("parser")
    palette.get_by_text("Write the parser for JSON lines").wait_for()


def _shortcuts(page: Page) -> None:
    page.keyboard.press("?")


PAGES = [
    Shot("home", "/"),
    Shot("board", "/p/tally/"),
    Shot("list", "/p/tally/list"),
    Shot("graph", "/p/tally/graph"),
    Shot("timeline", "/p/tally/timeline"),
    Shot("attempts", "/p/tally/grid"),
    Shot("plan", "/p/tally/plan"),
    Shot("insights", "/p/tally/insights"),
    Shot("replay", "/p/tally/replay"),
    Shot("activity", "/p/tally/activity"),
    Shot("messages", "/p/tally/messages"),
    Shot("history", "/p/tally/history"),
    Shot("plan-files", "/p/tally/plan/files"),
    Shot("settings", "/p/tally/settings"),
    Shot("task", "/t/7/"),
    Shot("question", "/t/8/"),
    Shot("review", "/t/10/"),
    Shot("task-files", "/t/7/files"),
    Shot("diff", "/t/7/diff"),
    Shot("compare", "/t/7/compare"),
    Shot("blame", "/t/7/blame"),
    Shot("attempt", "/t/3/attempts/1/"),
    Shot("agents", "/a/"),
    Shot("agent", "/a/jared/"),
    Shot("account", "/account"),
    Shot("palette", "/p/tally/", _palette),
    Shot("shortcuts", "/p/tally/", _shortcuts),
]


def stretch() -> None:
    """Spread what just happened over the last two days, in the order in which it happened. Runs inside the server's Django."""
    tables = [model for model in apps.get_app_config("coordination").get_models() if model._meta.managed]
    event = apps.get_model("coordination", "Event")
    began, ended = event._default_manager.earliest("at").at, datetime.now(UTC)
    slower = LASTED / (ended - began)

    def moved(moment: datetime) -> datetime:
        return ended - (ended - moment) * slower

    for model in tables:
        names = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
        for row in model._default_manager.values("pk", *names):
            changes = {name: moved(row[name]) for name in names if row[name] and began <= row[name] <= ended}
            if changes:
                model._default_manager.filter(pk=row["pk"]).update(**changes)
    # Those who hold a task were heard of just now.
    apps.get_model("coordination", "Agent")._default_manager.update(last_seen_at=ended - timedelta(seconds=12))
    apps.get_model("coordination", "Lease")._default_manager.update(
        renewed_at=ended - timedelta(seconds=12), expires_at=ended + timedelta(minutes=14)
    )


def smaller(picture: bytes) -> bytes:
    """Return the PNG with a palette instead of sixteen million colours."""
    small = io.BytesIO()
    image: Any = Image.open(io.BytesIO(picture)).convert("RGB").quantize(colors=COLOURS, dither=Image.Dither.NONE)
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


def sign_in(browser: Browser, site: MusterServer, scheme: Scheme, width: int) -> Page:
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": SIZES[width]}).new_page()
    page.goto(f"{site.url}/login")
    page.locator("[name=login]").fill("ada")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/")
    return page


def take(page: Page, site: MusterServer, shot: Shot, scheme: Scheme, width: int) -> int:
    """Save one picture and return its size in bytes; 0 if the server has no such page."""
    address = f"{site.url}{shot.path}"
    if page.request.get(address).status != 200:
        return 0
    page.goto(address)
    page.evaluate("document.fonts.ready")
    shot.first(page)
    picture = smaller(page.screenshot(animations="disabled", caret="hide"))
    (SHELF / f"{shot.name}-{width}-{scheme}.png").write_bytes(picture)
    return len(picture)


def main(names: list[str]) -> int:
    shots = [shot for shot in PAGES if not names or shot.name in names]
    SHELF.mkdir(parents=True, exist_ok=True)
    total, missing = 0, set()
    with running_muster(command=SERVE, ready_path="/login") as site, sync_playwright() as playwright:
        site.manage("shell", "--no-imports", "-c", PEOPLE)
        browser = playwright.chromium.launch(**launch_arguments())  # type: ignore[arg-type]  # a mapping of its options
        schemes: tuple[Scheme, ...] = ("light", "dark")
        for scheme in schemes:
            for width in SIZES:
                page = sign_in(browser, site, scheme, width)
                for shot in shots:
                    size = take(page, site, shot, scheme, width)
                    total += size
                    missing |= set() if size else {f"{shot.name} ({shot.path})"}
        browser.close()
    for each in sorted(missing):
        print(f"Left out, because this server has no such page: {each}")
    print(f"{len(list(SHELF.glob('*.png')))} pictures in {SHELF.relative_to(ROOT)}, {total / 1e6:.1f} MB of them new.")
    if total > MOST_BYTES:
        print(f"That is more than the {MOST_BYTES / 1e6:.0f} MB that the repository should carry; picture fewer pages.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
