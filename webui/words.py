"""How states, bands and outcomes are named and drawn: one word, one icon, one tone each."""

from dataclasses import dataclass

from coordination.lifecycle import AgentState, Band, DependencyKind, Outcome, PhaseState, State


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
OF_NEED = {
    DependencyKind.SUCCESS: "to be done",
    DependencyKind.FINISHED: "to end either way",
    DependencyKind.FAILURE: "to fail",
}
# The same, said from the other end: what "#3" must come to before those that wait for it run.
OF_FEED = {
    DependencyKind.SUCCESS: "once this is done",
    DependencyKind.FINISHED: "once this has ended",
    DependencyKind.FAILURE: "if this fails",
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
    "attempt": "history",
    "dependency": "link",
    "comment": "message-square",
    "view": "bookmark",
    "webhook": "webhook",
    "repository": "git-commit-horizontal",
}
OF_ACTOR = {
    "person": Look("Person", "circle-user", "waiting"),
    "agent": Look("Agent", "bot", "running"),
    "key": Look("Program", "key-round", "waiting"),
    "system": Look("Muster", "settings", "waiting"),
}
OF_COLUMN = {
    "waiting": Look("Waiting", "hourglass", "waiting"),
    "queued": Look("Queued", "circle-dashed", "queued"),
    "progress": Look("In progress", "circle-play", "running"),
    "needs": Look("Needs you", "bell", "needs"),
    "done": Look("Done", "circle-check", "done"),
    "failed": Look("Failed", "circle-x", "failed"),
}
# The order matters: most browsers claim to be several, and Android claims to be Linux.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux"))
OF_TASKS = ("task.", "attempt.", "comment.", "dependency.", "files.", "message.")
EVENT_WORDS = {
    "task.created": "created",
    "task.edited": "edited",
    "task.queued": "queued",
    "task.held": "held back",
    "task.retrying": "will retry",
    "task.fell_back": "opened to any agent",
    "agent.registered": "registered",
    "agent.back": "is back:",
    "agent.silent": "lost sight of",
    "agent.retired": "retired",
    "task.done": "completed",
    "task.claimed": "claimed",
    "task.started": "started",
    "task.progress": "reported progress on",
    "task.submitted": "submitted for review",
    "task.failed": "failed",
    "task.released": "released",
    "task.expired": "lost the lease of",
    "task.asked": "asked a question about",
    "task.answered": "answered the question about",
    "task.approved": "approved",
    "task.changes_requested": "requested changes to",
    "task.cancel_requested": "asked to cancel",
    "task.cancelled": "cancelled",
    "task.requeued": "requeued",
    "task.adopted": "adopted a late result of",
    "task.cancel_withdrawn": "took back the cancellation of",
    "task.put_back": "put back",
    "task.review_reopened": "reopened the review of",
    "task.asks_again": "reopened the question about",
    "task.stays_done": "left as done",
    "task.stays_failed": "left as failed",
    "attempt.late": "sent a late result of",
    "task.let_run": "let run",
    "task.start_brought_forward": "brought forward the start of",
    "attempt.pushed": "pushed work on",
    "attempt.sealed": "sealed its work on",
    "comment.added": "remarked on a line of",
    "comment.resolved": "resolved a remark on",
    "comment.reopened": "reopened a remark on",
    "comment.deleted": "deleted a remark on",
    "comment.restored": "brought back a remark on",
    "dependency.added": "added a dependency to",
    "dependency.changed": "changed a dependency of",
    "dependency.removed": "removed a dependency of",
    "files.saved": "saved a version of the files of",
    "files.rebuilt": "rebuilt the files of",
    "message.said": "wrote a message about",
    "phase.created": "added the phase",
    "phase.edited": "edited the phase",
    "phase.started": "started the phase",
    "phase.completed": "completed the phase",
    "phase.reopened": "reopened the phase",
    "phase.paused": "paused the phase",
    "phase.draining": "drains the phase",
    "phase.drained": "saw the last attempt end in the drained phase",
    "phase.split": "split the phase",
    "phase.resumed": "resumed the phase",
    "phase.moved": "moved the phase",
    "phase.status": "wrote the status of the phase",
    "phase.linked": "changed what comes before the phase",
    "phase.unlinked": "changed what comes before the phase",
    "phase.gate_opened": "opened the gate of the phase",
    "phase.gate_closed": "closed the gate of the phase",
    "phase.deleted": "deleted a phase",
    "project.created": "created the project",
    "project.deleted": "deleted the project",
    "project.edited": "changed the project's settings",
    "project.paused": "paused the project",
    "project.draining": "drains the project",
    "project.drained": "saw the last attempt end in the drained project",
    "project.resumed": "resumed the project",
    "member.granted": "changed a role",
    "member.revoked": "removed a member",
    "view.saved": "saved a view for everybody",
    "view.changed": "changed a view of everybody's",
    "view.deleted": "deleted a view of everybody's",
    "repository.added": "added a source of files",
    "repository.updated": "brought a source of files up to date",
    "user.created": "made an account",
    "muster.restored": "restored everything from a backup",
    "key.created": "created a key",
    "key.revoked": "revoked a key",
    "webhook.created": "added a webhook",
    "webhook.edited": "changed a webhook",
    "webhook.deleted": "deleted a webhook",
    "webhook.disabled": "switched a webhook off, which takes nothing any more",
    "webhook.secret_renewed": "made a new signing secret for a webhook",
    "webhook.tested": "sent a test to a webhook",
}
# What is left of a sentence whose task is not named may not end in one of these.
TIES = ("about", "for", "of", "on", "to", "with")


# On the page of the task itself, where "it" is the task and not the last word.
ABOUT_IT = {
    "task.held": "held it back",
    "task.retrying": "will try it again",
    "task.fell_back": "opened it to any agent",
    "task.submitted": "submitted it for review",
    "task.released": "handed it back",
    "task.expired": "lost its lease",
    "task.put_back": "put it back",
    "task.stays_done": "left it as done",
    "task.stays_failed": "left it as failed",
    "task.let_run": "let it run",
    "files.saved": "saved a version of its files",
    "files.rebuilt": "rebuilt its files",
    "attempt.pushed": "pushed work",
    "attempt.sealed": "sealed its work",
    "attempt.late": "sent a late result",
}


def of_event(kind: str, *, names_task: bool = True, is_here: bool = False) -> str:
    """Say what an event did; `names_task` if the name of its task follows, `is_here` on the page of that task."""
    said = EVENT_WORDS.get(kind, kind.replace(".", " ").replace("_", " "))
    if names_task or not kind.startswith(OF_TASKS):
        return said
    if is_here:
        return ABOUT_IT.get(kind, f"{said} it")
    return said.rsplit(" ", 1)[0] if said.endswith(tuple(f" {tie}" for tie in TIES)) else said
