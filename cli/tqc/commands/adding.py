"""Adding a task."""

import argparse
from pathlib import Path
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import project_of, read_text, task_line
from tqc.errors import OK, UsageError
from tqc.parsing import task_number, whole, words

BANDS = {"high": 10, "critical": 10, "medium": 50, "normal": 50, "low": 80}


def add(context: Context, options: argparse.Namespace) -> int:
    fields = fields_of(options)
    if context.is_compat and "lease_mode" not in fields:
        # Those who come by this name send no heartbeats: their claims last two hours.
        fields["lease_mode"] = "manual"
    project = project_of(context)
    made = context.client.add_tasks(project, [{"title": options.title, **fields}])
    task = made["items"][0]
    context.printer.answer("task", task, lambda: [f"Added {task_line(task)}, {task['state']}."])
    for warning in made["warnings"]:
        context.printer.say(str(warning.get("sentence", "")))
    return OK


def fields_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of a new task that the command line gives."""
    fields: dict[str, Any] = {}
    for name in ("kind", "tier", "assigned_to", "fallback_after", "max_attempts", "not_before", "parent", "objective"):
        if (value := getattr(options, name, None)) is not None:
            fields[name] = value
    if options.priority is not None:
        fields["priority"] = options.priority
    if options.time_limit is not None:
        fields["timeout"] = options.time_limit
    if phase := getattr(options, "phase", None):
        fields["phase"] = int(phase) if phase.isdecimal() else phase
    for name in ("labels", "capabilities", "criteria"):
        if value := getattr(options, name):
            fields[name] = [word for group in value for word in group] if name != "criteria" else value
    if options.needs:
        fields["needs"] = [{"on": number} for number in options.needs]
    if options.instructions:
        fields["instructions"] = read_text(options.instructions)
    if options.file:
        fields["files"] = dict(_file(each) for each in options.file)
    if getattr(options, "review", False):
        fields["review_policy"] = "required"
    if getattr(options, "manual_lease", False):
        fields["lease_mode"] = "manual"
    return fields


def _file(given: str) -> tuple[str, Any]:
    """Read `NAME=PATH`, or a path whose name is kept, as a context file."""
    name, _, path = given.partition("=")
    source = Path(path or name)
    name = name if path else f"context/{source.name}"
    try:
        content = source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from error
    try:
        return name, content.decode("utf-8")
    except UnicodeDecodeError:
        import base64

        return name, {"base64": base64.b64encode(content).decode()}


def priority(text: str) -> int:
    """Read a priority: a number, or high, medium, low."""
    return BANDS[text.lower()] if text.lower() in BANDS else whole(0, 100, "--priority")(text)


def task_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fields that every new task can have."""
    parser.add_argument("--kind", help="what sort of work it is, such as email")
    parser.add_argument("--priority", type=priority, metavar="0-100", help="0 most urgent, 50 by default; or high, medium, low")
    parser.add_argument("--tier", choices=["light", "standard", "heavy"], help="how capable a model it needs, standard by default")
    parser.add_argument("--capabilities", type=words, action="append", metavar="A,B", help="what an agent must be able to do")
    parser.add_argument("--labels", "--label", type=words, action="append", metavar="A,B", help="words to find it by")
    parser.add_argument("--needs", "--after", type=task_number, action="append", metavar="TASK", help="wait until this task is done")
    parser.add_argument("--objective", metavar="TEXT", help="what is to be reached, in a sentence or two")
    parser.add_argument("--criteria", "--criterion", action="append", metavar="TEXT", help="what must hold at the end; may be repeated")
    parser.add_argument("--instructions", "-i", metavar="TEXT", help="what to do, in Markdown, or @FILE, or @- for standard input")
    parser.add_argument("--file", action="append", metavar="[NAME=]PATH", help="a context file; may be repeated")
    parser.add_argument(
        "--time-limit", type=whole(1, 31_622_400, "--time-limit"), metavar="SECONDS", help="the longest that one attempt may run"
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("title", metavar="TITLE", help="what is to be done")
    task_arguments(parser)
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); the only one by default")
    parser.add_argument("--phase", metavar="PHASE", help="a phase's number or name; the first open one by default")
    parser.add_argument("--agent", "--assign", dest="assigned_to", metavar="NAME", help="only this agent may claim it")
    parser.add_argument("--fallback-after", type=whole(1, 31_622_400, "--fallback-after"), metavar="SECONDS", help="then any agent may")
    parser.add_argument("--max-attempts", type=whole(1, 1000, "--max-attempts"), metavar="N", help="as the project says by default")
    parser.add_argument("--not-before", metavar="TIME", help="such as 2026-12-24T08:00:00Z")
    parser.add_argument("--parent", type=task_number, metavar="TASK", help="the task that this one is a part of")
    parser.add_argument("--review", action="store_true", help="somebody else must approve the result")
    parser.add_argument("--manual-lease", action="store_true", help="a claim lasts two hours and needs no heartbeats")


COMMANDS = (
    Command(
        "add",
        "add a task",
        add,
        _arguments,
        examples=[
            ('tqc add "Triage urgent email from Sarah" --kind email --priority 20 --tier standard', ""),
            ('tqc add "Load the data" --needs 41 -i @load.md --file rows.csv', "after #41, with instructions and a context file"),
        ],
        shape="kind task: the new task",
    ),
)
