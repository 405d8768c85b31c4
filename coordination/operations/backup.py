"""Backup and restore: the database and every repository, as of one moment, in one directory.

The database is read first, in one snapshot, and the repositories after it. A version's objects are written before its row
(P14) and never pruned within days, so every commit that the rows name is in the bundles; what was saved in between is in
them as well and on no branch after a restore. Rows are lines of JSON, so a backup made on SQLite restores on PostgreSQL.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import F

import repo_store
from coordination.actor import SYSTEM
from coordination.errors import Invalid, Unavailable, WrongState
from coordination.lifecycle import Outcome, State
from coordination.models import Attempt, Event, Lease, Project, ProjectRepository, Task
from coordination.operations.events import record
from coordination.operations.holding import end
from coordination.operations.readiness import settle
from coordination.operations.tokens import Holder
from coordination.queries.repositories import plan_store, sources, store, translated

FORMAT = 1
MANIFEST, ROWS, BUNDLES = "manifest.json", "rows", "repositories"
BATCH = 500
FENCE_JUMP = 1_000_000  # beyond every fence that was handed out after the backup was made
LEFT_OUT = {"groups", "user_permissions"}


@dataclass(frozen=True)
class Backup:
    """What a backup or a restore held."""

    rows: int
    repositories: int
    faults: list[str]


def back_up(directory: Path) -> Backup:
    """Write a backup into a new directory; it appears when it is whole, or not at all."""
    if directory.exists():
        raise WrongState(f"{directory} exists; name a directory that does not.")
    draft = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / ROWS).mkdir(parents=True)
    (draft / BUNDLES).mkdir()
    try:
        with _snapshot():
            rows = sum(_write_rows(model, draft / ROWS) for model in _models())
            tasks = list(_repositories())
        faults = [fault for task_id in tasks if (fault := _write_bundle(task_id, draft / BUNDLES))]
        for project_id in Project.objects.exclude(plan_head="").values_list("pk", flat=True):
            with translated():
                plan_store().bundle(project_id, draft / BUNDLES / f"plan-{project_id}.bundle")
        for copy_id in ProjectRepository.objects.exclude(head="").values_list("pk", flat=True):
            with translated():
                sources().bundle(copy_id, draft / BUNDLES / f"source-{copy_id}.bundle")
        told = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(), "rows": rows, "version": settings.VERSION}
        files = {str(path.relative_to(draft)): _digest(path) for path in sorted(draft.rglob("*")) if path.is_file()}
        _write(draft / MANIFEST, json.dumps(told | {"files": files}, indent=1).encode())
        os.rename(draft, directory)
    except OSError as error:
        raise Unavailable(f"The backup cannot be written: {error.strerror or error}. Nothing was kept.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Backup(rows, len(tasks) - len(faults), faults)


def restore(directory: Path) -> Backup:
    """Fill an empty Muster from a backup. Leases end and fences jump: what was claimed after the backup counts no more (C2)."""
    told = _checked(directory)
    if Project.objects.exists() or any(store().task_ids()):
        raise WrongState("This Muster is not empty; restore into a new MUSTER_HOME and an empty database.")
    with transaction.atomic():
        for model in _models():
            model._default_manager.all().delete()
        rows = sum(_read_rows(model, directory / ROWS) for model in _models())
        _reset_sequences()
        _end_leases()
        record("muster.restored", actor=SYSTEM, made_at=told["made_at"], rows=rows)
    made, faults = 0, []
    for copy_id in ProjectRepository.objects.exclude(head="").values_list("pk", flat=True):
        with translated():
            sources().copy_of(copy_id, directory / BUNDLES / f"source-{copy_id}.bundle")
    for project in Project.objects.exclude(plan_head=""):
        with translated():
            plan_store().unbundle(project.pk, directory / BUNDLES / f"plan-{project.pk}.bundle", project.plan_head, {})
    for task_id in list(_repositories()):
        problem = _read_bundle(task_id, directory / BUNDLES / f"{task_id}.bundle")
        made += not problem
        faults += problem
    return Backup(rows, made, faults)


def _models() -> list[type[models.Model]]:
    """Every table of ours, the ones that others refer to first, and the second factors: a restore must not switch them off."""
    ours = [model for model in apps.get_app_config("coordination").get_models() if model._meta.managed]
    return [*ours, apps.get_model("mfa", "Authenticator")]


def _repositories() -> Iterator[int]:
    """Return the tasks that have a repository, according to the rows."""
    sealed = Attempt.objects.exclude(tip="").values_list("task_id", flat=True)
    yield from Task.objects.filter(models.Q(pk__in=sealed) | ~models.Q(head="")).order_by("pk").values_list("pk", flat=True)


@contextmanager
def _snapshot() -> Iterator[None]:
    """Let everything inside see one state of the database, without holding a writer up."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            yield
        return
    # Django begins every transaction on SQLite as a writer; this one only reads, from one snapshot of the log.
    connection.ensure_connection()
    connection.connection.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        connection.connection.execute("COMMIT")


