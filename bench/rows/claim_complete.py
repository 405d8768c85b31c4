"""Claim and complete over HTTP, next to the raw SQL loop of as many clients, and next to procrastinate."""

from bench import http, peer, raw, seed
from bench.bed import Bed
from bench.figure import Figure, at_least_times, note
from bench.fleet import Fleet, alternate, percentile, typical

STOCK, INSTRUCTIONS = 30_000, "Build it.\n\n" + "Take care of every detail.\n" * 20
JOBS = 1_500
ROUNDS, SECONDS = 4, 1.5


def measure(bed: Bed) -> list[Figure]:
    seed.tasks(seed.plan(), STOCK)
    raw.fill(bed.database_url, 4 * STOCK)
    hands = seed.hands(8)
    jobs = peer.jobs_a_second(bed.database_url, JOBS)
    found: list[Figure] = []
    rates: dict[int, float] = {}
    with bed.muster() as muster:
        for clients in (1, 8):
            agents = [(muster.url, hand.key, True) for hand in hands[:clients]]
            loops = [(bed.database_url, number) for number in range(clients)]
            with Fleet(http.worker, agents) as over_http, Fleet(raw.worker, loops) as loop:
                ours, theirs = alternate([over_http, loop], rounds=ROUNDS, seconds=SECONDS)
            rates[clients] = typical(ours)
            name = f"claim + complete over HTTP, {clients} client{'s' * (clients > 1)}"
            latencies = [value for each in ours for value in each.latencies]
            found += [
                at_least_times(f"{name}, against the raw SQL loop", rates[clients], "cycles/s", typical(theirs), 0.3)
                if clients > 1
                else note(f"{name}, against the raw SQL loop", rates[clients], "cycles/s", typical(theirs)),
                note(f"{name}: p99 of a cycle", percentile(latencies, 0.99) * 1000, "ms"),
                note(f"{name}: the clients' own CPU", ours[-1].cpu_a_cycle * 1000, "ms/cycle", theirs[-1].cpu_a_cycle * 1000),
            ]
        jobs = (jobs + peer.jobs_a_second(bed.database_url, JOBS)) / 2
    return [
        *found,
        at_least_times("claim + complete over HTTP, 8 clients, against procrastinate's no-op jobs", rates[8], "cycles/s", jobs, 2),
        at_least_times("claim + complete over HTTP, 8 clients, against 1 client", rates[8], "cycles/s", rates[1], 1),
    ]
