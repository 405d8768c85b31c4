"""Editing a task's instructions in $EDITOR: what somebody else saved meanwhile is never overwritten."""

import argparse
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from tqc.command import Command, Context
from tqc.commands.shared import read_text
from tqc.errors import OK, NotFound, Problem, StaleVersion, TqcError, UsageError
from tqc.output import clean
from tqc.parsing import task_number

INSTRUCTIONS = "instructions.md"


def edit(context: Context, options: argparse.Namespace) -> int:
    base, before = _current(context, options.task, options.path)
    after = read_text(options.content) if options.content is not None else _in_editor(options.task, options.path, before)
    if after == before:
        context.printer.answer("saved", None, lambda: ["Nothing changed, so nothing was saved."])
        return OK
    try:
        saved = context.client.save_file(options.task, options.path, after, base=base, message=options.message)
    except StaleVersion as stale:
        raise _kept(stale, options, after) from stale
    context.printer.answer("saved", saved, lambda: [f"Saved {options.path} of #{options.task} as version {saved['head'][:10]}."])
    return OK


def _current(context: Context, task: int, path: str) -> tuple[str, str]:
    head = context.client.files(task)["head"]
    if not head:
        return "", ""
    try:
        file = context.client.file(task, path)
    except NotFound:
        return head, ""
    if file["text"] is None:
        raise UsageError(f"{path} is no text and cannot be edited here.")
    return file["commit"], file["text"]


def _in_editor(task: int, path: str, before: str) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="tqc-edit-") as directory:
        draft = Path(directory) / f"task-{task}-{Path(path).name}"
        draft.write_text(before, encoding="utf-8")
        try:
            code = subprocess.call([*shlex.split(editor), str(draft)])
        except OSError as error:
            raise UsageError(
                f"The editor {editor!r} cannot be started: {error.strerror}.", hint="set EDITOR, or use --content @FILE"
            ) from error
        if code != 0:
            raise TqcError(f"The editor ended with code {code}, so nothing was saved.")
        return draft.read_text(encoding="utf-8")


def _kept(stale: Problem, options: argparse.Namespace, text: str) -> StaleVersion:
    """Keep what was written in a file of its own, and show what the others changed."""
    handle, name = tempfile.mkstemp(prefix=f"task-{options.task}-", suffix=f"-{Path(options.path).name}")
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
    diff = stale.data.get("diff")
    told = f"\n{clean(diff)}" if isinstance(diff, str) and diff else ""
    refusal = StaleVersion(
        stale.status, stale.code, f"Somebody saved another version while you wrote. Your text is in {name}.{told}", data=stale.data
    )
    refusal.hint = f"tqc diff {options.task}, then tqc edit {options.task} and bring the two together"
    return refusal


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")
    parser.add_argument("path", nargs="?", default=INSTRUCTIONS, metavar="FILE", help="instructions.md by default, or context/...")
    parser.add_argument("--content", metavar="TEXT", help="save this instead of opening an editor; @FILE, or @- for standard input")
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="why; kept with the version")


COMMANDS = (
    Command(
        "edit",
        "edit the instructions of a task in your editor",
        edit,
        _arguments,
        description="Opens $VISUAL or $EDITOR. When somebody else saved meanwhile, yours is kept in a file, and you see theirs.",
        examples=[
            ("tqc edit 42", "the instructions"),
            ("tqc edit 42 context/notes.md", "a context file"),
            ("tqc edit 42 --content @new.md -m 'Name the table'", "without an editor"),
        ],
        shape="kind saved: {task, head, version}, or null when nothing changed",
    ),
)
