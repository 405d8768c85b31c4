"""A plan as a directory of Markdown: export, import, update, diff. What a plan says is for the server to read and to write."""

import argparse
import base64
import difflib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import project_of
from tqc.errors import CONFLICT, OK, Invalid, UsageError
from tqc.locks import make_directory
from tqc.output import clean

LARGEST_FILE = 4 * 1024 * 1024  # bytes
Files = dict[str, bytes]


def plan(context: Context, options: argparse.Namespace) -> int:
    directory = Path(options.directory)
    try:
        if options.verb == "import":
            return _import(context, directory, options.project or context.settings.project)
        project = project_of(context)
        if options.verb == "export":
            return _export(context, project, directory)
        return _update(context, project, directory) if options.verb == "update" else _diff(context, project, directory)
    except Invalid as refusal:
        for mistake in refusal.data.get("mistakes") or []:
            context.printer.say(": ".join(str(mistake[part]) for part in ("file", "field", "sentence") if mistake.get(part)))
        raise


def _import(context: Context, directory: Path, project: str) -> int:
    files = _read(directory)
    if not project:
        named = re.search(rb"^slug:\s*\"?([\w-]+)", files.get("plan.md", b""), re.MULTILINE)
        project = named[1].decode() if named else project_of(context)
    made = context.client.import_plan(project, _sendable(files))
    count = f"{len(made['phases'])} phases and {len(made['tasks'])} tasks"
    context.printer.answer("plan_imported", made, lambda: [f"Made {count} in project {made['project']}."])
    return OK


def _update(context: Context, project: str, directory: Path) -> int:
    """Make the project what the directory says; nothing is deleted."""
    told = context.client.update_plan(project, _sendable(_read(directory)))
    context.printer.answer("plan_updated", told, lambda: [*(_sentence(change) for change in told["changes"]), _total(told)])
    return OK


def _export(context: Context, project: str, directory: Path) -> int:
    if directory.exists() and any(directory.iterdir()) and not (directory / "plan.md").exists():
        raise UsageError(f"{directory} holds something that is no plan.", hint="name a new directory")
    files = {path: _content(told) for path, told in context.client.export_plan(project)["files"].items()}
    for path, content in files.items():
        target = directory / path
        if not target.resolve().is_relative_to(directory.resolve()):
            raise UsageError(f"{path} leads out of {directory}; nothing more is written.")
        make_directory(target.parent)
        target.write_bytes(content)
    data = {"directory": str(directory), "files": sorted(files)}
    context.printer.answer("plan_exported", data, lambda: [f"Wrote {len(files)} files below {directory}."])
    return OK


def _diff(context: Context, project: str, directory: Path) -> int:
    """Say what updating the project to the directory would do. Exit code 4: something."""
    told = context.client.preview_plan(project, _sendable(_read(directory)))
    changes = [change | {"diff": _difference(change)} for change in told["changes"]]

    def text() -> Iterator[str]:
        for change in changes:
            yield clean(_sentence(change))
            for line in clean(change["diff"]).splitlines():
                yield context.printer.paint(line, {"+": "32", "-": "31", "@": "36"}.get(line[:1], ""))

    context.printer.answer("plan_diff", told | {"changes": changes}, text)
    context.printer.say(_total(told) if changes else "The directory says what the project says.")
    return CONFLICT if changes else OK


def _sentence(change: Mapping[str, Any]) -> str:
    if change["new"]:
        return f"new {change['noun']} {change['key']}: {change['name']}"
    values = (f"{name} {_plain(old)} -> {_plain(new)}" for name, (old, new) in change["fields"].items() if name != "files")
    return f"{change['noun']} {change['key']}: {'; '.join(values) or 'its files'}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "nothing"
    return "nothing" if value in (None, "") else str(value)


def _total(told: Mapping[str, Any]) -> str:
    new = sum(change["new"] for change in told["changes"])
    counts = (f"{new} created", f"{len(told['changes']) - new} changed", f"{told['same']} as before")
    return ", ".join([*counts, f"{len(told['absent'])} not in the plan and left alone."])


def _difference(change: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for path, (old, new) in change.get("texts", {}).items():
        told, here = f"project/{change['key']}/{path}", f"directory/{change['key']}/{path}"
        lines += difflib.unified_diff(old.splitlines(), new.splitlines(), told, here, lineterm="")
    return "\n".join(lines)


def _sendable(files: Files) -> dict[str, Any]:
    return {path: _told(content) for path, content in files.items()}


def _told(content: bytes) -> Any:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _content(told: Any) -> bytes:
    return told.encode() if isinstance(told, str) else base64.b64decode(told["base64"])


def _read(directory: Path) -> Files:
    """Return the regular files below a directory; hidden ones are not part of a plan."""
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory.")
    files: Files = {}
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
                raise UsageError(f"{path} is no regular file of at most {LARGEST_FILE:,} bytes; a plan has none of these.")
            files[path.relative_to(directory).as_posix()] = path.read_bytes()
    return files


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=["export", "import", "update", "diff"])
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); with import the plan's own by default")


COMMANDS = (
    Command(
        "plan",
        "write a plan to a directory, read it back, compare the two",
        plan,
        _arguments,
        description="One Markdown file for each task and phase, with its settings between two lines of --- at the top. An import makes\n"
        "all of the plan or nothing, in a project that exists or in a new one. An update makes a project what the directory says:\n"
        "keys tell what is the same, and what the directory leaves out is left alone. diff says what an update would do, and ends\n"
        "with exit code 4 when it would do something.",
        examples=[
            ("tqc plan export plan/", "to be edited, and reviewed as a pull request"),
            ("tqc plan diff plan/", "what the directory would change"),
            ("tqc plan update plan/", "change it: all of it, or nothing"),
            ("tqc plan import plan/ --project shop", "phases and tasks after those that are there"),
        ],
        shape="kind plan_exported: {directory, files}; plan_imported: {project, is_new_project, phases, tasks}; plan_diff and\n"
        "plan_updated: {project, changes: [{noun, key, name, new, fields, texts, diff}], same, absent}",
    ),
)
