"""What a task waits for: list, add, change, remove."""

import argparse
from typing import Any

from tqc.command import Command, Context
from tqc.errors import OK, UsageError
from tqc.parsing import task_number

KINDS = {"success": "to be done", "finished": "to end either way", "failure": "to fail"}


def needs(context: Context, options: argparse.Namespace) -> int:
    task, on, client = options.task, options.on, context.client
    if options.verb and not on:
        raise UsageError("Say which task it waits for.", hint=f"tqc needs {task} {options.verb} 41")
    if options.verb == "change" and not options.kind:
        raise UsageError("Say what it is to wait for.", hint=f"tqc needs {task} change {on} --kind finished")
    if options.verb == "remove" and options.kind:
        raise UsageError("A dependency is removed whatever its kind; leave --kind out.", hint=f"tqc needs {task} remove {on}")
    if options.verb == "add":
        client.add_need(task, on, options.kind or "success")
    elif options.verb == "change":
        client.change_need(task, on, options.kind)
    elif options.verb == "remove":
        client.remove_need(task, on)
    found = client.task(task)["needs"]
    context.printer.answer("needs", {"task": task, "items": found}, lambda: _told(task, found))
    return OK


def _told(task: int, found: Any) -> list[str]:
    if not found:
        return [f"#{task} waits for no other task."]
    return [f"#{task} waits for #{each['on']} {KINDS[each['kind']]} ({each['state']}): {each['title']}" for each in found]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the number of the task that waits")
    parser.add_argument("verb", nargs="?", choices=["add", "change", "remove"], help="without one: list what it waits for")
    parser.add_argument("on", nargs="?", type=task_number, metavar="ON", help="the number of the task that it waits for")
    parser.add_argument("--kind", choices=list(KINDS), help="until ON is done (success, the usual), has ended (finished) or failed")


COMMANDS = (
    Command(
        "needs",
        "list, add, change and remove what a task waits for",
        needs,
        _arguments,
        description="A dependency that would close a circle is refused, and the refusal names the circle.",
        examples=[
            ("tqc needs 42", "what #42 waits for"),
            ("tqc needs 42 add 41", "#42 waits for #41 to be done"),
            ("tqc needs 42 change 41 --kind finished", "... or only for its end, done or failed"),
            ("tqc needs 42 remove 41", "#42 waits for #41 no more"),
        ],
        shape="kind needs: {task, items: [{on, title, kind, state, satisfied}]}",
    ),
)
