"""The references of a task as its pages list them: what each stands for at the moment, in a fixed number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from coordination.errors import MusterError
from coordination.models import Attempt, ProjectRepository, Task, TaskFile
from coordination.queries.references import FORMS, RESULT, Reference, latest_results, references_in
from coordination.queries.repositories import sources, store, translated
from repo_store import RepoStore

Listings = dict[tuple[str, int, str], Collection[str] | str]


@dataclass(frozen=True)
class Standing:
    """One reference, what it means in words, and why it stands for nothing (`problem`, "" if it does stand for something)."""

    reference: Reference
    means: str
    task: Task | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Known:
    tasks: Mapping[int, Task]
    results: Mapping[int, int]
    attempts: Mapping[tuple[int, int], Attempt]
    repositories: Mapping[str, ProjectRepository]
    files: Collection[tuple[int, str]]
    listings: Listings = field(default_factory=dict)


def standing(task: Task, instructions: str) -> list[Standing]:
    """Return every reference that these instructions of the task hold."""
    references = references_in(instructions)
    if not references:
        return []
    known = _look_up(task.project_id, references)
    return [_standing(each, known) for each in references]


def _look_up(project_id: int, references: Sequence[Reference]) -> _Known:
    ids = {each.task_id for each in references if each.task_id is not None}
    tasks = {task.pk: task for task in Task.objects.filter(pk__in=ids, project=project_id)} if ids else {}
    numbers = {each.attempt for each in references if each.attempt}
    attempts = Attempt.objects.filter(task__in=tasks, number__in=numbers) if numbers else []
    paths = {each.path for each in references if each.task_id is not None and not each.attempt and not each.commit}
    files = TaskFile.objects.filter(task__in=tasks, path__in=paths - {RESULT}).values_list("task_id", "path") if paths - {RESULT} else []
    names = {each.repository for each in references if each.repository}
    rows = ProjectRepository.objects.filter(project=project_id, name__in=names) if names else []
    return _Known(
        tasks,
        latest_results(tasks) if RESULT in paths else {},
        {(each.task_id, each.number): each for each in attempts},
        {row.name: row for row in rows},
        set(files),
    )


def _standing(reference: Reference, known: _Known) -> Standing:
    if reference.is_url:
        return Standing(reference, "a link; it is shown and never fetched")
    if reference.repository:
        return _of_repository(reference, known)
    if reference.task_id is None:
        return Standing(reference, "", problem=f"This is no reference: write {FORMS}.")
    task = known.tasks.get(reference.task_id)
    if task is None:
        return Standing(reference, "", problem=f"There is no task #{reference.task_id} in this project.")
    if reference.attempt:
        return _of_attempt(reference, task, known)
    if reference.path == RESULT:
        problem = "" if task.pk in known.results else f"#{task.pk} has no result yet."
        return Standing(reference, "the newest result, when the task is handed out", task, problem)
    if reference.commit:
        return Standing(
            reference, f"the file at {reference.commit[:8]}", task, _missing(reference, store(), task.pk, reference.commit, known)
        )
    problem = "" if (task.pk, reference.path) in known.files else f"#{task.pk} has no file {reference.path!r}."
    return Standing(reference, "the file as it is when the task is handed out", task, problem)


def _of_attempt(reference: Reference, task: Task, known: _Known) -> Standing:
    attempt = known.attempts.get((task.pk, reference.attempt))
    means = f"attempt {reference.attempt}: {'its result' if reference.path == RESULT else reference.path}"
    if attempt is None:
        return Standing(reference, means, task, f"#{task.pk} has no attempt {reference.attempt}.")
    if reference.path == RESULT:
        return Standing(reference, means, task)
    tip = attempt.tip or attempt.commit
    problem = _missing(reference, store(), task.pk, tip, known) if tip else f"Attempt {attempt.number} of #{task.pk} left no files."
    return Standing(reference, means, task, problem)


def _of_repository(reference: Reference, known: _Known) -> Standing:
    row = known.repositories.get(reference.repository)
    if row is None:
        sentence = f"The project has no repository {reference.repository!r}; an administrator can add it."
        return Standing(reference, "", problem=sentence)
    commit = reference.commit or row.head
    means = f"{reference.path} of the repository {row.name} at {commit[:8]}"
    return Standing(reference, means, problem=_missing(reference, sources(), row.pk, commit, known))


def _missing(reference: Reference, place: RepoStore, number: int, commit: str, known: _Known) -> str:
    """Say why the file is not there, "" if it is; each version is listed once."""
    key = (reference.repository, number, commit)
    if key not in known.listings:
        try:
            with translated():
                known.listings[key] = {entry.path for entry in place.list_files(number, commit)}
        except MusterError as refusal:
            known.listings[key] = refusal.sentence
    found = known.listings[key]
    if isinstance(found, str):
        return found
    return "" if reference.path in found else f"There is no file {reference.path!r} at {commit[:8]}."


def problems(found: Iterable[Standing]) -> list[Standing]:
    return [each for each in found if each.problem]
