"""Debian's Chromium for pytest-playwright, kept off the network, and the accessibility check of a page."""

import os
import shutil

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.servers.process import ServerError

MISSING = "No Chromium here. Install it (Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/chromium"
# The shell comes first: the same engine without a window's own pages takes less than half the time for a page.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Without these it looks for its maker's hosts at every start, which a closed network refuses many times a second.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# What something at the edge of its scroller covers or comes close to is asked about again where it can be scrolled to.
ASK_AXE = """async (options) => {
  const found = (await axe.run(options)).violations;
  for (const fault of found.filter((each) => each.id === 'target-size')) {
    const left = [];
    for (const node of fault.nodes) {
      document.querySelector(node.target[0]).scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
      const again = await axe.run({include: [node.target]}, {runOnly: {type: 'rule', values: ['target-size']}});
      if (again.violations.length > 0) left.push(node);
    }
    fault.nodes = left;
  }
  return found.filter((fault) => fault.nodes.length > 0);
}"""


def chromium_path() -> str:
    """Return the browser's path; ServerError with the remedy if there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise ServerError(MISSING)


def launch_arguments() -> dict[str, object]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    return {"executable_path": chromium_path(), "args": [*sandbox, *QUIET]}


def accessibility_faults(page: Page) -> list[str]:
    """Return a line for each rule that the page as it stands breaks (axe-core): the rule, why, and the elements."""
    return _told_by_axe(page, {"runOnly": list(TAGS), "rules": {"target-size": {"enabled": True}}})


def colour_faults(page: Page) -> list[str]:
    """The same of the rules that another theme may break, which are few and quickly asked."""
    return _told_by_axe(page, {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}})


def _told_by_axe(page: Page, options: dict[str, object]) -> list[str]:
    page.wait_for_load_state()  # without its styles a page breaks other rules
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    told = page.evaluate(ASK_AXE, options | {"resultTypes": ["violations"]})
    return [f"{fault['id']}: {fault['help']}: {', '.join(str(node['target']) for node in fault['nodes'])}" for fault in told]
