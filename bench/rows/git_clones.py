"""1,000 task repositories cloned over HTTP by 8 clients, next to git cloning the same ones from their place on the disk."""

from urllib.parse import urlsplit

from bench import clone, seed
from bench.bed import Bed
from bench.figure import Figure, note
from bench.fleet import Fleet, percentile
from coordination.actor import Actor
from coordination.operations.creation import NewTask, create_tasks
from coordination.queries.repositories import store

TASKS, CLIENTS, BATCH = 1000, 8, 100
LONGEST = 120.0  # seconds for one half; whoever has cloned all of its share stops earlier


def measure(bed: Bed) -> list[Figure]:
    plan, actor = seed.plan(), Actor("person", None, "pat")
    files = {"context/style.md": b"Short sentences.\n" * 40}
    ids: list[int] = []
    for _ in range(TASKS // BATCH):
        news = [NewTask(title="Task", phase=plan.phase, instructions="Do it.\n" * 50, files=files) for _ in range(BATCH)]
        ids += [task.pk for task in create_tasks(plan.project, news, actor=actor)]
    key = seed.hands(1)[0].key
    with bed.muster() as muster:
        address = urlsplit(muster.url)
        over_http = [f"http://x:{key}@{address.netloc}/git/tasks/{pk}.git" for pk in ids]
        on_disk = [str(store().layout.repository(pk)) for pk in ids]
        local = _clone_all(on_disk)
        remote = _clone_all(over_http)
    name = f"clone {TASKS:,} task repositories over HTTP, {CLIENTS} clients"
    return [
        note(name, remote[0], "clones/s", local[0]),
        note(f"{name}: p99 of a clone", percentile(remote[1], 0.99) * 1000, "ms", percentile(local[1], 0.99) * 1000),
    ]


def _clone_all(places: list[str]) -> tuple[float, list[float]]:
    """Return the rate at which all of them were cloned, and how long each clone took."""
    with Fleet(clone.worker, [(places[number::CLIENTS],) for number in range(CLIENTS)]) as fleet:
        done = fleet.drain(LONGEST)
    if done.cycles != len(places):
        raise RuntimeError(f"{done.cycles} of {len(places)} repositories were cloned within {LONGEST:g} s.")
    return done.cycles / max(each.seconds for each in done.slices), done.latencies
