"""Moving a task on the board: what a move means is decided here and in queries/moves, and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Q

from coordination.actor import Actor
from coordination.errors import Invalid, WrongState
from coordination.lifecycle import AGEING_PER_PRIORITY, State
from coordination.models import Task
from coordination.operations import late, questions, reviews, subtasks, tasks
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.readiness import settle
from coordination.queries.access import Caller
from coordination.queries.moves import Move, lane_moves, late_result_of, move_to
from coordination.queries.swimlanes import Kind, Swimlane


@dataclass(frozen=True)
class Neighbours:
    """Between which cards of Queued a task is dropped; None at the end of the column."""

    above: Task | None = None
    below: Task | None = None


class Step(StrEnum):
    """Where a task is moved in the whole queue of its project, for those who do not drag."""

    TOP = "top"
    UP = "up"
    DOWN = "down"
    BOTTOM = "bottom"

    @property
    def words(self) -> str:
        return {"top": "To the top", "up": "Up", "down": "Down", "bottom": "To the end"}[self]


BOARD = "moved on the board"
STEP = AGEING_PER_PRIORITY * 1_000_000  # of the sort key, for one step of priority


@atomically
def move(
    task: Task,
    caller: Caller,
    *,
    column: str = "",
    lane: Swimlane | None = None,
    neighbours: Neighbours | None = None,
    step: Step | None = None,
    text: str = "",
) -> str:
    """Move the task to a lane, a column, or both, and return what that did. A move that is refused changes nothing.

    In Queued it goes between its new `neighbours`, or a `step` through the queue; `text` is what the verb needs written.
    """
    said = []
    if lane:
        said.append(_to_lane(task, lane, caller))
        task.refresh_from_db()
    if step:
        neighbours = _neighbours(task, step)
    if column:
        said.append(_to_column(task, column, caller, neighbours or Neighbours(), text))
    return " ".join(sentence for sentence in said if sentence)


def _to_lane(task: Task, lane: Swimlane, caller: Caller) -> str:
    offer = _offered(lane_moves(task, [lane], caller)[0])
    change = {"phase": lane.phase} if lane.kind is Kind.PHASE else {"assigned_to": lane.agent}
    tasks.edit_task(task, change, actor=caller.actor)
    if offer.verb == "phase":
        return f"#{task.pk} is in {lane.title} now."
    return f"#{task.pk} is for {lane.agent.title} now." if lane.agent else f"#{task.pk} is open to any agent now."


def _to_column(task: Task, column: str, caller: Caller, neighbours: Neighbours, text: str) -> str:
    found = move_to(task, column, caller)
    if found is None:
        raise Invalid(f"There is no column {column!r}.", field="column")
    offer = _offered(found)
    if offer.verb == "reprioritise":
        return reorder(task, neighbours, actor=caller.actor)
    return VERBS[offer.verb](task, caller.actor, text)


def _offered(found: Move) -> Move:
    if found.refusal:
        raise WrongState(found.refusal)
    return found


def _cancel(task: Task, actor: Actor, text: str) -> str:
    state = tasks.cancel(task, actor=actor, reason=text or BOARD).state
    return f"#{task.pk} is cancelled." if state == State.CANCELLED else f"The agent of #{task.pk} is asked to stop."


def _take_back(task: Task, actor: Actor, text: str) -> str:
    tasks.take_back(task, actor=actor, reason=text or BOARD)
    return f"#{task.pk} is taken back and queued."


def _requeue(task: Task, actor: Actor, text: str) -> str:
    return f"#{task.pk} runs again." + _unless_queued(tasks.requeue(task, actor=actor))


def _let_run(task: Task, actor: Actor, text: str) -> str:
    return f"#{task.pk} may run." + _unless_queued(subtasks.let_run(task, actor=actor))


def _start_now(task: Task, actor: Actor, text: str) -> str:
    return f"#{task.pk} no longer waits for its time." + _unless_queued(start_now(task, actor=actor))


def _answer(task: Task, actor: Actor, text: str) -> str:
    questions.answer(task, text, actor=actor)
    return f"Answered. #{task.pk} is queued again."


def _request_changes(task: Task, actor: Actor, text: str) -> str:
    reviews.request_changes(task, actor=actor, comments=text)
    return f"Changes to #{task.pk} are requested."


def _approve(task: Task, actor: Actor, text: str) -> str:
    reviews.approve(task, actor=actor, comments=text)
    return f"#{task.pk} is approved."


def _adopt(task: Task, actor: Actor, text: str) -> str:
    found = late_result_of(task)
    if found is None:
        raise WrongState(f"#{task.pk} has no late result any more.")
    late.adopt(found, actor=actor)
    return f"The late result of #{task.pk} is adopted."


def _unless_queued(task: Task) -> str:
    return " It waits for something else yet." if task.state == State.WAITING else ""


VERBS: dict[str, Callable[[Task, Actor, str], str]] = {
    "cancel": _cancel,
    "take-back": _take_back,
    "requeue": _requeue,
    "let-run": _let_run,
    "start-now": _start_now,
    "answer": _answer,
    "request-changes": _request_changes,
    "approve": _approve,
    "adopt": _adopt,
}


@atomically
def start_now(task: Task, *, actor: Actor) -> Task:
    """Let a task wait neither for its start time nor for its retry any longer."""
    changed = Task.objects.filter(pk=task.pk, state=State.WAITING).exclude(not_before=None, retry_at=None)
    if not changed.update(not_before=None, retry_at=None, version=F("version") + 1):
        raise WrongState(f"#{task.pk} waits for no time.", state=task.state)
    record("task.start_brought_forward", actor=actor, task=task)
    settle([task.pk], actor=actor)
    task.refresh_from_db()
    return task


def _neighbours(task: Task, step: Step) -> Neighbours:
    queue = Task.objects.filter(project=task.project_id, state=State.QUEUED).exclude(pk=task.pk)
    before = Q(sort_key__lt=task.sort_key) | Q(sort_key=task.sort_key, pk__lt=task.pk)
    if step in (Step.TOP, Step.UP):
        above = queue.filter(before).order_by("sort_key", "id")
        return Neighbours(below=above.first() if step is Step.TOP else above.last())
    below = queue.exclude(before).order_by("sort_key", "id")
    return Neighbours(above=below.last() if step is Step.BOTTOM else below.first())


@atomically
def reorder(task: Task, neighbours: Neighbours, *, actor: Actor) -> str:
    """Give a queued task the priority nearest to its own that brings it to its new neighbours, and say which.

    The order of claims is a fixed value made of readiness and priority (P9), so a whole step of priority is the finest move:
    between two tasks of one minute it may end beyond the second.
    """
    above, below = neighbours.above, neighbours.below
    if any(other.state != State.QUEUED or other.project_id != task.project_id for other in (task, above, below) if other):
        raise WrongState("The queue has changed meanwhile; look again.")
    if below and task.sort_key >= below.sort_key:
        steps = -((task.sort_key - below.sort_key) // STEP + 1)
    elif above and task.sort_key <= above.sort_key:
        steps = (above.sort_key - task.sort_key) // STEP + 1
    else:
        return ""
    wanted = task.priority + steps
    if wanted < 0:
        raise WrongState(f"#{task.pk} cannot be more urgent than priority 0, and was ready later than those above.")
    if wanted > 100:
        raise WrongState(f"#{task.pk} cannot be less urgent than priority 100, and was ready earlier than those below.")
    tasks.reprioritise(task, wanted, actor=actor)
    return f"#{task.pk} has priority {wanted} now."
