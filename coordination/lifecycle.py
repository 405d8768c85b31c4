"""The rules of the lifecycle: states, allowed moves, priority bands, tiers. Pure Python; docs/lifecycle.md is drawn from here."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a task is. A task is in exactly one state, always."""

    WAITING = "waiting"
    QUEUED = "queued"
    CLAIMED = "claimed"
    RUNNING = "running"
    BLOCKED = "blocked"
    REVIEW = "review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def meaning(self) -> str:
        return MEANING[self]


MEANING: dict[State, str] = {
    State.WAITING: "a dependency, its phase, a pause, a start time or a retry delay holds it",
    State.QUEUED: "ready to be claimed",
    State.CLAIMED: "an agent holds the lease and has not started",
    State.RUNNING: "the agent is executing it",
    State.BLOCKED: "the agent asked a person something",
    State.REVIEW: "finished, waits for a reviewer who is not its author",
    State.DONE: "finished successfully",
    State.FAILED: "finished without success",
    State.CANCELLED: "not wanted any more, or never needed",
}

LEASED = frozenset({State.CLAIMED, State.RUNNING})
FINISHED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
OPEN = frozenset(State) - FINISHED
UNCLAIMED = frozenset({State.WAITING, State.QUEUED})
MAY_STILL_WAIT = frozenset({State.WAITING, State.QUEUED, State.BLOCKED})  # for one more task


class Verb(StrEnum):
    """What can happen to a task. Each verb is one operation in coordination/operations."""

    READY = "ready"
    HOLD = "hold"
    CLAIM = "claim"
    START = "start"
    COMPLETE = "complete"
    SUBMIT = "submit"
    FAIL = "fail"
    RETRY = "retry"
    RELEASE = "release"
    EXPIRE = "expire"
    ASK = "ask"
    ANSWER = "answer"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    CANCEL = "cancel"
    REQUEUE = "requeue"
    ADOPT = "adopt"
    UNDO = "undo"


@dataclass(frozen=True)
class Move:
    """One row of the lifecycle: `verb` takes a task from any of `sources` to `target`, done by `by`."""

    verb: Verb
    sources: frozenset[State]
    target: State
    by: str
    note: str


def _move(verb: Verb, sources: frozenset[State] | set[State], target: State, by: str, note: str) -> Move:
    return Move(verb, frozenset(sources), target, by, note)


MOVES: tuple[Move, ...] = (
    _move(Verb.READY, {State.WAITING}, State.QUEUED, "the engine", "nothing holds it any more"),
    _move(Verb.HOLD, {State.QUEUED}, State.WAITING, "the engine, a planner", "a new dependency, a pause or a start time holds it"),
    _move(Verb.CLAIM, {State.QUEUED}, State.CLAIMED, "an agent", "takes the lease; the fence grows"),
    _move(Verb.START, {State.CLAIMED}, State.RUNNING, "the lease holder", "begins to execute"),
    _move(Verb.COMPLETE, LEASED, State.DONE, "the lease holder", "the task needs no review"),
    _move(Verb.SUBMIT, LEASED, State.REVIEW, "the lease holder", "completes a task that needs a review"),
    _move(Verb.RETRY, LEASED, State.WAITING, "the lease holder", "fails in a way worth retrying, attempts are left"),
    _move(Verb.FAIL, LEASED, State.FAILED, "the lease holder", "fails for good, or no attempts are left"),
    _move(Verb.ASK, LEASED, State.BLOCKED, "the lease holder", "asks a person; gives the lease back"),
    _move(Verb.ANSWER, {State.BLOCKED}, State.QUEUED, "a person", "the answer is part of the next brief"),
    _move(Verb.RELEASE, LEASED, State.QUEUED, "the lease holder, a planner", "hands the task back, with a reason"),
    _move(Verb.EXPIRE, LEASED, State.QUEUED, "the sweep", "no heartbeat in time; the third crash fails the task"),
    _move(Verb.EXPIRE, LEASED, State.FAILED, "the sweep", "crash loop: three leases in a row expired"),
    _move(Verb.APPROVE, {State.REVIEW}, State.DONE, "a reviewer", "never the author of the result"),
    _move(Verb.REQUEST_CHANGES, {State.REVIEW}, State.QUEUED, "a reviewer", "the comments are part of the next brief"),
    _move(Verb.CANCEL, OPEN, State.CANCELLED, "a planner", "at once, or at the agent's next heartbeat when it is leased"),
    _move(Verb.REQUEUE, FINISHED, State.QUEUED, "a planner", "runs again with a fresh count of attempts"),
    _move(Verb.ADOPT, OPEN | {State.FAILED}, State.DONE, "a planner", "accepts a late result as the result"),
    _move(Verb.UNDO, {State.CANCELLED}, State.QUEUED, "a planner", "a cancel is taken back; a lease that it ended does not come back"),
    _move(Verb.UNDO, {State.DONE, State.CANCELLED, *UNCLAIMED}, State.REVIEW, "a planner", "a review is taken back, or a cancel of one"),
    _move(Verb.UNDO, {State.CANCELLED, *UNCLAIMED}, State.BLOCKED, "a planner", "an answer is taken back, or a cancel of the question"),
    _move(Verb.UNDO, UNCLAIMED, State.DONE, "a planner", "a requeue is taken back before anybody claimed it"),
    _move(Verb.UNDO, UNCLAIMED, State.FAILED, "a planner", "the same, of what had failed"),
)


def moves_from(state: State) -> tuple[Move, ...]:
    return tuple(move for move in MOVES if state in move.sources)


