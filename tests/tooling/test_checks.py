"""The checks of `make check` find what they are for."""

import hashlib
from pathlib import Path

import pytest
from packaging.version import Version

from scripts.check_docs import faults_in as faults_in_page
from scripts.check_pins import FLOORS, faults_of_floors, faults_of_git, faults_of_lock
from scripts.check_templates import faults_in as faults_in_template
from scripts.check_vendor import faults_in as faults_in_vendored


def test_a_pin_below_its_floor_fails() -> None:
    pins = {name: Version(floor) for name, floor in FLOORS.items()}
    assert faults_of_floors(pins, FLOORS) == []
    faults = faults_of_floors(pins | {"django": Version("5.2.18")}, FLOORS)
    assert faults == ["django is pinned at 5.2.18; versions before 5.2.19 have known holes."]


def test_a_package_that_is_not_pinned_fails() -> None:
    assert faults_of_floors({"django": Version("5.2.19")}, FLOORS) == [
        "gitpython is pinned at nothing; versions before 3.2.1 have known holes."
    ]


@pytest.mark.parametrize(
    ("answer", "faults"), [("git version 2.39.5\n", 0), ("git version 2.47.1 (Apple Git-1)", 0), ("git version 2.39.2", 1)]
)
def test_an_old_git_fails(answer: str, faults: int) -> None:
    assert len(faults_of_git(answer)) == faults


def test_a_lock_file_that_was_not_compiled_again_fails(tmp_path: Path) -> None:
    source, lock = tmp_path / "a.in", tmp_path / "a.txt"
    source.write_text("django>=5.2.19,<5.3  # the framework\nhuey>=3\n")
    lock.write_text("django==5.2.19\n    # via -r a.in\n")
    assert [fault.split(". ")[-1] for fault in faults_of_lock(source, lock)] == ["Run: make requirements"]


def test_a_vendored_file_must_be_the_one_that_was_reviewed(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("reviewed")
    (tmp_path / "b.js").write_text("nobody looked")
    digest = hashlib.sha256(b"reviewed").hexdigest()
    (tmp_path / "vendor.lock").write_text(f"# reviewed files\n{digest}  a.js  a-package  1.0  MIT\n{digest}  c.js\n")
    assert [fault.split()[0] for fault in faults_in_vendored(tmp_path)] == ["c.js", "b.js"]
    (tmp_path / "a.js").write_text("changed")
    assert any(fault.startswith("a.js is not the file") for fault in faults_in_vendored(tmp_path))


def test_a_link_must_lead_somewhere(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Two words, here\n")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#two-words-here) [b](https://example.org) `[c](gone.md)` [d](gone.md) [e](other.md#gone)\n")
    assert faults_in_page(page, tmp_path) == [
        "page.md: gone.md leads to no file.",
        "page.md: other.md#gone names no heading of that page.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "<style>p { color: red }</style>",
        "<script>alert(1)</script>",
        '<p class="a" style="color: red">',
        '<button onclick="go()">',
        '<button hx-on:click="go()">',
        "{{ task.title|safe }}",
        "{% autoescape off %}",
        '<script src="https://cdn.example.org/htmx.js" defer></script>',
        '<img alt="" src="//example.org/a.png">',
    ],
)
def test_a_template_that_a_strict_page_cannot_hold_fails(line: str) -> None:
    assert [where for where, _ in faults_in_template(f"<p>\n{line}")] == [2]


def test_an_ordinary_template_passes() -> None:
    lines = [
        '<script src="{% static "webui/board.js" %}" defer></script>',
        '<a href="https://example.org/">elsewhere</a>{# no style="" here #}',
        '<script type="application/json" id="data">{}</script>',
        '<div class="style= of its own" hx-get="{{ url }}" hx-trigger="load"></div>',
        "{{ results|safe_count }}",
    ]
    assert faults_in_template("\n".join(lines)) == []
