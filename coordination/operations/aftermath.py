"""What follows when a task has ended: its dependents are freed or cancelled, and its phase may be complete."""

from coordination.lifecycle import State
from coordination.operations.phases import advance_soon
from coordination.operations.readiness import unblock_dependents


def after_end(task_id: int, phase_id: int, state: State, *, was: State | None = None) -> None:
    """Free what waited for this end, and ask afterwards, outside this transaction, which phases are complete.

    Called inside the transaction that ends the task. `was` is the end that it had before, if any.
    """
    thinned = unblock_dependents(task_id, state, was=was) if state in (State.DONE, State.FAILED) else set()
    for phase in sorted({phase_id, *thinned}):
        advance_soon(phase)
