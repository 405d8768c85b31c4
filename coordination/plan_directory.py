"""A plan as a directory of Markdown: `phase-01-name/task-03-title.md` with front matter, and `context/` beside it.

docs/plans.md describes the format for those who write one. Nothing here knows the database: a plan is checked as far
as its own files tell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from coordination import frontmatter, plan_values
from coordination.errors import Invalid
from coordination.file_rules import refuse_bad_content
from coordination.lifecycle import (
    DEFAULT_PRIORITY,
    MOST_IN_COLUMN,
    SHORTEST_LEASE_TTL,
    BoardColumn,
    DependencyKind,
    Gate,
    LeaseMode,
    OnChange,
    Rerun,
    ReviewPolicy,
    Tier,
)
from coordination.plan_values import Mistakes, Waits, one_of, read_settings, text, waits, whole, words, yes_or_no
from repo_store import Limits, RepoError, validate_path, validate_tree_names

PLAN, PHASE, CONTEXT = "plan.md", "phase.md", "context"
VERBATIM = "instructions.md"  # in a task's folder: its instructions as they are, settings of their own included
LONGEST_SETTINGS = 1_000_000  # characters
IGNORED = {"README.md"}
PHASE_FOLDER = re.compile(r"phase-(?P<number>[0-9]{1,6})(?:-(?P<name>[a-z0-9][a-z0-9-]*))?")
TASK_STEM = re.compile(r"task-(?P<number>[0-9]{1,6})(?:-(?P<name>[a-z0-9][a-z0-9-]*))?")
MAX_FILES = 20_000
MAX_SECONDS = 10 * 365 * 24 * 60 * 60

OF_PLAN = {
    "name": text(200),
    "slug": text(60),
    "lease_ttl": whole(SHORTEST_LEASE_TTL, 86_400),
    "max_attempts": whole(1, 100),
    "max_running": whole(1, 100_000),
    "review": one_of(ReviewPolicy),
    "on_change": one_of(OnChange),
    "rerun": one_of(Rerun),
    "agents_may_add": yes_or_no,
    "budget_usd": plan_values.amount,
    "wip_limits": plan_values.numbers_of(BoardColumn, whole(1, MOST_IN_COLUMN)),
}
OF_PHASE = {"key": text(100), "name": text(200), "after": words(200), "gate": one_of(Gate), "open_ended": yes_or_no}
OF_TASK = {
    "key": text(100),
    "title": text(500),
    "objective": text(20_000),
    "kind": text(60),
    "priority": whole(0, 100),
    "tier": one_of(Tier),
    "capabilities": words(60),
    "labels": words(60),
    "needs": waits(DependencyKind.SUCCESS),
    "after": waits(DependencyKind.FINISHED),
    "criteria": words(2000, most=200),
    "review": one_of(ReviewPolicy),
    "on_change": one_of(OnChange),
    "max_attempts": whole(1, 100),
    "timeout": whole(1, MAX_SECONDS),
    "not_before": plan_values.moment,
    "lease_mode": one_of(LeaseMode),
    "assigned_to": text(100),
    "fallback_after": whole(0, MAX_SECONDS),
    "context": words(2000, most=200),
}


@dataclass(frozen=True)
class PlannedTask:
    """A task as its file tells. `files` holds everything below context/ that the task is handed, by its path there."""

    file: str
    key: str
    title: str
    instructions: str
    waits: tuple[Waits, ...]
    files: Mapping[str, bytes]
    objective: str = ""
    kind: str = ""
    priority: int = DEFAULT_PRIORITY
    tier: str = Tier.STANDARD
    capabilities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    review: str | None = None
    on_change: str = ""
    max_attempts: int | None = None
    timeout: int | None = None
    not_before: datetime | None = None
    lease_mode: str = LeaseMode.HEARTBEAT
    assigned_to: str = ""
    fallback_after: int | None = None


@dataclass(frozen=True)
class PlannedPhase:
    """A phase as its folder tells. `after` names keys of phases; None makes it follow the one before."""

    file: str
    key: str
    name: str
    description: str
    gate: str
    open_ended: bool
    after: tuple[str, ...] | None
    tasks: tuple[PlannedTask, ...]


@dataclass(frozen=True)
class Plan:
    """A whole plan. `settings` are those of the project it makes, under the names that the project knows."""

    slug: str
    name: str
    description: str
    phases: tuple[PlannedPhase, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> list[PlannedTask]:
        return [task for phase in self.phases for task in phase.tasks]


def read_plan(files: Mapping[str, bytes]) -> Plan:
    """Read a plan from its files, given by path with `/`. Raises Invalid with every mistake in its data."""
    if len(files) > MAX_FILES:
        raise Invalid(f"A plan has at most {MAX_FILES} files; this one has {len(files)}.", field="files")
    mistakes = Mistakes()
    plan = _Reading(files, mistakes).plan()
    _check_keys(plan, mistakes)
    refuse_if_any(mistakes)
    return plan


def refuse_if_any(mistakes: Mistakes) -> None:
    """Raise Invalid if there are mistakes: the first as its sentence, all of them in its data."""
    if not (found := mistakes.found):
        return
    more = f" ({len(found) - 1} more mistakes in this plan.)" if len(found) > 1 else ""
    raise Invalid(
        f"{found[0]}{more}",
        field=found[0].field or None,
        mistakes=[{"file": each.file, "field": each.field, "sentence": each.sentence} for each in found],
    )


class _Reading:
    """One pass over the files of a plan."""

    def __init__(self, files: Mapping[str, bytes], mistakes: Mistakes) -> None:
        self.files = files
        self.mistakes = mistakes
        self.read: set[str] = set(IGNORED)

    def plan(self) -> Plan:
        values, description = self._document(PLAN, OF_PLAN)
        folders = sorted({path.split("/")[0] for path in self.files if PHASE_FOLDER.fullmatch(path.split("/")[0])}, key=_by_number)
        shared = self._context("")
        phases = tuple(self._phase(folder, shared) for folder in folders if any(path.startswith(f"{folder}/") for path in self.files))
        if not phases:
            self.mistakes.add(PLAN, "", "A plan needs at least one folder named like phase-01-build with tasks in it.")
        for path in sorted(set(self.files) - self.read):
            self.mistakes.add(
                path, "", "A plan has plan.md, phase-01-name/phase.md, phase-01-name/task-01-title.md and context/ folders only; move this."
            )
        review = {"review_policy": values.pop("review")} if "review" in values else {}
        return Plan(values.pop("slug", ""), values.pop("name", ""), description, phases, values | review)

    def _phase(self, folder: str, shared: Mapping[str, bytes]) -> PlannedPhase:
        file = f"{folder}/{PHASE}"
        values, description = self._document(file, OF_PHASE)
        named = _name_in(PHASE_FOLDER, folder)
        context = {**shared, **self._context(f"{folder}/")}
        stems = {path[len(folder) + 1 : -3]: path for path in self.files if path.startswith(f"{folder}/") and path.endswith(".md")}
        known = sorted((stem for stem in stems if TASK_STEM.fullmatch(stem)), key=_by_number)
        return PlannedPhase(
            file=file,
            key=values.get("key", named),
            name=values.get("name", _as_title(named)),
            description=description,
            gate=values.get("gate", Gate.AUTO),
            open_ended=values.get("open_ended", False),
            after=tuple(values["after"]) if "after" in values else None,
            tasks=tuple(self._task(stems[stem], stem, context) for stem in known),
        )

    def _task(self, file: str, stem: str, shared: Mapping[str, bytes]) -> PlannedTask:
        values, body = self._document(file, OF_TASK)
        instructions = _ended_like(body, self.files[file].endswith(b"\n"))
        named = _name_in(TASK_STEM, stem)
        references = values.pop("context", [])
        needed = tuple(values.pop("needs", [])) + tuple(values.pop("after", []))
        key = values.pop("key", named)
        title = values.pop("title", "") or _heading(instructions) or _as_title(named)
        files = {**shared, **self._context(f"{file[:-3]}/")}
        told = self._verbatim(f"{file[:-3]}/{VERBATIM}") or _with_references(instructions, references)
        self._check_size(file, files, told)
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return PlannedTask(
            file=file,
            key=key,
            title=title,
            instructions=told,
            waits=needed,
            files=files,
            **(values | lists),
        )

    def _document(self, file: str, readers: Mapping[str, plan_values.Reader]) -> tuple[dict[str, Any], str]:
        """Return the settings and the text of a document; one that is not there has neither."""
        self.read.add(file)
        try:
            document = frontmatter.parse(self.files.get(file, b"").decode("utf-8-sig").replace("\r\n", "\n"), LONGEST_SETTINGS)
        except UnicodeDecodeError:
            self.mistakes.add(file, "", "This is not UTF-8 text; save it as UTF-8.")
            return {}, ""
        except frontmatter.BadFrontMatter as error:
            self.mistakes.add(file, "", str(error))
            return {}, ""
        return read_settings(document.settings, readers, file, self.mistakes), _body(document.text)

    def _verbatim(self, path: str) -> str:
        """Return instructions that stand in a file of their own, or "" if there is none."""
        if path not in self.files:
            return ""
        self.read.add(path)
        try:
            refuse_bad_content({VERBATIM: self.files[path]})
        except Invalid as refusal:
            self.mistakes.add(path, "", refusal.sentence)
            return ""
        return self.files[path].decode("utf-8")

    def _context(self, folder: str) -> dict[str, bytes]:
        """Return the files of `folder`'s own context/, by the path that a task will know them by."""
        start = f"{folder}{CONTEXT}/"
        found = {path[len(folder) :]: path for path in self.files if path.startswith(start)}
        self.read.update(found.values())
        for name, path in found.items():
            try:
                validate_path(name)
                Limits().check_file(path, len(self.files[path]))
            except RepoError as error:
                self.mistakes.add(path, "", str(error))
        return {name: self.files[path] for name, path in found.items()}

    def _check_size(self, file: str, files: Mapping[str, bytes], instructions: str) -> None:
        sizes = {name: len(content) for name, content in files.items()} | {"instructions.md": len(instructions.encode())}
        try:
            validate_tree_names(sizes)
            Limits().check_file(file, sizes["instructions.md"])
            Limits().check_task(sizes)
        except RepoError as error:
            self.mistakes.add(file, "", str(error))


