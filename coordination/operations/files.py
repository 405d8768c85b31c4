"""Versions of a task's instructions and context: objects first, row second, ref last (P14)."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F

from coordination.actor import Actor
from coordination.errors import Conflict, Invalid, NotFound, StaleVersion
from coordination.file_rules import INSTRUCTIONS, refuse_bad_content
from coordination.models import Task, TaskFile
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.queries.repositories import author_of, store, translated
from repo_store import Version

Changes = Mapping[str, bytes | None]


def first_version(task: Task, files: Mapping[str, bytes], *, actor: Actor) -> None:
    """Make the repository of a task that is being created, inside the transaction that creates it."""
    refuse_bad_content(files)
    with translated():
        version = store().write_version(task.pk, head=None, base=None, changes=files, author=author_of(actor), message=f"Create #{task.pk}")
    _record_version(task, version, files, actor, old="")


@atomically
def save_files(task: Task, changes: Changes, *, base: str, actor: Actor, message: str = "") -> Task:
    """Save a version. `base` is the commit the writer started from, "" for none; None as content deletes a file.

    Raises StaleVersion, with the difference between `base` and today's version, when somebody saved in between (A8).
    """
    refuse_bad_content(changes)
    head = _head_of(task)
    text = message.strip() or f"Change {', '.join(sorted(changes)[:5])}"
    try:
        with translated():
            version = store().write_version(
                task.pk, head=head or None, base=base or None, changes=changes, author=author_of(actor), message=text
            )
        if version.commit != head:
            _record_version(task, version, changes, actor, old=head)
    except StaleVersion as stale:
        # Whoever was faster may have been so only a moment ago: their version is the one to show.
        raise _with_difference(stale, task, base, _head_of(task)) from None
    task.refresh_from_db()
    return task


@atomically
def rename_file(task: Task, old: str, new: str, *, base: str, actor: Actor) -> Task:
    """Give a context file another name, as one version in which nothing else changes. Raises StaleVersion as a save does."""
    if INSTRUCTIONS in (old, new):
        raise Invalid(f"{INSTRUCTIONS} keeps its name; agents find their instructions by it.", field="new")
    found = TaskFile.objects.filter(task=task, path=old).first()
    if found is None:
        raise NotFound(f"#{task.pk} has no file {old!r}.")
    if old == new:
        return task
    if TaskFile.objects.filter(task=task, path=new).exists():
        raise Conflict(f"#{task.pk} has a file {new!r} already; choose another name.")
    return save_files(task, {old: None, new: bytes(found.content)}, base=base, actor=actor, message=f"Rename {old} to {new}")


@atomically
def restore_version(task: Task, commit: str, *, base: str, actor: Actor, path: str | None = None) -> Task:
    """Make an older version, of one file or of all, the current one again, as a new version on top."""
    with translated():
        then = store().read_files(task.pk, commit)
    today = {file.path: bytes(file.content) for file in TaskFile.objects.filter(task=task)}
    wanted = {path} if path else {*then, *today}
    changes = {name: then.get(name) for name in wanted if then.get(name) != today.get(name)}
    if not changes:
        return task
    return save_files(task, changes, base=base, actor=actor, message=f"Restore {path or 'all files'} from {commit[:10]}")


def _head_of(task: Task) -> str:
    head = Task.objects.filter(pk=task.pk).values_list("head", flat=True).first()
    if head is None:
        raise NotFound(f"There is no task #{task.pk} any more.")
    return head


def _record_version(task: Task, version: Version, changes: Changes, actor: Actor, *, old: str) -> None:
    """Make the new head the truth if the old one still is, keep the current text beside it, and let the ref follow."""
    if not Task.objects.filter(pk=task.pk, head=old).update(head=version.commit, version=F("version") + 1):
        raise StaleVersion("Somebody saved at the same moment; read the current version and save again.")
    task.head = version.commit
    TaskFile.objects.filter(task=task, path__in=list(changes)).delete()
    TaskFile.objects.bulk_create(
        [TaskFile(task=task, path=path, content=content, size=len(content)) for path, content in changes.items() if content is not None]
    )
    record(
        "files.saved",
        actor=actor,
        task=task,
        old=old,
        new=version.commit,
        files=sorted(changes),
        message=version.message.splitlines()[0][:200],
    )
    transaction.on_commit(lambda: _follow(task.pk, version.commit), robust=True)


def _follow(task_id: int, head: str) -> None:
    store().advance_ref(task_id, head)


def _with_difference(stale: StaleVersion, task: Task, base: str, head: str) -> StaleVersion:
    with translated():
        difference = store().unified_diff(task.pk, base or None, head) if head else ""
    return StaleVersion(stale.sentence, task=task.pk, base=base, head=head, diff=difference)
