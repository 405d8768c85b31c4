"""Reading what a task says, and how that came to be: brief, explain, history, diff."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tqc.command import Command, Context
from tqc.commands.shared import ago
from tqc.errors import OK, UsageError
from tqc.output import clean, one_line
from tqc.parsing import task_number, whole
from tqc.work.layout import for_tqc, lay_out


def brief(context: Context, options: argparse.Namespace) -> int:
    if options.to:
        told = context.client.brief(options.task)
        written = lay_out(Path(options.to), told, context.client.brief_markdown(options.task))
        context.printer.answer("brief_directory", {"directory": options.to, "files": written}, lambda: written)
        context.printer.say(f"Laid out {len(written)} files below {options.to}; begin with brief.md.")
    elif options.json:
        context.printer.answer("brief", context.client.brief(options.task), list)
    else:
        text = clean(for_tqc(context.client.brief_markdown(options.task), options.task))
        context.printer.answer("brief", None, lambda: text.rstrip().splitlines())
    return OK


def explain(context: Context, options: argparse.Namespace) -> int:
    told = context.client.explain(options.task, options.agent or "")

    def text() -> Iterator[str]:
        yield f"#{told['task']} is {context.printer.state(told['state'])}."
        for reason in told["reasons"]:
            yield f"  - {one_line(reason['sentence'])}"
        if not told["reasons"]:
            yield f"  {one_line(told['summary'])}"

    context.printer.answer("explanation", told, text)
    return OK


def history(context: Context, options: argparse.Namespace) -> int:
    page = context.client.history(options.task, path=options.path or "", limit=options.limit)
    rows = [[each["commit"][:10], ago(each["when"]), each["author"], each["files_changed"], each["message"]] for each in page["items"]]
    headers = ("VERSION", "WHEN", "WHO", "FILES", "MESSAGE")
    context.printer.answer("versions", page, lambda: context.printer.table(headers, rows))
    if not rows:
        context.printer.say(f"#{options.task} has no files yet. To write its instructions: tqc edit {options.task}")
    return OK


def diff(context: Context, options: argparse.Namespace) -> int:
    versions = context.client.history(options.task, limit=200)["items"]
    if not versions:
        raise UsageError(f"#{options.task} has no files yet, so nothing changed.", hint=f"tqc edit {options.task}")
    known = [each["commit"] for each in versions]
    new = _whole_commit(options.new, known) if options.new else known[0]
    old = _whole_commit(options.old, known) if options.old else (versions[known.index(new)]["parent"] or "" if new in known else "")
    if options.json:
        context.printer.answer("diff", context.client.diff(options.task, old, new), list)
        return OK
    for line in clean(context.client.patch(options.task, old, new)).splitlines():
        code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
        context.printer.line(context.printer.paint(line, "1" if line.startswith(("+++", "---", "diff ")) else code))
    return OK


def _whole_commit(given: str, known: list[str]) -> str:
    found = [commit for commit in known if commit.startswith(given.lower())]
    if len(found) == 1 or (found and given in found):
        return found[0]
    if len(given) == 40:
        return given
    raise UsageError(f"{given!r} names {'several' if found else 'no'} version of this task.", hint="tqc history TASK")


def _brief_arguments(parser: argparse.ArgumentParser) -> None:
    _task(parser)
    parser.add_argument("--to", metavar="DIRECTORY", help="lay out brief.md, instructions.md and every context file there")


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    _task(parser)
    parser.add_argument("--agent", metavar="NAME", help="why this agent cannot run it")


def _history_arguments(parser: argparse.ArgumentParser) -> None:
    _task(parser)
    parser.add_argument("--path", metavar="FILE", help="only versions that changed this file")
    parser.add_argument("--limit", type=whole(1, 200, "--limit"), default=50, help="at most so many, 50 by default")


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    _task(parser)
    parser.add_argument("old", nargs="?", metavar="OLD", help="a version; the one before NEW by default")
    parser.add_argument("new", nargs="?", metavar="NEW", help="a version; the newest by default")


def _task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")


COMMANDS = (
    Command(
        "brief",
        "print everything that is needed to do a task, or lay it out in a directory",
        brief,
        _brief_arguments,
        description="Of the attempt that runs, exactly as it was handed out; otherwise as the next attempt would get it.",
        examples=[
            ("tqc brief 42", "as Markdown"),
            ("tqc brief 42 --to work/42", "brief.md, brief.json, instructions.md, context/... and results/..."),
        ],
        shape="kind brief: the brief; with --to kind brief_directory: {directory, files}",
    ),
    Command(
        "explain",
        "say why a task does not run",
        explain,
        _explain_arguments,
        examples=[("tqc explain 42", ""), ("tqc explain 42 --agent jared", "why jared cannot run it")],
        shape="kind explanation: {task, state, summary, runs, claimable, reasons: [{code, sentence, data}]}",
    ),
    Command(
        "history",
        "list the versions of what an agent is told",
        history,
        _history_arguments,
        examples=[("tqc history 42", ""), ("tqc history 42 --path instructions.md", "of one file")],
        shape="kind versions: {items: [{commit, parent, author, email, when, message, files_changed}], next_cursor}",
    ),
    Command(
        "diff",
        "show what changed between two versions",
        diff,
        _diff_arguments,
        examples=[("tqc diff 42", "what the newest version changed"), ("tqc diff 42 3f2a91 8c01b7", "between two versions")],
        shape="kind diff: {old, new, additions, deletions, truncated, files: [...]}",
    ),
)
