"""What people say about work: review, answer."""

import argparse

from tqc.command import Command, Context
from tqc.commands.shared import HEADERS, read_text, rows_of
from tqc.errors import OK, UsageError
from tqc.parsing import task_number


def review(context: Context, options: argparse.Namespace) -> int:
    if options.verdict == "list":
        tasks = context.client.tasks(state=["review"], project=context.settings.project, limit=200)["items"]
        context.printer.answer(
            "tasks", {"items": tasks, "more": False}, lambda: context.printer.table(HEADERS, rows_of(tasks), states=(1,))
        )
        return OK
    if options.task is None:
        raise UsageError("Say which task.", hint="tqc review list")
    comments = read_text(options.comments or "")
    if options.verdict == "approve":
        task = context.client.approve(options.task, comments)
    elif options.verdict == "accept":
        task = context.client.let_run(options.task)
    elif options.verdict == "adopt":
        task = context.client.adopt(_late_attempt(context, options.task))
    elif comments:
        task = context.client.request_changes(options.task, comments)
    else:
        raise UsageError("Say what should change.", hint=f'tqc review changes {options.task} "..."')
    context.printer.answer("task", task, lambda: [f"#{options.task} is {task['state']}."])
    return OK


def _late_attempt(context: Context, task: int) -> int:
    attempts = context.client.attempts(task)["items"]
    waiting = [each["id"] for each in attempts if any(not late["adopted_at"] for late in each["late_results"])]
    if not waiting:
        raise UsageError(f"#{task} has no late result that waits to be adopted.", hint=f"tqc show {task}")
    return waiting[-1]


def answer(context: Context, options: argparse.Namespace) -> int:
    task = context.client.answer(options.task, read_text(options.text))
    context.printer.answer("task", task, lambda: [f"#{options.task} is {task['state']}."])
    return OK


def _review_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verdict", choices=["list", "approve", "changes", "accept", "adopt"], help="what to do; see above")
    parser.add_argument("task", nargs="?", type=task_number, metavar="TASK", help="the task's number")
    parser.add_argument("comments", nargs="?", metavar="COMMENTS", help="what should change, or @FILE")
    parser.add_argument("--project", metavar="SLUG", help="with list: only in this project")


def _answer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")
    parser.add_argument("text", metavar="ANSWER", help="the answer, or @FILE")


COMMANDS = (
    Command(
        "review",
        "approve a result, or ask for changes",
        review,
        _review_arguments,
        description="approve and changes judge a result; its author cannot. accept lets a task run that an agent added and that waits\n"
        "for a person; to refuse it, cancel it. adopt takes a result that came too late.",
        examples=[
            ("tqc review list", "what waits for a review"),
            ("tqc review approve 42", ""),
            ('tqc review changes 42 "The second table has no index."', "the comments are part of the next brief"),
            ("tqc review accept 43", "let a sub-task run that an agent added"),
            ("tqc review adopt 42", "take a late result as the result"),
        ],
        shape="kind task: the task; list: kind tasks",
    ),
    Command(
        "answer",
        "answer what an agent asked",
        answer,
        _answer_arguments,
        examples=[('tqc answer 42 "Yes, drop it."', "the task is queued again, with the answer in its brief")],
        shape="kind task: the task",
    ),
)
