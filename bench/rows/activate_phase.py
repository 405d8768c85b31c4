"""Starting a phase of 10,000 tasks: its time, and that the number of statements does not grow with the tasks."""

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.timing import seconds_of, statements_of
from coordination.actor import SYSTEM
from coordination.lifecycle import State
from coordination.models import Task
from coordination.operations.phases import approve_gate

TASKS = 10_000


def measure(bed: Bed) -> list[Figure]:
    few, some, many = (seed.plan(slug, gate="approval") for slug in ("few", "some", "many"))
    for plan, count in ((few, 10), (some, TASKS), (many, TASKS)):
        seed.tasks(plan, count)
    fixed = statements_of(lambda: approve_gate(few.phase, actor=SYSTEM))
    grown = statements_of(lambda: approve_gate(some.phase, actor=SYSTEM))
    took = seconds_of(lambda: approve_gate(many.phase, actor=SYSTEM))
    assert Task.objects.filter(state=State.QUEUED).count() == 2 * TASKS + 10
    what = f"activating a phase of {TASKS:,} tasks"
    return [at_most(what, took * 1000, "ms", 1000), at_most(f"{what}: statements more than for 10", grown - fixed, "stmts", 0)]
