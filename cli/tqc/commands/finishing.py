"""How you end your work on a task: complete, fail, release, ask."""

import argparse
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import read_json, read_text, repeat_key
from tqc.errors import OK, LeaseLost
from tqc.leases import HeldLease
from tqc.parsing import task_number
from tqc.shapes import Worked

LOST_HINT = "stop working on it; never repeat the command. For other work: tqc next"


def complete(context: Context, options: argparse.Namespace) -> int:
    body = _report(options)
    lease = context.leases.require(context.url, options.task)
    key = repeat_key("complete", lease, body)
    told = _ended(context, lease, lambda: context.client.complete(lease.task, lease.token, idempotency_key=key, **body))
    words = "waits for a review now" if told["state"] == "review" else f"is {told['state']}"
    context.printer.answer("task_state", told, lambda: [f"#{options.task} {words}."])
    return OK


def fail(context: Context, options: argparse.Namespace) -> int:
    error = read_text(options.error or options.reason or "")
    body = {**_report(options), "error": error, "retryable": not options.fatal}
    lease = context.leases.require(context.url, options.task)
    key = repeat_key("fail", lease, body)
    told = _ended(context, lease, lambda: context.client.fail(lease.task, lease.token, idempotency_key=key, **body))
    words = "failed for good" if told["state"] == "failed" else "will be tried again"
    context.printer.answer("task_state", told, lambda: [f"#{options.task} {words}."])
    return OK


def release(context: Context, options: argparse.Namespace) -> int:
    lease = context.leases.require(context.url, options.task)
    key = repeat_key("release", lease, {"reason": options.reason})
    told = _ended(context, lease, lambda: context.client.release(lease.task, lease.token, options.reason, idempotency_key=key))
    context.printer.answer("task_state", told, lambda: [f"#{options.task} is {told['state']} again."])
    return OK


def ask(context: Context, options: argparse.Namespace) -> int:
    text = read_text(options.question)
    lease = context.leases.require(context.url, options.task)
    key = repeat_key("ask", lease, {"text": text})
    told = _ended(context, lease, lambda: context.client.ask_person(lease.task, lease.token, text, idempotency_key=key))
    context.printer.answer("task_state", told, lambda: [f"#{options.task} is {told['state']} until somebody answers."])
    context.printer.say("The lease went back. The answer will be part of the brief of the next claim.")
    return OK


def _ended(context: Context, lease: HeldLease, send: "Any") -> Worked:
    """Send the report; the lease is over afterwards, unless the server did not answer."""
    try:
        told: Worked = send()
    except LeaseLost as lost:
        context.leases.forget(context.url, lease.task)
        lost.hint = LOST_HINT
        raise
    context.leases.forget(context.url, lease.task)
    return told


def _report(options: argparse.Namespace) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if result := options.result or getattr(options, "notes", None):
        body["result"] = read_text(result)
    if options.report:
        body["report"] = read_text(options.report)
    if options.data:
        body["data"] = read_json(options.data, "--data")
    if options.usage:
        body["usage"] = read_json(options.usage, "--usage")
    if options.cost is not None:
        body["cost_usd"] = options.cost
    return body


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the number of a task that you hold")
    parser.add_argument("--result", metavar="TEXT", help="the outcome in words, or @FILE")
    parser.add_argument("--report", metavar="TEXT", help="a longer report in Markdown, or @FILE")
    parser.add_argument("--data", metavar="JSON", help="what a program may read, or @FILE")
    parser.add_argument("--usage", metavar="JSON", help="input_tokens, output_tokens, num_turns, duration_ms, ..., or @FILE")
    parser.add_argument("--cost", metavar="USD", type=float, help="what it cost, in dollars")


def _complete_arguments(parser: argparse.ArgumentParser) -> None:
    _report_arguments(parser)
    parser.add_argument("-n", "--notes", metavar="TEXT", help="the same as --result")


def _fail_arguments(parser: argparse.ArgumentParser) -> None:
    _report_arguments(parser)
    parser.add_argument("reason", nargs="?", metavar="ERROR", help="what went wrong")
    parser.add_argument("--error", metavar="TEXT", help="what went wrong, or @FILE")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--retryable", action="store_true", help="it may work another time (the default)")
    kind.add_argument("--fatal", action="store_true", help="it will never work as it is")


def _release_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the number of a task that you hold")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why you cannot do it; the next agent reads this")


def _ask_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the number of a task that you hold")
    parser.add_argument("question", metavar="QUESTION", help="what a person must decide, or @FILE")


AGAIN = "If the server does not answer, give the same command again: it has one effect, however often it is given."
STATE = "kind task_state: {id, state}"
COMMANDS = (
    Command(
        "complete",
        "finish a task",
        complete,
        _complete_arguments,
        description=AGAIN,
        examples=[
            ('tqc complete 42 --result "Email draft saved to drafts/"', "in a sentence"),
            ("tqc complete 42 --result Done. --report @report.md --data @rows.json", "with a report and data for programs"),
            ('tqc complete 5 -n "Deployed Prometheus stack"', "-n is short for --result"),
        ],
        shape=STATE,
    ),
    Command(
        "fail",
        "say that it failed, for now or for good",
        fail,
        _fail_arguments,
        description="A retryable failure is tried again later, while attempts are left.\n" + AGAIN,
        examples=[
            ('tqc fail 42 "The mail server does not answer."', "try again later"),
            ('tqc fail 42 --fatal "There is no such customer."', "never again"),
        ],
        shape=STATE,
    ),
    Command(
        "release",
        "hand a task back that you cannot do",
        release,
        _release_arguments,
        description="This is no failure: it is not counted, and another agent may do the task.\n" + AGAIN,
        examples=[('tqc release 42 --reason "I have no access to the printer."', "")],
        shape=STATE,
    ),
    Command(
        "ask",
        "ask a person and hand the task back until the answer",
        ask,
        _ask_arguments,
        description="Ask only what nobody but a person can decide.\n" + AGAIN,
        examples=[('tqc ask 42 "May I drop the old table?"', "the task is blocked until somebody answers")],
        shape="kind task_state: {id, state, question}",
    ),
)
