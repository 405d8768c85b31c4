"""A live board in the terminal."""

import argparse
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import ago, holder_of
from tqc.errors import OK, TqcError
from tqc.output import one_line, shortened
from tqc.shapes import Agent, Stats, Task

COLUMNS = ("queued", "claimed", "running", "blocked", "review", "done", "failed")
EVERY = 10.0  # seconds between two looks when nothing happens
LEAST = 0.5  # seconds between two looks when much happens
CLEAR = "\x1b[H\x1b[J"


def watch(context: Context, options: argparse.Namespace) -> int:
    rang = threading.Event()
    if not options.once:
        threading.Thread(target=_listen, args=(context, options.project, rang), daemon=True).start()
    while True:
        began = time.monotonic()
        data = _look(context, options.project)
        lines = list(_board(context, data))
        if context.printer.as_json:
            context.printer.json({"schema": "tqc/1", "kind": "board", "data": data}, indent=None)
        else:
            screen = "\n".join(lines)
            context.printer.line((CLEAR if context.printer.out.isatty() and not options.once else "") + screen)
        if options.once:
            return OK
        rang.wait(EVERY)
        rang.clear()
        threading.Event().wait(max(0.0, LEAST - (time.monotonic() - began)))


def _listen(context: Context, project: str | None, rang: threading.Event) -> None:
    client = context.open_client()
    while True:
        try:
            for _ in client.follow_events(project=project):
                rang.set()
        except TqcError:
            # The board looks again on its own every few seconds, and says then what is wrong.
            threading.Event().wait(EVERY)


def _look(context: Context, project: str | None) -> dict[str, Any]:
    client = context.client
    open_tasks = client.tasks(state=["queued", "claimed", "running", "blocked", "review"], project=project, order="queue", limit=200)
    ended = client.tasks(state=["done", "failed"], project=project, order="-state_since", limit=30)
    agents = [each for each in client.agents()["items"] if each["state"] != "retired"]
    return {"stats": client.stats(), "tasks": open_tasks["items"] + ended["items"], "agents": agents}


def _board(context: Context, data: dict[str, Any]) -> Iterator[str]:
    size = shutil.get_terminal_size((120, 40))
    yield from _head(context, data["stats"], data["agents"])
    tasks: list[Task] = data["tasks"]
    shown = [state for state in COLUMNS if any(task["state"] == state for task in tasks)] or ["queued"]
    width = max(18, (size.columns - 2 * (len(shown) - 1)) // len(shown))
    columns = [[task for task in tasks if task["state"] == state] for state in shown]
    counts: Stats = data["stats"]
    titles = [f"{state.upper()} {counts['tasks'].get(state, len(column))}" for state, column in zip(shown, columns, strict=True)]
    yield "  ".join(context.printer.paint(title.ljust(width)[:width], "1") for title in titles).rstrip()
    room = max(3, (size.lines - 6) // 2)
    for row in range(min(room, max(map(len, columns), default=0))):
        cells = [_card(column[row]) if row < len(column) else ("", "") for column in columns]
        for line in (0, 1):
            yield "  ".join(_cell(context, cell[line], width, dim=line == 1) for cell in cells).rstrip()


def _head(context: Context, stats: Stats, agents: list[Agent]) -> Iterator[str]:
    told = (f"{context.printer.state(each['state'])} {one_line(each['name'])} {_held(each)}".rstrip() for each in agents[:8])
    yield f"Finished today {stats['finished_today']}   " + "   ".join(told)
    yield ""


def _held(agent: Agent) -> str:
    return ",".join(f"#{task}" for task in agent["tasks"]) or ago(agent["last_seen_at"])


def _card(task: Task) -> tuple[str, str]:
    return f"#{task['id']} {one_line(task['title'])}", f"{task['priority']} {holder_of(task)} {ago(task['state_since'])}"


def _cell(context: Context, text: str, width: int, *, dim: bool) -> str:
    fitted = shortened(text, width)
    padded = fitted + " " * max(0, width - len(fitted))
    return context.printer.paint(padded, "2") if dim and text else padded


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", metavar="SLUG", help="only this project")
    parser.add_argument("--once", action="store_true", help="draw it once and end")


COMMANDS = (
    Command(
        "watch",
        "a live board in the terminal",
        watch,
        _arguments,
        description="Follows the event stream and redraws within a second of a change. Ctrl-C ends it.",
        examples=[("tqc watch", ""), ("tqc watch --once --project shop", "one picture, for a log")],
        shape="kind board: {stats, tasks, agents}, one line for each picture",
    ),
)
