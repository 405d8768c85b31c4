"""References: `task:41/result`, `task:41/context/spec.md`, `task:41/attempts/2/result`, `repo:shop/docs/api.md`, or a URL.

A file may be named `@<commit>`; a URL is only shown. `repo:` names a repository that an administrator added to the project.

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
from coordination.models import Attempt, Dependency, ProjectRepository, Task, TaskFile
from coordination.queries.repositories import sources, store, translated
from repo_store import RepoStore

TO_TASK = re.compile(r"^task:(?P<task>[1-9][0-9]{0,17})/(?P<path>[^@]+?)(?:@(?P<commit>[0-9a-f]{40}))?$")
TO_REPOSITORY = re.compile(r"^repo:(?P<repo>[-a-zA-Z0-9_]{1,60})/(?P<path>[^@]+?)(?:@(?P<commit>[0-9a-f]{40}))?$")
OF_ATTEMPT = re.compile(r"attempts/(?P<number>[1-9][0-9]{0,8})/(?P<path>.+)")
LARGEST = 1_000_000  # bytes of a file that a brief takes in
RESULT = "result"
MAX_REFERENCES = 200
FORMS = "task:<number>/result, task:<number>/context/<file>, task:<number>/attempts/<n>/result, repo:<name>/<path>, or a URL"


@dataclass(frozen=True)
class Reference:
    """One entry of `context:`. Without `task_id` and `repository` it is a URL, or text that is no reference.

    `attempt` is the number of an earlier attempt whose result or file is meant, 0 for none.
    """

    text: str
    task_id: int | None = None
    path: str = ""
    commit: str = ""
    attempt: int = 0
    repository: str = ""

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
    return [reference_of(str(entry)) for entry in entries[:MAX_REFERENCES]]


def reference_of(text: str) -> Reference:
    """Return what one entry says; text that is no reference names nothing."""
    if found := TO_REPOSITORY.match(text):
        return Reference(text, path=found["path"], commit=found["commit"] or "", repository=found["repo"])
    found = TO_TASK.match(text)
    if not found:
        return Reference(text)
    if inner := OF_ATTEMPT.fullmatch(found["path"]):
        return Reference(text, int(found["task"]), inner["path"], found["commit"] or "", int(inner["number"]))
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
        if reference.commit:
            continue
        if reference.repository:
            row = ProjectRepository.objects.filter(project=project_id, name=reference.repository).first()
            pinned |= {reference.text: row.head} if row else {}
            continue
        if reference.task_id is None:
            continue
        if reference.attempt:
            pinned |= _pin_attempt(reference, project_id)
            continue
        target = Task.objects.filter(pk=reference.task_id, project=project_id).values_list("head", flat=True).first()
        if target is None:
            continue
        pinned[reference.text] = latest_results([reference.task_id]).get(reference.task_id) if reference.path == RESULT else target
    return pinned


def _pin_attempt(reference: Reference, project_id: int) -> dict[str, Any]:
    """Pin an attempt's result to the attempt, and a file of its branch to where that stands."""
    found = Attempt.objects.filter(task=reference.task_id, task__project=project_id, number=reference.attempt).first()
    if found is None:
        return {}
    return {reference.text: found.pk if reference.path == RESULT else found.tip or found.commit}


def dangling(task_id: int) -> list[str]:
    """Return a sentence for each reference in the task's instructions that stands for nothing at the moment."""
    file = TaskFile.objects.filter(task=task_id, path="instructions.md").select_related("task").first()
    if file is None:
        return []
    references = references_in(file.text or "")
    pinned = _pin(references, file.task.project_id)
    found = [resolve(reference, file.task.project_id, pinned) for reference in references]
    return [f"{each.reference}: {each.problem}" for each in found if each.problem]


def resolve(reference: Reference, project_id: int, pinned: Mapping[str, Any]) -> Resolved:
    """Return what the reference stands for, as pinned. Only tasks of the same project are read."""
    if reference.is_url:
        return Resolved(reference.text, source="a link; Muster does not fetch it")
    if reference.repository:
        return _source(reference, project_id, reference.commit or pinned.get(reference.text))
    if reference.task_id is None:
        return Resolved(reference.text, problem=f"This is no reference: write {FORMS}.")
    if not Task.objects.filter(pk=reference.task_id, project=project_id).exists():
        return Resolved(reference.text, problem=f"There is no task #{reference.task_id} in this project.")
    pin = reference.commit or pinned.get(reference.text)
    return _result(reference, pin) if reference.path == RESULT else _file(reference, pin)


def _source(reference: Reference, project_id: int, commit: Any) -> Resolved:
    row = ProjectRepository.objects.filter(project=project_id, name=reference.repository).first()
    if row is None:
        return Resolved(reference.text, problem=f"The project has no repository {reference.repository!r}; an administrator can add it.")
    return _read(reference, sources(), row.pk, str(commit or row.head), f"{reference.path} of {reference.repository}")


def _result(reference: Reference, attempt_id: Any) -> Resolved:
    attempt = Attempt.objects.filter(pk=attempt_id, task=reference.task_id).first() if isinstance(attempt_id, int) else None
    if attempt is None:
        return Resolved(reference.text, problem=f"#{reference.task_id} has no result yet.")
    text = "\n\n".join(part for part in (attempt.result, attempt.report) if part)
    return Resolved(reference.text, text.encode(), f"result of #{reference.task_id}, attempt {attempt.number}")


def _file(reference: Reference, commit: Any) -> Resolved:
    if reference.attempt and not commit:
        return Resolved(reference.text, problem=f"#{reference.task_id} has no attempt {reference.attempt} with files.")
    if not commit or reference.task_id is None:
        return Resolved(reference.text, problem=f"#{reference.task_id} has no files.")
    of_attempt = f", attempt {reference.attempt}," if reference.attempt else ""
    return _read(reference, store(), reference.task_id, str(commit), f"{reference.path} of #{reference.task_id}{of_attempt}")


def _read(reference: Reference, place: RepoStore, number: int, commit: str, what: str) -> Resolved:
    try:
        with translated():
            content = place.read_file(number, commit, reference.path)
    except MusterError as refusal:
        return Resolved(reference.text, problem=refusal.sentence)
    if len(content) > LARGEST:
        return Resolved(reference.text, problem=f"{what} has {len(content):,} bytes; a brief takes in {LARGEST:,} of a file.")
    return Resolved(reference.text, content, f"{what} at {commit[:10]}")
