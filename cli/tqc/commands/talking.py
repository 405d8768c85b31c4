"""The communication log: log, say."""

import argparse

from tqc.command import Command, Context
from tqc.commands.shared import ago, project_of, read_text
from tqc.errors import OK
from tqc.output import clean
from tqc.parsing import task_number, whole
from tqc.shapes import Message


def log(context: Context, options: argparse.Namespace) -> int:
    project = project_of(context)
    filters = {"task": options.task, "to_agent": options.to, "unacked_by": options.unread_by}
    messages: list[Message] = []
    cursor: str | None = None
    while True:
        page = context.client.messages(project, **filters, after=None if cursor else options.after, limit=200, cursor=cursor)
        messages = (messages + page["items"])[-options.limit :]
        cursor = page["next_cursor"]
        if not cursor:
            break
    if options.ack:
        for message in messages:
            context.client.acknowledge(message["id"])
    if not options.follow:
        context.printer.answer("messages", {"items": messages}, lambda: (_line(context, each) for each in messages))
        return OK
    _print(context, messages)
    last = messages[-1]["id"] if messages else options.after or 0

    def catch_up() -> None:
        nonlocal last
        page = context.client.messages(project, **filters, after=last, limit=200)
        _print(context, page["items"])
        last = max([last, *(each["id"] for each in page["items"])])

    # What is said between the list above and the opening of the stream must not be missed.
    for event in context.client.follow_events(project=project, kind=["message"], opened=catch_up):
        if int(event["data"].get("message", 0)) > last:
            catch_up()
    return OK


def _print(context: Context, messages: list[Message]) -> None:
    for message in messages:
        if context.printer.as_json:
            context.printer.json({"schema": "tqc/1", "kind": "message", "data": message}, indent=None)
        else:
            context.printer.line(_line(context, message))


def _line(context: Context, message: Message) -> str:
    about = f" on #{message['task']}" if message["task"] else ""
    to = f" to {message['to_agent']}" if message["to_agent"] else ""
    head = context.printer.paint(clean(f"{message['author']}{to}{about}, {ago(message['created_at'])}:"), "1")
    return f"{message['id']} {head} {clean(message['text'])}"


def say(context: Context, options: argparse.Namespace) -> int:
    text = read_text(options.text)
    lease = context.leases.find(context.url, options.task) if options.task and not options.to else None
    if lease is not None:
        told = context.client.log(lease.task, lease.token, text)
        context.printer.answer("said", told, lambda: [f"Said on #{lease.task}."])
        return OK
    project = context.client.task(options.task)["project"] if options.task else project_of(context)
    message = context.client.say(project, text, task=options.task, to_agent=options.to)
    context.printer.answer("message", message, lambda: [f"Said in {project}."])
    return OK


def _log_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); the only one by default")
    parser.add_argument("--task", type=task_number, metavar="TASK", help="only about this task")
    parser.add_argument("--to", metavar="AGENT", help="only to this agent")
    parser.add_argument("--unread-by", metavar="AGENT", help="only what this agent has not acknowledged")
    parser.add_argument("--ack", action="store_true", help="acknowledge what is printed")
    parser.add_argument("--after", type=whole(0, 2**63 - 1, "--after"), metavar="ID", help="only later than this message")
    parser.add_argument("--limit", type=whole(1, 10_000, "--limit"), default=50, help="the last so many, 50 by default")
    parser.add_argument("-f", "--follow", action="store_true", help="go on and print each message as it is said")


def _say_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what to say, or @FILE")
    parser.add_argument("--task", type=task_number, metavar="TASK", help="about this task")
    parser.add_argument("--to", metavar="AGENT", help="to this agent")
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); the only one by default")


COMMANDS = (
    Command(
        "log",
        "read the message log, or follow it",
        log,
        _log_arguments,
        examples=[
            ("tqc log --follow", "as it happens"),
            ("tqc log --unread-by jared --ack", "what jared has not read yet, and note it as read"),
        ],
        shape="kind messages: {items: [message]}; with --follow one line of kind message each",
    ),
    Command(
        "say",
        "write to the message log",
        say,
        _say_arguments,
        examples=[('tqc say "The staging host is back."', "to everybody"), ('tqc say "Please take #43 next." --to jean', "to one agent")],
        shape="kind message: the message",
    ),
)
