"""The agents' door on a real server: its page in a real browser, and a stream over a real connection."""

import http.client
import json
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.journeys.conftest import ADA
from tests.prepared import serving
from tests.servers import MusterServer
from tests.servers.process import LONG


@pytest.fixture(scope="module")
def door() -> Iterator[MusterServer]:
    """One server for all tests here; only one of them writes, a project of its own."""
    with serving(ADA, ready_path="/login") as server:
        yield server


def test_the_page_of_the_api_works_under_its_own_policy_with_our_files_only(door: MusterServer, page: Page) -> None:
    said: list[str] = []
    asked: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def note_request(request: Request) -> None:
        asked.append(request.url)

    page.on("console", note_message)
    page.on("request", note_request)
    page.goto(f"{door.url}/api/docs")
    expect(page.get_by_role("heading", name="Muster")).to_be_visible()
    page.locator("#operations-work-claimTasks").click()
    expect(page.get_by_text("Claim the most urgent tasks").first).to_be_visible()
    assert [url for url in asked if not url.startswith((door.url, "data:"))] == []
    assert said == []


def test_events_stream_as_they_happen(door: MusterServer) -> None:
    key = door.manage("createkey", "--name", "watcher", "--scope", "coordinator").split()[-1]
    address = urlsplit(door.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LONG)
    connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {key}", "Accept": "text/event-stream"})
    stream = connection.getresponse()
    assert (stream.status, stream.getheader("Content-Type")) == (200, "text/event-stream")
    assert stream.readline() == b"retry: 2000\n"
    request = urllib.request.Request(
        f"{door.url}/api/v1/projects",
        data=json.dumps({"slug": "blog", "name": "Blog"}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=LONG) as made:
        assert made.status == 201
    lines = []
    while not lines or not lines[-1].startswith(b"data:"):
        lines.append(stream.readline())
    assert b"event: project.created\n" in lines
    assert json.loads(lines[-1][len(b"data:") :])["project"] == "blog"
    connection.close()


def test_a_head_request_answers_without_a_body(door: MusterServer) -> None:
    address = urlsplit(door.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LONG)
    for path, status in (("/livez", 200), ("/api/v1/tasks", 401)):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
    connection.close()