def _check_keys(plan: Plan, mistakes: Mistakes) -> None:
    """Refuse keys that name two things, and names that name nothing."""
    _refuse_twins([(task.key, task.file) for task in plan.tasks], "tasks", mistakes)
    _refuse_twins([(phase.key, phase.file) for phase in plan.phases], "phases", mistakes)
    tasks, phases = {task.key for task in plan.tasks}, {phase.key for phase in plan.phases}
    earlier: set[str] = set()
    for phase in plan.phases:
        for key in phase.after or ():
            if key not in phases:
                near = plan_values.did_you_mean(key, phases)
                mistakes.add(phase.file, "after", f"There is no phase with the key {key!r} in this plan{near}.")
            elif key not in earlier:
                mistakes.add(phase.file, "after", f"Phase {key!r} does not stand before this one; give its folder a smaller number.")
        earlier.add(phase.key)
    for task in plan.tasks:
        for need in task.waits:
            if need.on not in tasks:
                field = "after" if need.kind == DependencyKind.FINISHED else "needs"
                near = plan_values.did_you_mean(need.on, tasks)
                mistakes.add(task.file, field, f"There is no task with the key {need.on!r} in this plan{near}.")


def _refuse_twins(keyed: list[tuple[str, str]], things: str, mistakes: Mistakes) -> None:
    first: dict[str, str] = {}
    for key, file in keyed:
        if key in first:
            mistakes.add(file, "key", f"Two {things} have the key {key!r}; the other is {first[key]}.")
        first.setdefault(key, file)


