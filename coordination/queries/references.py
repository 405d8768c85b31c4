"""References among tasks: `task:41/result`, `task:41/context/spec.md`, the same `@<commit>`, or a URL that is only shown.

They stand in the front matter of a task's instructions, under `context:`, so that their history is in git too.
A claim pins each to a commit or an attempt, so that the brief of that attempt never changes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.db.models.functions import Coalesce

from coordination import frontmatter
from coordination.errors import MusterError
from coordination.lifecycle import Outcome
from coordination.models import Attempt, Dependency, Task, TaskFile
from coordination.queries.repositories import store, translated

TO_TASK = re.compile(r"^task:(?P<task>[1-9][0-9]{0,17})/(?P<path>[^@]+?)(?:@(?P<commit>[0-9a-f]{40}))?$")
RESULT = "result"
MAX_REFERENCES = 200


@dataclass(frozen=True)
class Reference:
    """One entry of `context:`. `task_id` is None for a URL or for text that is no reference."""

    text: str
    task_id: int | None = None
    path: str = ""
    commit: str = ""

    @property
    def is_url(self) -> bool:
        return self.text.startswith(("https://", "http://"))


@dataclass(frozen=True)
class Resolved:
    """What a reference stands for in one brief: content, or the reason why there is none."""

    reference: str
    content: bytes | None = None
    source: str = ""
    problem: str = ""


def references_in(instructions: str) -> list[Reference]:
    try:
        entries = frontmatter.parse(instructions).settings.get("context") or []
    except frontmatter.BadFrontMatter:
        return []
    if not isinstance(entries, list):
        entries = [entries]
    return [_reference(str(entry)) for entry in entries[:MAX_REFERENCES]]


def _reference(text: str) -> Reference:
    found = TO_TASK.match(text)
    if not found:
        return Reference(text)
    return Reference(text, int(found["task"]), found["path"], found["commit"] or "")


def pins_for(tasks: Mapping[int, str]) -> dict[int, dict[str, Any]]:
    """Return what a claim hands out besides the files themselves, for tasks given as `{id: head}`.

    `needs` is a list of [task id, attempt id] of the results that the task builds on; `references` maps each
    reference to the commit (of a file) or the attempt id (of a result) that it meant at this moment.
    """
    needs: dict[int, list[list[int]]] = {}
    edges = Dependency.objects.filter(task__in=tasks).order_by("on_id").values_list("task_id", "on_id")
    latest = latest_results(on for _, on in edges)
    for task_id, on_id in edges:
        if on_id in latest:
            needs.setdefault(task_id, []).append([on_id, latest[on_id]])
    with_files = [pk for pk, head in tasks.items() if head]
    files = TaskFile.objects.filter(task__in=with_files, path="instructions.md").select_related("task")
    references = {file.task_id: _pin(references_in(file.text or ""), file.task.project_id) for file in files}
    return {pk: {"needs": needs.get(pk, []), "references": references.get(pk, {})} for pk in tasks}


def latest_results(task_ids: Iterable[int]) -> dict[int, int]:
    """Return `{task id: id of the attempt that brought its newest result}`; a late one is as new as its adoption."""
    outcomes = [Outcome.DONE, Outcome.SUBMITTED, Outcome.FAILED, Outcome.LATE]
    brought = Attempt.objects.filter(task__in=set(task_ids), outcome__in=outcomes)
    newest = brought.annotate(brought_at=Coalesce(Max("late_results__adopted_at"), "finished_at"))
    return dict(newest.order_by("brought_at", "number").values_list("task_id", "pk"))


def _pin(references: Iterable[Reference], project_id: int) -> dict[str, Any]:
    pinned: dict[str, Any] = {}
    for reference in references:
        if reference.task_id is None or reference.commit:
            continue
        target = Task.objects.filter(pk=reference.task_id, project=project_id).values_list("head", flat=True).first()
        if target is None:
            continue
        pinned[reference.text] = latest_results([reference.task_id]).get(reference.task_id) if reference.path == RESULT else target
    return pinned


def resolve(reference: Reference, project_id: int, pinned: Mapping[str, Any]) -> Resolved:
    """Return what the reference stands for, as pinned. Only tasks of the same project are read."""
    if reference.is_url:
        return Resolved(reference.text, source="a link; Muster does not fetch it")
    if reference.task_id is None:
        return Resolved(reference.text, problem="This is no reference: write task:<number>/result, task:<number>/context/<file>, or a URL.")
    if not Task.objects.filter(pk=reference.task_id, project=project_id).exists():
        return Resolved(reference.text, problem=f"There is no task #{reference.task_id} in this project.")
    pin = reference.commit or pinned.get(reference.text)
    return _result(reference, pin) if reference.path == RESULT else _file(reference, pin)


def _result(reference: Reference, attempt_id: Any) -> Resolved:
    attempt = Attempt.objects.filter(pk=attempt_id, task=reference.task_id).first() if isinstance(attempt_id, int) else None
    if attempt is None:
        return Resolved(reference.text, problem=f"#{reference.task_id} has no result yet.")
    text = "\n\n".join(part for part in (attempt.result, attempt.report) if part)
    return Resolved(reference.text, text.encode(), f"result of #{reference.task_id}, attempt {attempt.number}")


def _file(reference: Reference, commit: Any) -> Resolved:
    if not commit or reference.task_id is None:
        return Resolved(reference.text, problem=f"#{reference.task_id} has no files.")
    try:
        with translated():
            content = store().read_file(reference.task_id, str(commit), reference.path)
    except MusterError as refusal:
        return Resolved(reference.text, problem=refusal.sentence)
    return Resolved(reference.text, content, f"{reference.path} of #{reference.task_id} at {str(commit)[:10]}")
