"""What several commands need: words for states, times for people, acting as an agent that may be new."""

import hashlib
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from tqc import __version__
from tqc.command import Context
from tqc.errors import NotFound, UsageError
from tqc.leases import HeldLease
from tqc.output import one_line
from tqc.shapes import Task

T = TypeVar("T")

STATES = ("waiting", "queued", "claimed", "running", "blocked", "review", "done", "failed", "cancelled")
FINISHED = ("done", "failed", "cancelled")
# The words that other task queues use for the same states.
VIEWS: dict[str, tuple[str, ...]] = {
    **{state: (state,) for state in STATES},
    "pending": ("waiting", "queued"),
    "in_progress": ("claimed", "running"),
    "completed": ("done",),
    "open": tuple(state for state in STATES if state not in FINISHED),
    "finished": FINISHED,
    "all": STATES,
}


def states_of(words: Iterable[str]) -> list[str]:
    """Return our states for words of ours or of other queues."""
    found: list[str] = []
    for word in words:
        view = VIEWS.get(word.lower().replace("-", "_").replace(" ", "_"))
        if view is None:
            raise UsageError(f"{word!r} is no state; choose from {', '.join(VIEWS)}.")
        found += [state for state in view if state not in found]
    return found


def moment(text: str) -> datetime:
    """Read a time as the server writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def ago(text: str | None, *, now: datetime | None = None) -> str:
    """Say how long ago a time was, or how far it is ahead, in one unit."""
    if not text:
        return ""
    seconds = ((now or datetime.now(timezone.utc)) - moment(text)).total_seconds()
    size = span(abs(seconds))
    return f"{size} ago" if seconds >= 0 else f"in {size}"


def span(seconds: float) -> str:
    for size, most, unit in ((86400, 2, "d"), (3600, 2, "h"), (60, 5, "min")):
        if seconds >= most * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def task_line(task: Mapping[str, Any]) -> str:
    return f"#{task['id']} {one_line(task['title'])}"


def rows_of(tasks: Iterable[Task]) -> list[list[object]]:
    return [
        [f"#{task['id']}", task["state"], task["priority"], task["tier"], task["kind"], holder_of(task), task["title"]] for task in tasks
    ]


HEADERS = ("ID", "STATE", "PRIO", "TIER", "KIND", "AGENT", "TITLE")


def holder_of(task: Task) -> str:
    lease = task.get("lease")
    return lease["agent"] if lease else task.get("assigned_to") or ""


def as_agent(context: Context, act: Callable[[], T], *, agent: str = "") -> T:
    """Do something as an agent; one that the server has never heard of is registered first, as its first sign of life."""
    name = agent or context.settings.agent
    try:
        return act()
    except NotFound:
        if not name or _is_registered(context, name):
            raise
    register(context, name)
    return act()


def _is_registered(context: Context, name: str) -> bool:
    try:
        context.client.agent(name)
    except NotFound:
        return False
    return True


def register(context: Context, name: str) -> None:
    context.client.register(
        name, display_name=context.settings.display_name, host=socket.gethostname()[:200], software=f"tqc {__version__}"
    )
    context.printer.say(f"Registered agent {name}.")


def repeat_key(verb: str, lease: HeldLease, body: Mapping[str, Any]) -> str:
    """Return the idempotency key of a report: the same command given again, in another process too, has one effect."""
    said = json.dumps([verb, lease.token, body], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def project_of(context: Context) -> str:
    """Return the project to work in: the one that is set, or the only one there is."""
    if context.settings.project:
        return context.settings.project
    found = context.client.projects(limit=20)["items"]
    if len(found) == 1:
        return found[0]["slug"]
    if any(project["slug"] == "default" for project in found):
        return "default"
    if not found:
        raise UsageError("There is no project yet.", hint='tqc projects add SLUG --name "NAME"')
    slugs = ", ".join(project["slug"] for project in found)
    raise UsageError(f"Say which project: {slugs}.", hint="add --project SLUG, or set MUSTER_PROJECT")


def read_text(value: str) -> str:
    """Return the text itself, or what the file holds that is named after an @ (@- reads standard input)."""
    if not value.startswith("@"):
        return value
    import sys
    from pathlib import Path

    if value == "@-":
        return sys.stdin.read()
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{value[1:]} cannot be read: {error}.") from error


def read_json(value: str, what: str) -> dict[str, Any]:
    """Return a JSON object that is given as text or as @file."""
    try:
        document = json.loads(read_text(value))
    except ValueError as error:
        raise UsageError(f"{what} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UsageError(f'{what} must be a JSON object, such as {{"rows": 12}}.')
    return document
