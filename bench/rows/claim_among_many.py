"""Claiming among 100,000 queued tasks of which 99 % need a capability that this agent lacks."""

import json
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.fleet import percentile
from bench.timing import seconds_of
from coordination.operations.claims import claim_next

TASKS, MINE = 100_000, 1_000
FOREIGN_LANES = 20
CLAIMS = 400


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    for number in range(FOREIGN_LANES):
        seed.tasks(plan, (TASKS - MINE) // FOREIGN_LANES, capabilities=(f"skill-{number}",))
    seed.tasks(plan, MINE)
    hand = seed.hands(1)[0]

    def claim() -> None:
        assert claim_next(hand.agent, key_id=hand.key_id)

    took = sorted(seconds_of(claim) for _ in range(CLAIMS))
    scans = scans_of(claim)
    what = f"claim, {TASKS:,} queued, 99 % not for this agent"
    return [
        at_most(f"{what}: p99", percentile(took, 0.99) * 1000, "ms", 25),
        at_most(f"{what}: tables read without an index", len(scans), "tables", 0),
    ]


SMALL = {"coordination_project", "coordination_lane", "coordination_laneagent", "coordination_agent", "coordination_apikey"}


def scans_of(claim: Callable[[], object]) -> set[str]:
    """Return the large tables that a claim's statements read from end to end, as EXPLAIN says."""
    with CaptureQueriesContext(connection) as captured:
        claim()
    found: set[str] = set()
    for statement in (query["sql"] for query in captured.captured_queries):
        if statement.split()[0] in {"SELECT", "UPDATE", "WITH", "INSERT", "DELETE"}:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement.replace("%", "%%"), [])
                plan = cursor.fetchone()[0]
            found |= set(_sequential(json.loads(plan) if isinstance(plan, str) else plan))
    return found - SMALL


def _sequential(node: object) -> list[str]:
    if isinstance(node, list):
        return [name for each in node for name in _sequential(each)]
    if not isinstance(node, dict):
        return []
    own = [node["Relation Name"]] if node.get("Node Type") == "Seq Scan" else []
    return own + [name for value in node.values() for name in _sequential(value)]
