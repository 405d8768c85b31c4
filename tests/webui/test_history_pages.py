"""Logs of a task, a file and a project, and blame."""

import re

import pytest
from django.utils.html import strip_tags

from coordination.actor import SYSTEM
from coordination.models import Agent, ApiKey, Phase, Project, Task, User
from coordination.operations import finish
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
from coordination.operations.report import Report
from tests.webui.conftest import signed_in, started
from webui.templatetags.history import churn_of

TEXT = "".join(f"line {number}\n" for number in range(30)).encode()


def save(task: Task, by: User, changes: dict[str, bytes | None], message: str) -> str:
    task.refresh_from_db()
    return save_files(task, changes, base=task.head, actor=by.actor, message=message).head


def words(page: bytes) -> str:
    return " ".join(strip_tags(page.decode()).split())


def test_the_log_of_a_task_lists_versions_with_their_figures(pat: User, task: Task) -> None:
    save(task, pat, {"context/a.md": TEXT}, "Add a file")
    page = signed_in(pat).get(f"/t/{task.pk}/history").content
    assert re.search(
        r"Add a file current Person pat · (now|\d+ s ago) · 1 file \+30 −0", words(page.replace(b'aria-label="person">', b">Person "))
    )
    assert page.count(b'type="radio" name="from"') == 2
    assert b"checked" in page


@pytest.mark.parametrize(
    ("added", "removed", "blocks"),
    [
        (1, 1, (1, 1, 3)),
        (40, 40, (2, 2, 1)),
        (1, 400, (1, 4, 0)),
        (400, 1, (4, 1, 0)),
        (51, 49, (3, 2, 0)),
        (7, 0, (5, 0, 0)),
        (0, 0, (0, 0, 5)),
    ],
)
def test_the_blocks_of_a_change_are_as_many_as_its_sides_are_large(added: int, removed: int, blocks: tuple[int, int, int]) -> None:
    drawn = churn_of(added, removed)
    assert tuple(drawn.count(f"churn-{tone}") for tone in ("added", "removed", "none")) == blocks


def test_the_log_of_a_file_follows_its_names(pat: User, task: Task) -> None:
    save(task, pat, {"context/old.md": TEXT}, "Begin")
    save(task, pat, {"context/old.md": None, "context/new.md": TEXT}, "Rename it")
    save(task, pat, {"context/new.md": TEXT + b"more\n"}, "Go on")
    page = words(signed_in(pat).get(f"/t/{task.pk}/history?path=context/new.md").content)
    assert page.index("Go on") < page.index("Rename it") < page.index("Begin as context/old.md")
    assert "Create #" not in page


def test_a_long_log_comes_in_pages(pat: User, task: Task) -> None:
    for number in range(35):
        save(task, pat, {"context/a.md": f"{number}\n".encode()}, f"Save {number}")
    client = signed_in(pat)
    first = client.get(f"/t/{task.pk}/history").content.decode()
    assert first.count('class="version-title"') == 30
    older = re.search(r'href="(\?[^"]*after=[^"]+)"', first)
    assert older
    second = client.get(f"/t/{task.pk}/history{older[1].replace('&amp;', '&')}").content.decode()
    assert second.count('class="version-title"') == 6
    assert "Create #" in second


@pytest.mark.parametrize("cursor", ["zzz", "0" * 40, "main:x"])
def test_a_cursor_that_is_none_is_not_found(pat: User, task: Task, cursor: str) -> None:
    assert signed_in(pat).get(f"/t/{task.pk}/history", {"after": cursor}).status_code == 404


def test_the_log_of_a_project_holds_every_task(
    pat: User, ada: User, project: Project, phase: Phase, task: Task, jared: Agent, key: ApiKey
) -> None:
    other = create_task(project, NewTask(title="Write the manual", phase=phase, instructions="# Manual\n"), actor=SYSTEM)
    save(other, pat, {"context/näme.md": b"a\n"}, "Name it")
    finish.complete(started(task, jared, key), Report(result="Done."))
    client = signed_in(pat)
    page = words(client.get("/p/tally/history").content)
    for part in ("Name it", f"#{other.pk} Write the manual", f"#{task.pk} Write the parser", "+1 −0"):
        assert part in page

    def titles(query: str) -> str:
        return words(client.get(f"/p/tally/history?{query}").content).partition("File name contains")[2]

    assert "Name it" in titles("author=pat")
    assert "Create #" not in titles("author=pat")
    assert "Create #" in titles("author=ada")
    assert "Name it" not in titles("by=agent")
    assert "Name it" in titles("path=N%C3%A4me") or "Name it" in titles("path=n%C3%A4me")
    assert "Create #" not in titles("path=n%C3%A4me")
    assert "The filter is the cause." in titles("path=nowhere")
    assert "Name it" in titles("kind=saved&by=person")


def test_an_unknown_filter_is_left_out(pat: User, project: Project, task: Task) -> None:
    client = signed_in(pat)
    for query in ("kind=x", "by=x", "before=x", "author=%00", "path=%22%5C%25_"):
        assert client.get(f"/p/tally/history?{query}").status_code == 200, query


def test_blame_names_who_brought_each_line_and_what_stood_before(pat: User, ada: User, task: Task) -> None:
    first = save(task, pat, {"context/old.md": TEXT}, "Begin")
    save(task, pat, {"context/old.md": None, "context/new.md": TEXT}, "Rename it")
    last = save(task, ada, {"context/new.md": TEXT.replace(b"line 5\n", b"line five\n")}, "Spell it")
    page = signed_in(pat).get(f"/t/{task.pk}/blame?path=context/new.md").content.decode()
    assert first[:8] in page
    assert last[:8] in page
    assert 'id="L6"' in page
    assert "lines of 2 versions" in strip_tags(page)
    before = re.findall(r'class="blame-before" href="([^"]+)"', page)
    assert len(before) == 1
    earlier = signed_in(pat).get(before[0].replace("&amp;", "&"))
    assert earlier.status_code == 200
    assert "line five" not in strip_tags(earlier.content.decode())


def test_blame_of_what_has_no_lines_says_so(pat: User, task: Task) -> None:
    save(task, pat, {"context/a.bin": b"\0\1", "context/empty.md": b""}, "Odd files")
    client = signed_in(pat)
    assert "This is not text" in words(client.get(f"/t/{task.pk}/blame?path=context/a.bin").content)
    assert "The file is empty" in words(client.get(f"/t/{task.pk}/blame?path=context/empty.md").content)
    assert client.get(f"/t/{task.pk}/blame?path=nowhere").status_code == 404


def test_a_task_without_versions_says_what_to_do(pat: User, project: Project, phase: Phase) -> None:
    empty = create_task(project, NewTask(title="Nothing yet", phase=phase), actor=pat.actor)
    client = signed_in(pat)
    assert "Write the instructions" in words(client.get(f"/t/{empty.pk}/history").content)
    assert client.get(f"/t/{empty.pk}/compare").status_code == 404
