"""Comparing every repository and every row with what must be true, and mending what can be mended (P15).

One broken task never keeps the rest from being looked at: it is listed, set aside if need be, and reported.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import repo_store
from coordination.actor import SYSTEM
from coordination.models import Attempt, Task, TaskFile
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.faults import Fault
from coordination.operations.repocheck_projects import check_projects
from coordination.operations.rowcheck import check_rows
from coordination.operations.seals import drop_lost
from coordination.queries.repositories import author_of, store

log = logging.getLogger(__name__)

CHUNK = 500
ORPHAN_AFTER = 3600.0  # seconds; a younger repository may belong to a task that is about to be committed
ABOUT_TASKS, ABOUT_PROJECTS = ("repository", "task"), ("plan", "copy")
REBUILT = "Rebuilt from the database: the repository was damaged"


@dataclass
class CheckReport:
    """What a check looked at and what it found."""

    repositories: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def left(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.repaired]

    @property
    def sentence(self) -> str:
        if not self.faults:
            return f"Checked {self.repositories} repositories and every row: all is well."
        mended = len(self.faults) - len(self.left)
        return (
            f"Checked {self.repositories} repositories and every row: {len(self.faults)} faults, {mended} repaired, {len(self.left)} left."
        )


def check_everything(*, repair: bool) -> CheckReport:
    """Check rows and repositories; with `repair` mend them. Every fault is also written to the event log."""
    report = CheckReport()
    report.faults += check_rows(repair=repair)
    for task_id in _task_ids():
        report.repositories += 1
        report.faults += check_task(task_id, repair=repair)
    report.faults += _check_orphans(repair=repair)
    count, faults = check_projects(repair=repair)
    report.repositories += count
    report.faults += faults
    _record(report.faults)
    return report


def check_task(task_id: int, *, repair: bool) -> list[Fault]:
    """Check one task's repository and the text beside it."""
    try:
        faults = _look(task_id)
        if faults:
            # A save may have come in between the row and the look at the files; it is not there the second time.
            faults = _look(task_id)
        return _mend(task_id) if faults and repair else faults
    except repo_store.RepoError as error:
        log.warning("%s", error)
        return [Fault("repository", task_id, "unreadable", str(error))]


def _task_ids() -> Iterator[int]:
    yield from Task.objects.exclude(head="").order_by("pk").values_list("pk", flat=True).iterator(chunk_size=CHUNK)


def _truth(task_id: int) -> tuple[str | None, dict[int, str]]:
    """Return where the database says that `main` and the branches of attempts stand."""
    head = Task.objects.values_list("head", flat=True).get(pk=task_id)
    tips = Attempt.objects.filter(task=task_id).exclude(tip="")
    return head or None, dict(tips.values_list("number", "tip"))


def _look(task_id: int) -> list[Fault]:
    if not Task.objects.filter(pk=task_id).exists():
        return []
    head, sealed = _truth(task_id)
    found = [_fault(task_id, finding) for finding in store().check_repo(task_id, head, sealed)]
    if head and not found and (differing := _differing_text(task_id, head)):
        found.append(_text_fault(task_id, differing))
    return found


def _differing_text(task_id: int, head: str) -> Mapping[str, bytes | None]:
    """Return the files whose text in the database is not that of the head, with the head's content."""
    committed = store().read_files(task_id, head)
    kept = {file.path: bytes(file.content) for file in TaskFile.objects.filter(task=task_id)}
    return {path: committed.get(path) for path in {*committed, *kept} if committed.get(path) != kept.get(path)}


@atomically
def _mend(task_id: int) -> list[Fault]:
    """Repair in place what can be, rebuild from the database what cannot; the row is locked, so nobody saves meanwhile."""
    task = Task.objects.select_for_update(no_key=True).filter(pk=task_id).first()
    if task is None:
        return []
    head, sealed = _truth(task_id)
    faults = [_fault(task_id, finding) for finding in store().repair_repo(task_id, head, sealed)]
    if any(not fault.repaired for fault in faults):
        return [fault.as_repaired() for fault in faults] if _rebuild(task, sealed) else faults
    if head and (differing := _differing_text(task_id, head)):
        _restore_text(task_id, differing)
        faults.append(_text_fault(task_id, differing).as_repaired())
    return faults


