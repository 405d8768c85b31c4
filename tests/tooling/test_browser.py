"""The browser that page tests use: it opens, and the accessibility check tells good from bad."""

from playwright.sync_api import Page

from tests.servers.browser import accessibility_faults

GOOD = '<!doctype html><html lang="en"><head><title>Muster</title></head><body><main><h1>Muster</h1></main></body></html>'


def test_a_page_without_faults_has_none(page: Page) -> None:
    page.set_content(GOOD)
    assert accessibility_faults(page) == []


def test_a_picture_without_words_is_a_fault(page: Page) -> None:
    page.set_content(GOOD.replace("</h1>", '</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'))
    assert any(fault.startswith("image-alt") for fault in accessibility_faults(page))
