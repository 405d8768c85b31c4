"""Laying a brief out as files: everything below one directory, under names that no tool takes for its own settings."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tqc.errors import TqcError
from tqc.shapes import Brief

if TYPE_CHECKING:
    from tqc.client.sync import Client

# Files that an agent or a tool would obey just because they lie there: text of a task is material, not configuration.
OBEYED = frozenset({"claude.md", "agents.md", "gemini.md", "claude.local.md", "makefile", "conftest.py", "package.json"})
LONGEST_NAME = 200  # bytes
REPORT = "## How to report\n"


def lay_out(directory: Path, brief: Brief, markdown: str) -> list[str]:
    """Write the brief below a directory and return the files, relative to it."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in _files(brief, markdown):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or not target.resolve().is_relative_to(directory.resolve()):
            raise TqcError(f"{target} leads out of {directory}; lay the brief out in an empty directory.")
        target.write_bytes(content)
        written.append(name)
    return written


def lay_out_version(directory: Path, client: "Client", task: int, old: str, new: str) -> None:
    """Write the files of a version below a directory, and what changed as changes.diff; the directory appears when it is whole."""
    draft = directory.with_name(directory.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for entry in client.files(task, commit=new)["items"]:
        file = client.file(task, entry["path"], commit=new)
        name = entry["path"] if entry["path"] == "instructions.md" else _below("context", entry["path"])
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(_content(file["text"], file["base64"]) or b"")
    (draft / "changes.diff").write_text(client.patch(task, old, new), encoding="utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    draft.rename(directory)


def for_tqc(markdown: str, task: int) -> str:
    """Say how to report with commands of tqc, instead of with requests."""
    before, found, _ = markdown.rpartition(REPORT)
    return before + REPORT + how_to_report(task) if found else markdown


def how_to_report(task: int) -> str:
    return f"""
- `tqc start {task}` when you begin, `tqc progress {task} 60 "..."` as you go.
- `tqc complete {task} --result "..."` when every criterion is met; `--report @report.md` for more.
- `tqc ask {task} "..."` when only a person can decide; you get the task back with the answer.
- `tqc fail {task} "..."` when it cannot be done now, with `--fatal` when it never can.
- `tqc release {task} --reason "..."` when you cannot do it but another agent could.
- Exit code 4 with lease_lost means that the task is no longer yours: stop, and do not repeat the command.
"""


def _files(brief: Brief, markdown: str) -> Iterator[tuple[str, bytes]]:
    yield "brief.md", for_tqc(markdown, brief["task"]).encode()
    yield "brief.json", json.dumps(brief, ensure_ascii=False, indent=1).encode()
    yield "instructions.md", brief["instructions"].encode()
    for item in brief["context"]:
        content = _content(item["text"], item["base64"])
        if content is not None:
            yield _below("context", item["name"]), content
    for result in brief["results"]:
        yield f"results/{int(result['task'])}.md", _result(result).encode()


def _content(text: str | None, encoded: str | None) -> bytes | None:
    if text is not None:
        return text.encode()
    return None if encoded is None else base64.b64decode(encoded)


def _below(folder: str, name: str) -> str:
    """Return the path of a file of the task: inside the folder, never hidden, never one that a tool obeys."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/").replace(":", "/")).parts if part not in ("", "/", ".", "..")]
    safe = [_harmless(part) for part in parts] or ["unnamed"]
    if safe[0] == folder and len(safe) > 1:
        safe = safe[1:]
    return "/".join([folder, *safe])


def _harmless(part: str) -> str:
    part = "".join(each if each.isprintable() else "_" for each in part)
    part = part.encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"_{part}" if part.startswith(".") or part.lower() in OBEYED else part


def _result(result: dict[str, Any]) -> str:
    parts = [
        f"# #{result['task']} {result['title']} ({result['outcome']}, attempt {result['attempt']})",
        result["result"],
        result["report"],
    ]
    if result["data"]:
        parts.append("```json\n" + json.dumps(result["data"], ensure_ascii=False, indent=1) + "\n```")
    return "\n\n".join(part for part in parts if part) + "\n"
