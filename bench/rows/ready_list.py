"""The first page of the queued tasks of a project that has 10,000 of them."""

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.timing import median_seconds
from coordination.lifecycle import State
from coordination.models import Task

TASKS, PAGE = 10_000, 50


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    seed.tasks(plan, TASKS)

    def page() -> list[Task]:
        return list(Task.objects.filter(project=plan.project, state=State.QUEUED).order_by("sort_key", "id")[:PAGE])

    return [at_most(f"ready list, first {PAGE} of {TASKS:,} queued", median_seconds(page, times=50) * 1000, "ms", 10)]