def _by_number(name: str) -> tuple[int, str]:
    return int(name.split("-")[1]), name


def _name_in(pattern: re.Pattern[str], word: str) -> str:
    found = pattern.fullmatch(word)
    return (found["name"] if found else "") or word


def _as_title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _heading(document: str) -> str:
    first = document.split("\n", 1)[0]
    return first.removeprefix("# ").strip() if first.startswith("# ") else ""


def _body(text: str) -> str:
    return text.strip() and text.rstrip() + "\n"


def instructions_in(document: str) -> str:
    """Return the instructions that the document of a task is read as."""
    parsed = frontmatter.parse(document, LONGEST_SETTINGS)
    references = parsed.settings.get("context") or []
    body = _ended_like(_body(parsed.text), document.endswith("\n"))
    return _with_references(body, references if isinstance(references, list) else [references])


def _ended_like(body: str, has_end: bool) -> str:
    """Return instructions that end in a line's end if their document does: so a text without one goes out and comes back as it is."""
    return body if has_end else body.removesuffix("\n")


def _with_references(instructions: str, references: list[str]) -> str:
    """Keep the references to other files with the text, so that their history is in the task's repository too."""
    if not references:
        return instructions
    block = yaml.safe_dump({"context": references}, allow_unicode=True, sort_keys=False)
    return f"{frontmatter.MARK}\n{block}{frontmatter.MARK}\n\n{instructions}"
