"""Instruction versions: saving one, the history of 200, a difference, and the pages that show them."""

import os
from statistics import median

from django.test import Client

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.timing import median_seconds, seconds_of
from coordination.actor import Actor
from coordination.models import User
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
from coordination.queries.repositories import store

VERSIONS = 200
LINES = 200


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    actor = Actor("person", None, "pat")
    task = create_task(plan.project, NewTask(title="Task", phase=plan.phase, instructions=_text(0)), actor=actor)
    took: list[float] = []
    heads = [task.head]
    children = _children()
    for number in range(1, VERSIONS):

        def save(number: int = number) -> None:
            saved = save_files(task, {"instructions.md": _text(number).encode()}, base=heads[-1], actor=actor)
            heads.append(saved.head)

        took.append(seconds_of(save))
    history = median_seconds(lambda: store().history(task.pk, heads[-1], limit=VERSIONS), times=9)
    diff = median_seconds(lambda: store().diff(task.pk, heads[0], heads[-1]), times=9)
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.create_superuser("vera", password="a password of a bench"))
    log = median_seconds(lambda: _shown(browser, f"/t/{task.pk}/history"), times=9)
    page = median_seconds(lambda: _shown(browser, f"/t/{task.pk}/compare?from={heads[0]}&to=now"), times=9)
    return [
        at_most("save an instruction version, median", median(took) * 1000, "ms", 15),
        at_most("save an instruction version: processes started", _children() - children, "procs", 0),
        at_most(f"history of {VERSIONS} versions", history * 1000, "ms", 50),
        at_most(f"difference over {VERSIONS} versions", diff * 1000, "ms", 50),
        at_most(f"log page of {VERSIONS} versions: server time", log * 1000, "ms", 50),
        at_most(f"diff page of {LINES} changed lines: server time", page * 1000, "ms", 50),
    ]


def _shown(browser: Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.content[:500]


def _text(number: int) -> str:
    return "\n".join(f"Line {line} as of version {number if line <= number else 0}." for line in range(LINES))


def _children() -> int:
    """Return the CPU time in ms that ended children of this process have used: it grows when a process was started and ended."""
    times = os.times()
    return round((times.children_user + times.children_system) * 1000)
