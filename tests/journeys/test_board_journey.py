"""A project from nothing to its end in a browser, run by three real agents."""

from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.hands import Mouse
from tests.journeys.journey import Journey
from tests.servers import MusterServer


def test_a_project_is_planned_run_reviewed_and_replayed(site: MusterServer, page: Page, tmp_path: Path) -> None:
    journey = Journey(page, site, Mouse(page))
    journey.whole(tmp_path)
    assert journey.faults() == []
