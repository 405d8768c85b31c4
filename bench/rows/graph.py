"""The graph of a project of 1,000 tasks: time in the server against the activity page of the same run, statements."""

import random

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most, note
from bench.timing import median_seconds
from coordination.actor import SYSTEM
from coordination.models import Dependency, Project, Task, User
from coordination.operations.phases import create_phase
from coordination.queries.graph_layout import lay_out

TASKS = 1_000
PHASES = 10
STATES = ("done", "done", "done", "running", "queued", "waiting", "waiting", "waiting", "failed", "review")


def measure(bed: Bed) -> list[Figure]:
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.create_superuser("ada", password="a password of a bench"))
    project = _project()
    path = f"/p/{project.slug}/graph"

    def first() -> object:
        lay_out.cache_clear()
        return browser.get(path)

    bare = median_seconds(lambda: browser.get(f"/p/{project.slug}/activity"), times=7)
    laid_out = median_seconds(first, times=7)
    again = median_seconds(lambda: browser.get(path), times=7)
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(path)
    assert page.content.count(b'class="node ') == TASKS, page.content[:500]
    what = f"graph, {TASKS:,} tasks"
    return [
        at_most(f"{what}: server time, laid out anew (against the activity page)", laid_out * 1000, "ms", 300, bare * 1000),
        at_most(f"{what}: server time, only states changed (against the activity page)", again * 1000, "ms", 300, bare * 1000),
        at_most(f"{what}: statements", len(captured), "stmts", 15),
        note(f"{what}: HTML", len(page.content) / 1000, "KB"),
    ]


def _project() -> Project:
    """Phases of equal size, in each of which most tasks wait for one to three of those shortly before them."""
    plan = seed.plan("of-graph")
    seed.tasks(plan, TASKS)
    others = [create_phase(plan.project, name=f"Phase {number}", actor=SYSTEM) for number in range(2, PHASES + 1)]
    ids = list(Task.objects.filter(project=plan.project).order_by("pk").values_list("pk", flat=True))
    size = TASKS // PHASES
    for number, phase in enumerate([plan.phase, *others]):
        of_phase = ids[number * size : (number + 1) * size]
        for place, state in enumerate(STATES):
            Task.objects.filter(pk__in=of_phase[place :: len(STATES)]).update(phase=phase, state=state)
    dice = random.Random(7)
    edges = {
        (ids[place], ids[dice.randint(max(0, place - 20), place - 5)])
        for place in range(9, TASKS)
        for _ in range(dice.choice((0, 1, 1, 2, 3)))
    }
    Dependency.objects.bulk_create(Dependency(project=plan.project, task_id=task, on_id=on) for task, on in sorted(edges))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE coordination_task")
        cursor.execute("VACUUM ANALYZE coordination_dependency")
    return plan.project