def _rebuild(task: Task, sealed: Mapping[int, str]) -> bool:
    """Set the repository aside and make a new one from the current text; return whether it is whole now."""
    files = {file.path: bytes(file.content) for file in TaskFile.objects.filter(task=task)}
    old, new = task.head, ""
    if files:
        new = store().rebuild(task.pk, files, author=author_of(SYSTEM), message=f"{REBUILT}; the head was {old}").commit
    else:
        store().set_aside(task.pk)
    Task.objects.filter(pk=task.pk).update(head=new, version=task.version + 1)
    drop_lost(task)
    record("files.rebuilt", actor=SYSTEM, task=task, old=old, new=new, files=sorted(files), lost={str(n): sha for n, sha in sealed.items()})
    return not _look(task.pk)


def _restore_text(task_id: int, differing: Mapping[str, bytes | None]) -> None:
    """Copy the head's text into the database: the commit cannot have changed unnoticed, a row can."""
    TaskFile.objects.filter(task=task_id, path__in=list(differing)).delete()
    TaskFile.objects.bulk_create(
        TaskFile(task_id=task_id, path=path, content=content, size=len(content))
        for path, content in differing.items()
        if content is not None
    )


def _check_orphans(*, repair: bool) -> list[Fault]:
    """Find repositories without a task. They are set aside, never deleted."""
    on_disk = sorted(store().task_ids())
    faults = []
    for start in range(0, len(on_disk), CHUNK):
        chunk = on_disk[start : start + CHUNK]
        known = set(Task.objects.filter(pk__in=chunk).values_list("pk", flat=True))
        for task_id in chunk:
            if task_id not in known and (fault := _orphan(task_id, repair=repair)):
                faults.append(fault)
    return faults


def _orphan(task_id: int, *, repair: bool) -> Fault | None:
    sentence = f"There is a repository for task {task_id}, and no such task."
    if store().seconds_untouched(task_id) < ORPHAN_AFTER or Task.objects.filter(pk=task_id).exists():
        return None
    if not repair:
        return Fault("repository", task_id, "orphan", sentence)
    try:
        place = store().set_aside(task_id, untouched_for=ORPHAN_AFTER)
    except repo_store.RepoError as error:
        return Fault("repository", task_id, "orphan", f"{sentence} {error}")
    return Fault("repository", task_id, "orphan", f"{sentence} It lies in {place.name if place else 'no place'} in quarantine now.", True)


def _fault(task_id: int, finding: repo_store.Finding) -> Fault:
    return Fault("repository", task_id, finding.code, f"{finding.subject}: {finding.detail}", finding.repaired)


def _text_fault(task_id: int, differing: Mapping[str, bytes | None]) -> Fault:
    return Fault("repository", task_id, "text", f"The database's text differs from the head in {', '.join(sorted(differing)[:5])}.")


@atomically
def _record(faults: list[Fault]) -> None:
    tasks = {fault.id for fault in faults if fault.noun in ABOUT_TASKS}
    project_of = dict(Task.objects.filter(pk__in=tasks).values_list("pk", "project_id"))
    for fault in faults:
        about_task = fault.noun in ABOUT_TASKS
        record(
            "repo.finding",
            actor=SYSTEM,
            project=project_of.get(fault.id) if about_task else fault.id if fault.noun in ABOUT_PROJECTS else None,
            task=fault.id if about_task else None,
            phase=fault.id if fault.noun == "phase" else None,
            noun=fault.noun,
            code=fault.code,
            sentence=fault.sentence[:1000],
            repaired=fault.repaired,
        )