def _write_rows(model: type[models.Model], folder: Path) -> int:
    count = 0
    names = [field.name for field in (*model._meta.local_fields, *model._meta.local_many_to_many) if field.name not in LEFT_OUT]
    with _durable(folder / f"{model._meta.model_name}.jsonl") as file:
        rows = model._default_manager.order_by("pk").iterator(chunk_size=BATCH)
        for line in _serialized(rows, names):
            file.write(line)
            count += 1
    return count


def _serialized(rows: Iterable[models.Model], names: Sequence[str]) -> Iterator[bytes]:
    """Yield a line for each row. Django's own JSON would cut times to milliseconds."""
    for row in rows:
        (told,) = serializers.serialize("python", [row], fields=names)
        yield json.dumps(told, default=_plain, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read_rows(model: type[models.Model], folder: Path) -> int:
    count = 0
    batch: list[Any] = []
    path = folder / f"{model._meta.model_name}.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as file:
        for row in serializers.deserialize("python", map(json.loads, file)):
            _forget_transactions(row.object)
            batch.append(row)
            if len(batch) == BATCH:
                count += _insert(model, batch)
                batch = []
    return count + _insert(model, batch)


def _insert(model: type[models.Model], batch: list[Any]) -> int:
    model._default_manager.bulk_create([row.object for row in batch])
    for row in batch:
        for name, values in (row.m2m_data or {}).items():
            if values:
                getattr(row.object, name).set(values)
    return len(batch)


def _forget_transactions(row: models.Model) -> None:
    """Numbers of transactions mean nothing to another database; the order of the ids is the order of the log then."""
    if isinstance(row, Event):
        row.txid = 0
    elif hasattr(row, "cursor_txid"):
        row.cursor_txid = 0


def _end_leases() -> None:
    for lease in Lease.objects.order_by("task_id"):
        ended = end(
            Holder(lease.task_id, lease.fence, 0),
            to=State.WAITING,
            outcome=Outcome.EXPIRED,
            reason_class="restored",
            reason="Muster was restored from a backup.",
            told="Muster was restored from a backup.",
            yields_to_cancel=False,
        )
        ended.announce("task.expired", actor=SYSTEM, restored=True)
        settle([lease.task_id])
    Task.objects.update(fence=F("fence") + FENCE_JUMP)


def _reset_sequences() -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(statement)


def _write_bundle(task_id: int, folder: Path) -> str:
    """Bundle a repository, its branch caught up with the row first; return what kept it from being whole."""
    try:
        head = Task.objects.filter(pk=task_id).values_list("head", flat=True).first()
        if head and store().tip(task_id) != head:
            store().advance_ref(task_id, head)
        store().bundle(task_id, folder / f"{task_id}.bundle")
    except repo_store.RepoError as error:
        return str(error)
    return ""


def _read_bundle(task_id: int, source: Path) -> list[str]:
    task = Task.objects.get(pk=task_id)
    tips = dict(Attempt.objects.filter(task=task).exclude(tip="").values_list("number", "tip"))
    if not source.exists():
        return [f"The backup holds no repository of task {task_id}; run repocheck --repair to rebuild it from the database."]
    try:
        findings = store().unbundle(task_id, source, task.head or None, tips)
    except repo_store.RepoError as error:
        return [str(error)]
    return [f"Task {task_id}: {finding.subject}: {finding.detail}" for finding in findings]


def _checked(directory: Path) -> dict[str, Any]:
    """Return the manifest of a backup whose every file is the one that was written."""
    try:
        told: dict[str, Any] = json.loads((directory / MANIFEST).read_bytes())
        files: dict[str, str] = told["files"]
    except (OSError, ValueError, KeyError):
        raise Invalid(f"{directory} is no backup: its {MANIFEST} is missing or cannot be read.") from None
    if told.get("format") != FORMAT:
        raise Invalid(f"This backup has format {told.get('format')}; this Muster reads format {FORMAT}.")
    for name, digest in files.items():
        found = ""
        with suppress(OSError):
            found = _digest(directory / name)
        if found != digest:
            raise Invalid(f"{name} is missing from the backup or damaged; use another backup.")
    return told


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    with _durable(path) as file:
        file.write(content)


@contextmanager
def _durable(path: Path) -> Iterator[Any]:
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
