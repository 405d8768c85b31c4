"""Claiming 50 tasks a call, next to claiming them one at a time."""

from bench import inside, seed
from bench.bed import Bed
from bench.figure import Figure, at_least_times
from bench.fleet import Fleet, alternate, typical

STOCK, BATCH = 60_000, 50


def measure(bed: Bed) -> list[Figure]:
    seed.tasks(seed.plan(), STOCK)
    one, many = seed.hands(2)
    with (
        Fleet(inside.claimer, [(one.agent.pk, one.key_id, 1)]) as single,
        Fleet(inside.claimer, [(many.agent.pk, many.key_id, BATCH)]) as batch,
    ):
        single_rounds, batch_rounds = alternate([single, batch], rounds=4, seconds=1.0)
    return [at_least_times(f"batch claim, {BATCH} a call", typical(batch_rounds) * BATCH, "tasks/s", typical(single_rounds), 2)]
