"""Claiming among 100,000 queued tasks of which 99 % need a capability that this agent lacks."""

import json

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.fleet import percentile
from bench.timing import seconds_of
from coordination.models.sql import planned, rows
from coordination.operations.claims import claim_next
from coordination.operations.onestatement import CLAIM_ONE

TASKS, MINE = 100_000, 1_000
FOREIGN_LANES = 20
CLAIMS = 400
LARGE = 1_000  # rows


def measure(bed: Bed) -> list[Figure]:
    plan = seed.plan()
    for number in range(FOREIGN_LANES):
        seed.tasks(plan, (TASKS - MINE) // FOREIGN_LANES, capabilities=(f"skill-{number}",))
    seed.tasks(plan, MINE)
    hand = seed.hands(1)[0]

    def claim() -> None:
        assert claim_next(hand.agent, key_id=hand.key_id)

    took = sorted(seconds_of(claim) for _ in range(CLAIMS))
    scans = scans_of(hand.agent.pk, hand.key_id)
    what = f"claim, {TASKS:,} queued, 99 % not for this agent"
    return [
        at_most(f"{what}: p99", percentile(took, 0.99) * 1000, "ms", 25),
        at_most(f"{what}: tables read without an index", len(scans), "tables", 0),
    ]


def scans_of(agent_id: int, key_id: int) -> set[str]:
    """Return the large tables that the claim's one statement reads from end to end, as EXPLAIN says."""
    params = {"agent": agent_id, "key": key_id, "name": "", "projects": None, "tiers": None, "capabilities": None}
    plan = planned("EXPLAIN (FORMAT JSON) " + CLAIM_ONE, params)[0][0]
    found = set(_sequential(json.loads(plan) if isinstance(plan, str) else plan))
    large = rows("SELECT relname FROM pg_class WHERE reltuples >= %s", [LARGE])
    return found & {name for (name,) in large}


def _sequential(node: object) -> list[str]:
    if isinstance(node, list):
        return [name for each in node for name in _sequential(each)]
    if not isinstance(node, dict):
        return []
    own = [node["Relation Name"]] if node.get("Node Type") == "Seq Scan" else []
    return own + [name for value in node.values() for name in _sequential(value)]
