"""What you say while you hold a task: start, progress, subtask."""

import argparse

from tqc.command import Command, Context
from tqc.commands.adding import fields_of, task_arguments
from tqc.commands.shared import task_line
from tqc.errors import OK
from tqc.parsing import task_number, whole


def start(context: Context, options: argparse.Namespace) -> int:
    lease = context.leases.require(context.url, options.task)
    told = context.client.start(options.task, lease.token)
    context.printer.answer("task_state", told, lambda: [f"#{options.task} is {told['state']}."])
    return OK


def progress(context: Context, options: argparse.Namespace) -> int:
    lease = context.leases.require(context.url, options.task)
    told = context.client.progress(options.task, lease.token, options.percent, options.note)
    context.printer.answer("task_state", told, lambda: [f"#{options.task} is at {options.percent} %."])
    return OK


def subtask(context: Context, options: argparse.Namespace) -> int:
    lease = context.leases.require(context.url, options.task)
    made = context.client.add_subtasks(options.task, lease.token, [{"title": options.title, **fields_of(options)}])
    task = made["items"][0]
    context.printer.answer("task", task, lambda: [f"Added {task_line(task)} under #{options.task}, {task['state']}."])
    if task["reason"]:
        context.printer.say(task["reason"])
    return OK


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the number of a task that you hold")


def _progress_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("percent", type=whole(0, 100, "PERCENT"), metavar="PERCENT", help="0 to 100")
    parser.add_argument("note", nargs="?", default="", metavar="NOTE", help="what you are doing")


def _subtask_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("title", metavar="TITLE", help="what is to be done")
    task_arguments(parser)


COMMANDS = (
    Command(
        "start",
        "say that you begin",
        start,
        _one,
        examples=[("tqc start 42", "the task moves from claimed to running")],
        shape="kind task_state: {id, state}",
    ),
    Command(
        "progress",
        "say how far you are",
        progress,
        _progress_arguments,
        examples=[('tqc progress 42 60 "Wrote the parser."', "people see it on the board at once")],
        shape="kind task_state: {id, state}",
    ),
    Command(
        "subtask",
        "add a task under the one that you hold",
        subtask,
        _subtask_arguments,
        description="The project sets how many there may be and how deep they may nest, and may ask a person first.",
        examples=[('tqc subtask 42 "Translate the second chapter" --kind translation', "")],
        shape="kind task: the new task",
    ),
)