# The state in which an event of this kind leaves its task. With it the log alone tells every state that a task ever had, so
# whatever changes a state records one of these.
STATE_AFTER: dict[str, State] = {
    "task.created": State.WAITING,
    "task.queued": State.QUEUED,
    "task.held": State.WAITING,
    "task.claimed": State.CLAIMED,
    "task.started": State.RUNNING,
    "task.done": State.DONE,
    "task.submitted": State.REVIEW,
    "task.retrying": State.WAITING,
    "task.failed": State.FAILED,
    "task.released": State.WAITING,
    "task.expired": State.WAITING,
    "task.asked": State.BLOCKED,
    "task.answered": State.WAITING,
    "task.approved": State.DONE,
    "task.changes_requested": State.WAITING,
    "task.cancelled": State.CANCELLED,
    "task.requeued": State.WAITING,
    "task.adopted": State.DONE,
    "task.put_back": State.WAITING,
    "task.review_reopened": State.REVIEW,
    "task.asks_again": State.BLOCKED,
    "task.stays_done": State.DONE,
    "task.stays_failed": State.FAILED,
}


class PhaseState(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"
    PAUSED = "paused"


class Gate(StrEnum):
    """What lets a phase start once the phases before it are completed."""

    AUTO = "auto"
    APPROVAL = "approval"


class DependencyKind(StrEnum):
    """On which end of the blocker the dependent task runs."""

    SUCCESS = "success"
    FINISHED = "finished"
    FAILURE = "failure"


SATISFIED_BY: dict[DependencyKind, frozenset[State]] = {
    DependencyKind.SUCCESS: frozenset({State.DONE}),
    DependencyKind.FINISHED: frozenset({State.DONE, State.FAILED}),
    DependencyKind.FAILURE: frozenset({State.FAILED}),
}


class Tier(StrEnum):
    """How capable a model the task needs."""

    LIGHT = "light"
    STANDARD = "standard"
    HEAVY = "heavy"


class Band(StrEnum):
    CRITICAL = "critical"
    NORMAL = "normal"
    LOW = "low"


BAND_RANGE: dict[Band, tuple[int, int]] = {Band.CRITICAL: (0, 20), Band.NORMAL: (21, 50), Band.LOW: (51, 100)}
DEFAULT_PRIORITY = 50


def band_of(priority: int) -> Band:
    """Return the band of a priority from 0 (most urgent) to 100."""
    return next(band for band, (low, high) in BAND_RANGE.items() if low <= priority <= high)


class BoardColumn(StrEnum):
    """The columns of a board, as they are called in addresses and settings."""

    WAITING = "waiting"
    QUEUED = "queued"
    PROGRESS = "progress"
    NEEDS = "needs"
    DONE = "done"
    FAILED = "failed"


MOST_IN_COLUMN = 100_000  # the highest limit that a column can have


class OnChange(StrEnum):
    """What a running agent should do when its task's instructions change."""

    CONTINUE = "continue"
    REREAD = "reread"
    STOP = "stop"


class Rerun(StrEnum):
    """What a task that runs again is told: what an earlier attempt was told, or what stands there now."""

    AS_IT_IS = "as_it_is"
    AS_IT_WAS = "as_it_was"


class ReviewPolicy(StrEnum):
    NONE = "none"
    REQUIRED = "required"


class LeaseMode(StrEnum):
    """`heartbeat`: renewed by heartbeats. `manual`: for clients that send none, seed 004's two-hour rule."""

    HEARTBEAT = "heartbeat"
    MANUAL = "manual"


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    SUBMITTED = "submitted"
    FAILED = "failed"
    RELEASED = "released"
    ASKED = "asked"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    LATE = "late"


class AgentState(StrEnum):
    ACTIVE = "active"
    IDLE = "idle"
    SILENT = "silent"
    RETIRED = "retired"


# Times in seconds, from the promises P3, P4, P7, P8 and P11.
LEASE_TTL = 150
# Below the default, P3's "never before 120 s" is given up for a faster takeover: for agents on the server's own machine.
SHORTEST_LEASE_TTL = 10
HEARTBEAT_EVERY = 30
SWEEP_EVERY = 15
MANUAL_LEASE_TTL = 2 * 60 * 60
CANCEL_GRACE = 60
AMNESTY_AFTER = 60
AGENT_SILENT_AFTER = 150
RELEASE_REST = 300  # an agent that handed a task back is not offered it again for this long
RETRY_BASE = 30
RETRY_CAP = 30 * 60
MAX_ATTEMPTS = 3
MAX_CRASHES = 3
SUBTASK_DEPTH = 3  # levels below a task that a planner made
SUBTASKS_EACH = 20  # that agents may add under one task
AGEING_PER_PRIORITY = 60


def heartbeat_every(lease_ttl: int) -> int:
    """Return the seconds between two heartbeats of a lease, so that it outlives four lost ones."""
    return max(1, min(HEARTBEAT_EVERY, lease_ttl // 5))


def retry_delay(failures: int) -> int:
    """Return the seconds before retry number `failures` (1 for the first): 30 s doubled each time, capped at 30 min, without jitter."""
    return min(RETRY_CAP, RETRY_BASE << min(failures - 1, 16))


def sort_key(ready_at_micros: int, priority: int) -> int:
    """Return the fixed claim order: microseconds of readiness plus 60 s for each step of priority.

    Linear ageing as a constant: a task yields to a more urgent one only if it became ready less than
    60 s x (difference of priority) before it, so nothing starves and the order needs no re-computation (P9).
    """
    return ready_at_micros + priority * AGEING_PER_PRIORITY * 1_000_000
