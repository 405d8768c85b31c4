"""The board page of a project of 10,000 and of 100,000 tasks: time in the server, statements, size."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.timing import median_seconds
from coordination.models import User

SIZES = (10_000, 100_000)
STATES = ("waiting", "queued", "claimed", "running", "blocked", "review", "done", "failed")


def measure(bed: Bed) -> list[Figure]:
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.create_superuser("ada", password="a password of a bench"))
    return [figure for size in SIZES for figure in _board(browser, size)]


def _board(browser: Client, size: int) -> list[Figure]:
    plan = seed.plan(f"of-{size}")
    seed.tasks(plan, size)
    _spread_over_states(plan.project.pk)
    path = f"/p/{plan.project.slug}/"
    took = median_seconds(lambda: browser.get(path), times=7)
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(path)
    assert page.status_code == 200, page.content[:500]
    what = f"board page, {size:,} tasks"
    return [
        at_most(f"{what}: server time", took * 1000, "ms", 150),
        at_most(f"{what}: statements", len(captured), "stmts", 15),
        at_most(f"{what}: HTML", len(page.content) / 1000, "KB", 300),
    ]


def _spread_over_states(project_id: int) -> None:
    """Put an equal share of the tasks into every state, as raw rows: only reading is measured here."""
    with connection.cursor() as cursor:
        for place, state in enumerate(STATES):
            cursor.execute(
                f"UPDATE coordination_task SET state = %s, {state}_at = state_since WHERE project_id = %s AND id %% %s = %s",
                [state, project_id, len(STATES), place],
            )
        cursor.execute("VACUUM ANALYZE coordination_task")
