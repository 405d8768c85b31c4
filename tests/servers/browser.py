"""Debian's Chromium for pytest-playwright, kept off the network, and the accessibility check of a page."""

import os
import shutil

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.servers.process import ServerError

MISSING = "No Chromium here. Install it (Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/chromium"
# Without these it looks for its maker's hosts at every start, which a closed network refuses many times a second.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str:
    """Return the browser's path; ServerError with the remedy if there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise ServerError(MISSING)


def launch_arguments() -> dict[str, object]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    return {"executable_path": chromium_path(), "args": [*sandbox, *QUIET]}


def accessibility_faults(page: Page) -> list[str]:
    """Return a line for each rule that the page as it stands breaks (axe-core): the rule, why, and the elements."""
    violations = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['help']}: {', '.join(str(node['target']) for node in fault['nodes'])}" for fault in violations]
