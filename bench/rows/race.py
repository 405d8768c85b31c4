"""A race: 16 processes claim 500 queued tasks, one at a time, until none is left."""

from django.db.models import Count

from bench import inside, seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.fleet import Fleet
from coordination.models import Attempt, Lease

TASKS, PROCESSES = 500, 16


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    hands = seed.hands(PROCESSES)
    with Fleet(inside.claimer, [(hand.agent.pk, hand.key_id) for hand in hands]) as fleet:
        fleet.drain(5)  # opens every connection
        seed.tasks(plan, TASKS)
        race = fleet.drain(30)
    shares = Attempt.objects.values("agent").annotate(count=Count("pk")).values_list("count", flat=True)
    doubles = Attempt.objects.count() - Attempt.objects.values("task").distinct().count()
    missing = TASKS - Lease.objects.count()
    what = f"race, {TASKS} tasks, {PROCESSES} processes"
    return [
        at_most(f"{what}: until the last is claimed", max(each.seconds for each in race.slices), "s", 1.5),
        at_most(f"{what}: doubles and losses", doubles + missing, "tasks", 0),
        at_most(f"{what}: largest share / smallest", max(shares) / min(shares), "x", 2),
    ]
