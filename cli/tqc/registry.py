"""Every command by name. The overview is printed from here, so that `tqc --help` imports no command."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tqc.command import Command


class Entry(NamedTuple):
    name: str
    module: str
    summary: str


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Start": (
        Entry("init", "setup", "connect to a server, store its address and key, teach an agent the rules"),
        Entry("whoami", "setup", "say whose key is used, where it came from and what it opens"),
        Entry("doctor", "doctor", "check address, key, clock, files and versions, and say what to do"),
        Entry("prime", "setup", "print the rules of work for an agent's context"),
        Entry("completion", "setup", "print the completion script of a shell"),
    ),
    "Work on tasks": (
        Entry("check", "queue", "say what is waiting for you, and what you hold"),
        Entry("next", "queue", "show the task that you would get, or claim it"),
        Entry("claim", "claiming", "claim one task, or the most urgent one"),
        Entry("brief", "reading", "print everything that is needed to do a task, or lay it out in a directory"),
        Entry("start", "holding", "say that you begin"),
        Entry("progress", "holding", "say how far you are"),
        Entry("heartbeat", "claiming", "give a sign of life and keep what you hold"),
        Entry("ask", "finishing", "ask a person and hand the task back until the answer"),
        Entry("complete", "finishing", "finish a task"),
        Entry("fail", "finishing", "say that it failed, for now or for good"),
        Entry("release", "finishing", "hand a task back that you cannot do"),
        Entry("subtask", "holding", "add a task under the one that you hold"),
        Entry("work", "working", "claim and run tasks with a command of yours, again and again"),
        Entry("mcp", "serving", "serve the work on tasks to an agent over MCP"),
    ),
    "Plan": (
        Entry("add", "adding", "add a task"),
        Entry("list", "queue", "list tasks"),
        Entry("show", "queue", "show a task with its attempts"),
        Entry("update", "updating", "move a task to a state, or change its fields"),
        Entry("edit", "editing", "edit the instructions of a task in your editor"),
        Entry("cancel", "updating", "cancel tasks"),
        Entry("requeue", "updating", "run finished tasks again"),
        Entry("undo", "updating", "take back the last decision about a task"),
        Entry("needs", "needs", "list, add, change and remove what a task waits for"),
        Entry("review", "reviewing", "approve a result, or ask for changes"),
        Entry("answer", "reviewing", "answer what an agent asked"),
        Entry("projects", "projects", "list, add, set up, pause, drain, stop and resume projects"),
        Entry("phases", "phases", "list, add, approve, pause, drain, stop and resume phases"),
        Entry("plan", "plans", "write a plan to a directory, read it back, compare the two"),
    ),
    "Look": (
        Entry("status", "queue", "count the tasks and the agents"),
        Entry("agents", "queue", "list the agents"),
        Entry("explain", "reading", "say why a task does not run"),
        Entry("history", "reading", "list the versions of what an agent is told"),
        Entry("diff", "reading", "show what changed between two versions"),
        Entry("log", "talking", "read the message log, or follow it"),
        Entry("say", "talking", "write to the message log"),
        Entry("watch", "watching", "a live board in the terminal"),
    ),
}
ALIASES = {"stats": "status", "ls": "list", "done": "complete", "logs": "log"}


def entries() -> Iterator[Entry]:
    for section in SECTIONS.values():
        yield from section


def find(name: str) -> "Command | None":
    """Return the command of this name or alias, importing its module only."""
    entry = next((entry for entry in entries() if entry.name == ALIASES.get(name, name)), None)
    if entry is None:
        return None
    commands: tuple[Command, ...] = import_module(f"tqc.commands.{entry.module}").COMMANDS
    return next(command for command in commands if command.name == entry.name)
