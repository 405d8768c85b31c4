"""Draw docs/lifecycle.md from coordination/lifecycle.py, or check that the page is what would be drawn.

Usage: python -m scripts.lifecycle_doc [--check]
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from coordination import lifecycle
from coordination.lifecycle import BAND_RANGE, FINISHED, LEASED, MOVES, SATISFIED_BY, DependencyKind, Move, PhaseState, State, Verb

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lifecycle.md"

PHASES = {
    PhaseState.PLANNED: "waits for the phases before it, or for a person to open its gate",
    PhaseState.ACTIVE: "its tasks are handed out",
    PhaseState.COMPLETED: "all its tasks are done or cancelled; a new or requeued task opens it again",
    PhaseState.PAUSED: "its queued tasks are held; running ones go on",
}

# The words of systems that people used before, and of their clients, for the same states.
OTHER_WORDS: dict[State, tuple[str, str]] = {
    State.WAITING: ("Pending", "pending"),
    State.QUEUED: ("Pending", "pending"),
    State.CLAIMED: ("In Progress", "in_progress"),
    State.RUNNING: ("In Progress", "in_progress"),
    State.BLOCKED: ("Pending", "pending"),
    State.REVIEW: ("Completed", "completed"),
    State.DONE: ("Completed", "completed"),
    State.FAILED: ("Failed", "failed"),
    State.CANCELLED: ("Cancelled", "cancelled"),
}

TIMES: dict[str, tuple[int, str]] = {
    "lease": (lifecycle.LEASE_TTL, "without a heartbeat until the task is taken away; a project may choose longer"),
    "heartbeat": (lifecycle.HEARTBEAT_EVERY, "between the heartbeats that a client should send"),
    "sweep": (lifecycle.SWEEP_EVERY, "between the sweeps that take expired leases away"),
    "manual lease": (lifecycle.MANUAL_LEASE_TTL, "from the claim or the last change of state, for clients without heartbeats"),
    "cancel": (lifecycle.CANCEL_GRACE, "for an agent to stop after a cancel, before the task is taken away"),
    "amnesty": (lifecycle.AMNESTY_AFTER, "without a sweep, after which live leases get the gap back"),
    "silent": (lifecycle.AGENT_SILENT_AFTER, "without a sign of life until an agent counts as silent"),
    "rest": (lifecycle.RELEASE_REST, "during which an agent is not offered again what it handed back"),
    "retry": (lifecycle.RETRY_BASE, "before the first retry; doubled each time"),
    "retry cap": (lifecycle.RETRY_CAP, "before any retry, at most"),
}


def page() -> str:
    """Return the whole page."""
    return (
        "\n\n".join(
            [
                "# The life of a task",
                "<!-- Drawn by `python -m scripts.lifecycle_doc` from coordination/lifecycle.py; change it there. -->",
                "A task is in exactly one state. It changes state by one of the moves below and in no other way; each move is one"
                " transaction that also writes one event. Every move by an agent carries the lease token of its claim.",
                _diagram(),
                "## States",
                _table(("state", "meaning", "a lease exists", "leaves by"), _states()),
                "## Moves",
                _table(("verb", "from", "to", "by", "note"), _moves()),
                "A task that something holds by the time it comes back (a pause, a dependency, a retry delay) passes through"
                " `waiting` on its way to `queued`.",
                "## Dependencies",
                _table(("kind", "the dependent runs when its blocker is"), _kinds()),
                "A cancelled blocker satisfies no dependency; its dependents say so. A dependent that runs only on failure is cancelled"
                " when its blocker is done, and comes back when the blocker is requeued.",
                "## Phases",
                _table(("state", "meaning"), ([f"`{state}`", meaning] for state, meaning in PHASES.items())),
                "## Priorities",
                f"A priority is a number from 0, the most urgent, to 100; without one a task has {lifecycle.DEFAULT_PRIORITY}."
                f" One step is worth {lifecycle.AGEING_PER_PRIORITY} s of waiting, so nothing starves: the order of claims is the time of"
                " becoming ready plus that, and between equals the order of the task numbers.",
                _table(("band", "priorities"), ([f"`{band}`", f"{low} to {high}"] for band, (low, high) in BAND_RANGE.items())),
                "## Times",
                _table(("", "seconds", "what for"), ([name, str(seconds), what] for name, (seconds, what) in TIMES.items())),
                f"A task fails after {lifecycle.MAX_ATTEMPTS} failures worth retrying unless it says otherwise, and after"
                f" {lifecycle.MAX_CRASHES} leases in a row that expired.",
                "## Other words for the states",
                "Clients of other task systems keep their own words; the compatible paths of the API translate.",
                _table(
                    ("here", "in words", "in data"), ([f"`{state}`", words, f"`{data}`"] for state, (words, data) in OTHER_WORDS.items())
                ),
            ]
        )
        + "\n"
    )


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> waiting: create"]
    for source in State:
        for target in State:
            verbs = [move.verb for move in MOVES if source in move.sources and move.target is target]
            if verbs:
                lines.append(f"    {source} --> {target}: {', '.join(dict.fromkeys(verbs))}")
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in State if state in FINISHED), "```"])


def _states() -> Iterable[Sequence[str]]:
    for state in State:
        verbs = dict.fromkeys(move.verb for move in lifecycle.moves_from(state))
        yield [f"`{state}`", state.meaning, "yes" if state in LEASED else "", ", ".join(verbs)]


def _moves() -> Iterable[Sequence[str]]:
    for move in MOVES:
        yield [_shown(move.verb), _sources(move), f"`{move.target}`", move.by, move.note]


def _shown(verb: Verb) -> str:
    return verb.replace("_", " ")


def _sources(move: Move) -> str:
    return ", ".join(f"`{state}`" for state in State if state in move.sources)


def _kinds() -> Iterable[Sequence[str]]:
    for kind in DependencyKind:
        yield [f"`{kind}`", " or ".join(f"`{state}`" for state in State if state in SATISFIED_BY[kind])]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def main(arguments: Sequence[str]) -> int:
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/lifecycle.md is not what coordination/lifecycle.py says. Draw it again with: python -m scripts.lifecycle_doc")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
