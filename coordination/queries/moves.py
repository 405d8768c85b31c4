"""Where on the board a task can be moved to: for each column the verb that this would be, or why it cannot be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coordination.lifecycle import FINISHED, LEASED, PhaseState, State
from coordination.models import Agent, LateResult, Task
from coordination.queries.access import Caller, Permission
from coordination.queries.board import COLUMN_OF, COLUMNS
from coordination.queries.explain import explain
from coordination.queries.swimlanes import Kind, Swimlane, lane_of


@dataclass(frozen=True)
class Move:
    """A move to one column or lane (`to`). Either `verb` is set, or `refusal` says why not; `is_here` marks where the task stands."""

    to: str
    title: str
    verb: str = ""
    label: str = ""
    effect: str = ""
    refusal: str = ""
    asks: str = ""  # what a person must write for it, "" for nothing
    is_here: bool = False


PLANNERS_ONLY = "Only planners of this project can move tasks."
HERE = "It is here already."
ONLY_AGENTS = "Only an agent starts a task, by claiming it. Make it more urgent, or assign it, to have it taken sooner."
ONLY_THE_ENGINE = (
    "A task waits by itself: for what it needs, its phase, a start time or a retry. To hold it, pause its phase or add a dependency."
)
COMES_BY_ITSELF = "A task comes here by itself: when its agent asks something, or hands in a result that needs a review."


def moves(task: Task, caller: Caller) -> list[Move]:
    """Return one move for each column, in their order."""
    here = COLUMN_OF[State(task.state)].key
    may_plan = caller.may(Permission.PLAN, task.project_id)
    found = []
    for kind in COLUMNS:
        if kind.key == here and kind.key != "queued":
            found.append(Move(kind.key, kind.title, refusal=HERE, is_here=True))
        elif not may_plan:
            found.append(Move(kind.key, kind.title, refusal=PLANNERS_ONLY, is_here=kind.key == here))
        else:
            found.append(OFFERS[kind.key](task, Move(kind.key, kind.title)))
    return found


def move_to(task: Task, column: str, caller: Caller) -> Move | None:
    return next((move for move in moves(task, caller) if move.to == column), None)


def _offer(move: Move, verb: str, label: str, effect: str, asks: str = "") -> Move:
    return Move(move.to, move.title, verb, label, effect, asks=asks)


def _refuse(move: Move, sentence: str) -> Move:
    return Move(move.to, move.title, refusal=sentence)


def _to_waiting(task: Task, move: Move) -> Move:
    return _refuse(move, ONLY_THE_ENGINE)


def _to_queued(task: Task, move: Move) -> Move:
    state = State(task.state)
    if state is State.QUEUED:
        effect = "Drop it between two cards to change its priority; the most urgent is at the top."
        return Move(move.to, move.title, "reprioritise", "Change its priority", effect, is_here=True)
    if state in LEASED:
        effect = "Takes it from its agent and queues it. What the agent still sends is kept as a late result."
        return _offer(move, "take-back", "Take it back from its agent", effect)
    if state is State.BLOCKED:
        return _offer(move, "answer", "Answer its question", "The answer is part of the next brief.", "Your answer")
    if state is State.REVIEW:
        return _offer(move, "request-changes", "Request changes", "The comments are part of the next brief.", "What should change")
    if state in FINISHED:
        return _offer(move, "requeue", "Run it again", "Runs again with a fresh count of failures; its attempts stay.")
    return _from_waiting(task, move)


def _from_waiting(task: Task, move: Move) -> Move:
    if task.awaits_person:
        return _offer(move, "let-run", "Let it run", "An agent added it and it waits for your word.")
    reasons = [reason for reason in explain(task).reasons if reason.code not in ("no_agent", "no_living_agent")]
    if reasons and all(reason.code in ("not_before", "retry_delay") for reason in reasons):
        return _offer(move, "start-now", "Start it now", "Does not wait for its time any longer.")
    return _refuse(move, " ".join(reason.sentence for reason in reasons) or "It is being queued at this moment.")


def _to_progress(task: Task, move: Move) -> Move:
    return _refuse(move, ONLY_AGENTS)


def _to_needs(task: Task, move: Move) -> Move:
    return _refuse(move, COMES_BY_ITSELF)


def _to_done(task: Task, move: Move) -> Move:
    state = State(task.state)
    if state is State.REVIEW:
        return _offer(move, "approve", "Approve the result", "It is done, and what waits for it may run.")
    if state is not State.CANCELLED and late_result_of(task):
        return _offer(move, "adopt", "Adopt the late result", "The result that came too late becomes the result.")
    if state in LEASED:
        return _refuse(move, "Its agent completes it. To end it without a result, cancel it.")
    if state is State.BLOCKED:
        return _refuse(move, "Its agent waits for an answer and has no result yet.")
    return _refuse(move, "There is no result to accept: an agent has to complete it first.")


def _to_failed(task: Task, move: Move) -> Move:
    state = State(task.state)
    if state is State.DONE:
        return _refuse(move, "It is done; run it again if the result is wrong.")
    if state in LEASED:
        return _offer(move, "cancel", "Cancel it", "Asks its agent to stop; it loses the task within a minute.")
    return _offer(move, "cancel", "Cancel it", "It will not run, nor will what waits for it.")


OFFERS: dict[str, Callable[[Task, Move], Move]] = {
    "waiting": _to_waiting,
    "queued": _to_queued,
    "progress": _to_progress,
    "needs": _to_needs,
    "done": _to_done,
    "failed": _to_failed,
}


def late_result_of(task: Task) -> LateResult | None:
    """Return the newest good result of the task that came too late and that nobody adopted."""
    return LateResult.objects.filter(attempt__task=task, succeeded=True, adopted_at=None).order_by("-pk").first()


def lane_moves(task: Task, lanes: Sequence[Swimlane], caller: Caller) -> list[Move]:
    """Return one move for each of the lanes: a change of phase, or of whom the task is assigned to."""
    if not lanes:
        return []
    here = lane_of(task, lanes[0].kind)
    may_plan = caller.may(Permission.PLAN, task.project_id)
    found = []
    for lane in lanes:
        if lane.key == here:
            found.append(Move(lane.key, lane.title, refusal=HERE, is_here=True))
        elif not may_plan:
            found.append(Move(lane.key, lane.title, refusal=PLANNERS_ONLY))
        elif lane.kind is Kind.PHASE:
            found.append(_to_phase(lane))
        else:
            found.append(_to_agent(task, lane))
    return found


def _to_phase(lane: Swimlane) -> Move:
    assert lane.phase is not None, "a lane of phases has one"
    effects = {
        PhaseState.PLANNED: f"It waits until {lane.title} starts.",
        PhaseState.PAUSED: f"It waits: {lane.title} is paused.",
        PhaseState.COMPLETED: f"{lane.title} is completed and is opened again.",
    }
    return Move(lane.key, lane.title, "phase", f"Move to {lane.title}", effects.get(PhaseState(lane.phase.state), ""))


def _to_agent(task: Task, lane: Swimlane) -> Move:
    move = Move(lane.key, lane.title)
    state = State(task.state)
    if state in LEASED:
        return _refuse(move, "An agent holds it. Take it back first, by moving it to Queued.")
    if state not in (State.WAITING, State.QUEUED):
        return _refuse(move, "Only a task that has not begun can be assigned. Run it again, or answer it, first.")
    if lane.agent is None:
        return _offer(move, "assign", "Open it to any agent", "Any agent that can run it may take it.")
    return _to_one_agent(task, move, lane.agent)


def _to_one_agent(task: Task, move: Move, agent: Agent) -> Move:
    if agent.retired_at:
        return _refuse(move, f"{agent.title} is retired.")
    if task.tier not in agent.tiers:
        return _refuse(move, f"It needs tier {task.tier}, and {agent.title} registered {', '.join(agent.tiers) or 'none'}.")
    if missing := sorted(set(task.capabilities) - set(agent.capabilities)):
        return _refuse(move, f"It needs {', '.join(missing)}, which {agent.title} did not register.")
    return _offer(move, "assign", f"Assign it to {agent.title}", f"Only {agent.title} may take it.")
