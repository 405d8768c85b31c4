"""A project from nothing to its end by keyboard alone, run by three real agents."""

from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.hands import Keyboard
from tests.journeys.journey import Journey
from tests.servers import MusterServer


def test_a_project_is_planned_run_reviewed_and_replayed_without_a_mouse(site: MusterServer, page: Page, tmp_path: Path) -> None:
    journey = Journey(page, site, Keyboard(page))
    journey.whole(tmp_path)
    assert journey.faults() == []
