"""What the graph and the timeline do with a script, in a real browser: zoom, walk, draw a dependency, refresh without moving."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import sign_in
from tests.journeys.test_first_pages import add_task
from tests.servers import MusterServer


def view_of(page: Page) -> list[float]:
    return [float(part) for part in (page.locator("#graph-svg").get_attribute("viewBox") or "").split()]


@pytest.fixture
def graph(shared: MusterServer, page: Page) -> Page:
    page.set_viewport_size({"width": 1280, "height": 844})
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/graph")
    expect(page.locator(".is-zoomable #graph-svg")).to_be_visible()
    expect(page.locator("[data-live-words]").first).to_have_text("Live")
    return page


def test_a_dependency_is_drawn_refused_and_removed_while_the_view_stays(shared: MusterServer, graph: Page) -> None:
    before = view_of(graph)
    whole = graph.locator("#graph-svg").evaluate("svg => [Number(svg.dataset.width), Number(svg.dataset.height)]")
    assert (before[0], before[1]) <= (0, 0)
    assert (before[2], before[3]) >= tuple(whole)
    expect(graph.locator("#graph-map")).to_be_hidden()
    graph.get_by_role("button", name="Larger").click()
    zoomed = view_of(graph)
    assert zoomed[2] < before[2]
    expect(graph.locator("#graph-map")).to_be_visible()
    graph.reload()
    expect(graph.locator(".is-zoomable #graph-svg")).to_be_visible()
    assert view_of(graph) == pytest.approx(zoomed, abs=1)
    expect(graph.locator("[data-live-words]").first).to_have_text("Live")
    graph.get_by_role("button", name="Fit the whole graph").click()
    draw(graph, source=9, target=12)
    expect(graph.locator("#e9-12")).to_be_attached()
    expect(graph.locator("#n12")).to_contain_text("Waiting")
    draw(graph, source=12, target=9)
    expect(graph.locator("#toasts")).to_contain_text("That would make a circle: #9 → #12 → #9.")
    graph.locator(".graph-view").focus()
    graph.keyboard.press("+")
    seen = view_of(graph)
    add_task(shared, "Made by somebody else")
    expect(graph.get_by_role("link", name="Made by somebody else")).to_be_attached()
    assert view_of(graph) == seen
    graph.locator("#n12").focus()
    graph.keyboard.press("Enter")
    panel = graph.locator("#graph-panel")
    expect(panel.get_by_role("heading", name="Write the manual page")).to_be_focused()
    panel.get_by_role("button", name="Do not wait for #9").click()
    expect(graph.locator("#e9-12")).to_have_count(0)
    panel.get_by_label("Task", exact=True).fill("#7")
    panel.get_by_role("button", name="Add the dependency").click()
    expect(graph.locator("#e7-12")).to_be_attached()
    graph.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(graph.locator("#n12")).to_be_focused()
    graph.keyboard.press("ArrowLeft")
    expect(graph.locator("#n7")).to_be_focused()


def draw(page: Page, *, source: int, target: int) -> None:
    page.locator(f"#n{source} .box").hover()
    handle = page.locator(".draw-handle").bounding_box()
    goal = page.locator(f"#n{target} .box").bounding_box()
    assert handle is not None
    assert goal is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(goal["x"] + 30, goal["y"] + 10, steps=4)
    page.mouse.up()


def test_it_is_read_without_a_script(shared: MusterServer, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, shared)
    page.goto(f"{shared.url}/p/tally/graph")
    page.locator("#n9").click()
    expect(page.get_by_role("heading", name="Draw the daily curve in the browser")).to_be_visible()
    page.get_by_label("Task", exact=True).fill("#7")
    page.get_by_role("button", name="Add the dependency").click()
    expect(page.locator("#e7-9")).to_be_attached()
    context.close()
