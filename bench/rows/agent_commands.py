"""How long an agent waits for `tqc` itself: a whole process for each command, as agents start them."""

import os
import subprocess
import sys

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.http import Client
from bench.timing import median_seconds
from tests.servers.muster import ROOT

TIMES = 15


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    seed.tasks(plan, 20)
    (hand,) = seed.hands(1)
    with bed.muster() as muster:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "cli"), "MUSTER_URL": muster.url, "MUSTER_API_KEY": hand.key}

        def tqc(*arguments: str) -> float:
            command = [sys.executable, "-m", "tqc", *arguments]
            return median_seconds(lambda: subprocess.run(command, env=environment, capture_output=True, check=True), times=TIMES)

        client = Client(muster.url, hand.key)
        request = median_seconds(lambda: client.get("/api/v1/stats"), times=TIMES)
        client.close()
        return [
            at_most("tqc --help", tqc("--help") * 1000, "ms", 150),
            at_most("tqc status, without its request", (tqc("status") - request) * 1000, "ms", 250),
        ]
