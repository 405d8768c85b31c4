"""A plan as a directory of Markdown: export, import, diff."""

import argparse
import base64
import difflib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import project_of
from tqc.errors import CONFLICT, OK, Invalid, UsageError
from tqc.locks import make_directory
from tqc.output import ProgressBar, clean
from tqc.shapes import Phase, Task

LARGEST_FILE = 4 * 1024 * 1024  # bytes
INSTRUCTIONS = "instructions.md"
OF_TASK = ("title", "objective", "kind", "priority", "tier", "capabilities", "labels", "criteria", "timeout", "not_before", "assigned_to")
Files = dict[str, bytes]


def plan(context: Context, options: argparse.Namespace) -> int:
    directory = Path(options.directory)
    if options.verb == "import":
        return _import(context, directory, options.project or context.settings.project)
    project = project_of(context)
    if options.verb == "export":
        return _export(context, project, directory)
    return _diff(context, project, directory)


def _import(context: Context, directory: Path, project: str) -> int:
    files = _read(directory)
    if not project:
        named = re.search(rb"^slug:\s*\"?([\w-]+)", files.get("plan.md", b""), re.MULTILINE)
        project = named[1].decode() if named else project_of(context)
    try:
        made = context.client.import_plan(project, {path: _sendable(content) for path, content in files.items()})
    except Invalid as refusal:
        for mistake in refusal.data.get("mistakes") or []:
            context.printer.say(": ".join(str(mistake[part]) for part in ("file", "field", "sentence") if mistake.get(part)))
        raise
    count = f"{len(made['phases'])} phases and {len(made['tasks'])} tasks"
    context.printer.answer("plan_imported", made, lambda: [f"Made {count} in project {made['project']}."])
    return OK


def _sendable(content: bytes) -> Any:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _export(context: Context, project: str, directory: Path) -> int:
    files = _written(context, project)
    if directory.exists() and any(directory.iterdir()) and not (directory / "plan.md").exists():
        raise UsageError(f"{directory} holds something that is no plan.", hint="name a new directory")
    for path, content in files.items():
        target = directory / path
        make_directory(target.parent)
        target.write_bytes(content)
    data = {"directory": str(directory), "files": sorted(files)}
    context.printer.answer("plan_exported", data, lambda: [f"Wrote {len(files)} files below {directory}."])
    return OK


def _diff(context: Context, project: str, directory: Path) -> int:
    """Compare the directory with the plan as it is now. Exit code 4: they differ."""
    there, here = _written(context, project), _read(directory)
    changes: list[dict[str, str]] = []
    for path in sorted(there.keys() | here.keys()):
        if there.get(path) != here.get(path):
            changes.append({"file": path, "diff": _difference(path, there.get(path, b""), here.get(path, b""))})

    def text() -> Iterator[str]:
        for change in changes:
            for line in clean(change["diff"]).splitlines():
                yield context.printer.paint(line, {"+": "32", "-": "31", "@": "36"}.get(line[:1], ""))

    context.printer.answer("plan_diff", {"changes": changes}, text)
    context.printer.say(f"{len(changes)} files differ." if changes else "The directory says what the project says.")
    return CONFLICT if changes else OK


def _difference(path: str, there: bytes, here: bytes) -> str:
    before, after = there.decode(errors="replace").splitlines(), here.decode(errors="replace").splitlines()
    return "\n".join(difflib.unified_diff(before, after, f"project/{path}", f"directory/{path}", lineterm=""))


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


def _written(context: Context, slug: str) -> Files:
    """Return the project as the files of a plan."""
    client = context.client
    project, phases = client.project(slug), client.phases(slug)["items"]
    tasks = list(client.all_tasks(project=slug, state=["waiting", "queued", "claimed", "running", "blocked", "review", "done", "failed"]))
    settings = {"slug": slug, "name": project["name"], "lease_ttl": project["lease_ttl"], "review": project["review_policy"]}
    files: Files = {"plan.md": _document(settings, project["description"])}
    folders = {phase["id"]: f"phase-{number:02}-{_slug(phase['name'])}" for number, phase in enumerate(phases, 1)}
    for phase in phases:
        files[f"{folders[phase['id']]}/phase.md"] = _phase(phase)
    bar = ProgressBar(context.printer, len(tasks), "Reading tasks")
    for task in tasks:
        stem = f"{folders[task['phase']]}/task-{task['id']:02}-{_slug(task['title'])}"
        files |= _task(context, task, stem)
        bar.step()
    return files


def _phase(phase: Phase) -> bytes:
    settings = {
        "key": f"phase-{phase['id']}",
        "name": phase["name"],
        "after": [f"phase-{each}" for each in phase["after"]],
        "gate": phase["gate"],
    }
    return _document(settings, phase["description"])


def _task(context: Context, task: Task, stem: str) -> Files:
    settings: dict[str, Any] = {"key": f"task-{task['id']}", **{name: task.get(name) for name in OF_TASK if task.get(name)}}
    settings["priority"] = task["priority"]
    for need in context.client.task(task["id"])["needs"] if task["head"] or task["blockers"] or task["state"] != "queued" else []:
        kind = {"success": "needs", "finished": "after"}.get(need["kind"])
        if kind:
            settings.setdefault(kind, []).append(f"task-{need['on']}")
    if task["review_policy"] == "required":
        settings["review"] = "required"
    body, files = "", {}
    for entry in context.client.files(task["id"])["items"] if task["head"] else []:
        file = context.client.file(task["id"], entry["path"])
        content = file["text"].encode() if file["text"] is not None else base64.b64decode(file["base64"] or "")
        if entry["path"] == INSTRUCTIONS:
            body = content.decode(errors="replace")
        else:
            files[f"{stem}/{entry['path']}"] = content
    return {f"{stem}.md": _document(settings, body), **files}


def _document(settings: dict[str, Any], body: str) -> bytes:
    # What JSON writes is YAML too, and needs no library here.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items() if value not in (None, "", [])]
    return "\n".join(["---", *lines, "---", "", body.rstrip(), ""]).encode()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].rstrip("-") or "unnamed"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=["export", "import", "diff"])
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); with import the plan's own by default")


COMMANDS = (
    Command(
        "plan",
        "write a plan to a directory, read it back, compare the two",
        plan,
        _arguments,
        description="One Markdown file for each task and phase, with its settings between two lines of --- at the top. An import makes\n"
        "all of the plan or nothing, in a project that exists or in a new one. diff ends with exit code 4 when the two differ.",
        examples=[
            ("tqc plan export plan/", "to be edited, and reviewed as a pull request"),
            ("tqc plan import plan/ --project shop", "phases and tasks after those that are there"),
            ("tqc plan diff plan/", "what the directory would change"),
        ],
        shape="kind plan_exported: {directory, files}; plan_imported: {project, is_new_project, phases, tasks}; plan_diff: {changes}",
    ),
)
