"""How states, bands and outcomes are named and drawn: one word, one icon, one tone each."""

from dataclasses import dataclass

from coordination.lifecycle import AgentState, Band, Outcome, PhaseState, State


@dataclass(frozen=True)
class Look:
    """A word and how it is drawn. `tone` names a colour pair of tokens.css, `icon` a symbol of icons.svg."""

    word: str
    icon: str
    tone: str


OF_STATE = {
    State.WAITING: Look("Waiting", "hourglass", "waiting"),
    State.QUEUED: Look("Queued", "circle-dashed", "queued"),
    State.CLAIMED: Look("Claimed", "hand", "running"),
    State.RUNNING: Look("Running", "circle-play", "running"),
    State.BLOCKED: Look("Question", "message-circle-question-mark", "needs"),
    State.REVIEW: Look("Review", "eye", "needs"),
    State.DONE: Look("Done", "circle-check", "done"),
    State.FAILED: Look("Failed", "circle-x", "failed"),
    State.CANCELLED: Look("Cancelled", "ban", "waiting"),
}
OF_PHASE = {
    PhaseState.PLANNED: Look("Planned", "circle-dashed", "waiting"),
    PhaseState.ACTIVE: Look("Active", "circle-play", "running"),
    PhaseState.COMPLETED: Look("Completed", "circle-check", "done"),
    PhaseState.PAUSED: Look("Paused", "pause", "needs"),
}
OF_AGENT = {
    AgentState.ACTIVE: Look("Active", "circle-play", "running"),
    AgentState.IDLE: Look("Idle", "circle", "done"),
    AgentState.SILENT: Look("Silent", "wifi-off", "failed"),
    AgentState.RETIRED: Look("Retired", "ban", "waiting"),
}
OF_OUTCOME = {
    Outcome.DONE: Look("Done", "circle-check", "done"),
    Outcome.SUBMITTED: Look("Submitted for review", "eye", "needs"),
    Outcome.FAILED: Look("Failed", "circle-x", "failed"),
    Outcome.RELEASED: Look("Released", "undo-2", "waiting"),
    Outcome.ASKED: Look("Asked a question", "message-circle-question-mark", "needs"),
    Outcome.EXPIRED: Look("Lease expired", "wifi-off", "failed"),
    Outcome.CANCELLED: Look("Cancelled", "ban", "waiting"),
    Outcome.LATE: Look("Late", "clock", "needs"),
}
OF_BAND = {
    Band.CRITICAL: Look("Critical", "chevrons-up", "failed"),
    Band.NORMAL: Look("Normal", "equal", "waiting"),
    Band.LOW: Look("Low", "chevrons-down", "waiting"),
}
OF_EVENT = {
    "task": "circle-dashed",
    "phase": "layers",
    "project": "folder-kanban",
    "agent": "bot",
    "message": "message-square",
    "key": "key-round",
    "files": "file-text",
    "member": "circle-user",
}
