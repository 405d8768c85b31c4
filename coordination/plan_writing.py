"""Writing a plan as a directory of Markdown, so that `read_plan` reads the very same plan again. The pair of plan_directory."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import yaml

from coordination import frontmatter
from coordination.lifecycle import DEFAULT_PRIORITY, DependencyKind, Gate, LeaseMode, Tier
from coordination.plan_directory import PHASE, PLAN, VERBATIM, Plan, PlannedPhase, PlannedTask, instructions_in
from coordination.plan_values import Waits

LONGEST_NAME = 40
USUAL: dict[str, Any] = {
    "objective": "",
    "kind": "",
    "priority": DEFAULT_PRIORITY,
    "tier": Tier.STANDARD,
    "capabilities": (),
    "labels": (),
    "criteria": (),
    "review": None,
    "on_change": "",
    "max_attempts": None,
    "timeout": None,
    "not_before": None,
    "lease_mode": LeaseMode.HEARTBEAT,
    "assigned_to": "",
    "fallback_after": None,
}


def write_plan(plan: Plan) -> dict[str, bytes]:
    """Return the files of a plan, by path. Numbers give the order, keys the identity, and every name is spelt out."""
    settings = {"name": plan.name, "slug": plan.slug, **_settings(plan.settings)}
    files = {PLAN: _document({name: value for name, value in settings.items() if value not in ("", None)}, plan.description)}
    for number, phase in enumerate(plan.phases, start=1):
        files |= _phase(phase, f"phase-{number:02}{_words(phase.name)}")
    return files


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    told = {("review" if name == "review_policy" else name): value for name, value in settings.items()}
    return told | ({"budget_usd": float(told["budget_usd"])} if told.get("budget_usd") is not None else {})


def _phase(phase: PlannedPhase, folder: str) -> dict[str, bytes]:
    told: dict[str, Any] = {"key": phase.key, "name": phase.name}
    if phase.gate != Gate.AUTO:
        told["gate"] = str(phase.gate)
    if phase.open_ended:
        told["open_ended"] = True
    if phase.after is not None:
        told["after"] = list(phase.after)
    files = {f"{folder}/{PHASE}": _document(told, phase.description)}
    for number, task in enumerate(phase.tasks, start=1):
        files |= _task(task, f"{folder}/task-{number:02}{_words(task.title)}")
    return files


def _task(task: PlannedTask, stem: str) -> dict[str, bytes]:
    told: dict[str, Any] = {"key": task.key, "title": task.title}
    for name, usual in USUAL.items():
        if (value := getattr(task, name)) != usual:
            told[name] = _plain(value)
    told |= _waits(task.waits)
    parsed = frontmatter.parse(task.instructions)
    references = parsed.settings.get("context")
    if isinstance(references, list) and all(isinstance(each, str) and each and each.strip() == each for each in references):
        told["context"] = references
    document = _document(told, parsed.text)
    if parsed.text and not parsed.text.endswith("\n"):
        document = document.removesuffix(b"\n")
    files = {f"{stem}/{name}": content for name, content in task.files.items()}
    if instructions_in(document.decode()) != task.instructions:
        # Instructions with settings of their own, or with blanks at their ends, are kept as they are.
        told.pop("context", None)
        document = _document(told, "")
        files[f"{stem}/{VERBATIM}"] = task.instructions.encode()
    return files | {f"{stem}.md": document}


def _waits(waits: tuple[Waits, ...]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for wait in waits:
        if wait.kind == DependencyKind.FINISHED:
            told.setdefault("after", []).append(wait.on)
        else:
            told.setdefault("needs", []).append(wait.on if wait.kind == DependencyKind.SUCCESS else {"on": wait.on, "kind": str(wait.kind)})
    return told


def _document(settings: Mapping[str, Any], text: str) -> bytes:
    block = yaml.safe_dump(dict(settings), allow_unicode=True, sort_keys=False, width=1_000_000)
    return f"{frontmatter.MARK}\n{block}{frontmatter.MARK}\n\n{text}".rstrip("\n").encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


def _words(name: str) -> str:
    """Return the words of a name as a file may carry them, with a dash before; "" if none can stand there."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-")
    return f"-{slug}" if slug else ""
