"""Claim and complete through the operations, without HTTP: the part of the HTTP row that is the engine's."""

from bench import inside, raw, seed
from bench.bed import Bed
from bench.figure import Figure, note
from bench.fleet import Fleet, alternate, typical

STOCK = 30_000
ROUNDS, SECONDS = 4, 1.0


def measure(bed: Bed) -> list[Figure]:
    seed.tasks(seed.plan(), STOCK)
    raw.fill(bed.database_url, 3 * STOCK)
    hands = seed.hands(8)
    found = []
    for clients in (1, 8):
        ours = [(hand.agent.pk, hand.key_id) for hand in hands[:clients]]
        theirs = [(bed.database_url, number) for number in range(clients)]
        with Fleet(inside.worker, ours) as engine, Fleet(raw.worker, theirs) as loop:
            engine_rounds, loop_rounds = alternate([engine, loop], rounds=ROUNDS, seconds=SECONDS)
        name = f"claim + complete by operations, {clients} client{'s' * (clients > 1)}"
        found.append(note(name, typical(engine_rounds), "cycles/s", typical(loop_rounds)))
    return found
