"""/tasks/{id}/files and their versions: history, diff, blame, restore, archive."""

import base64
from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from coordination.api.answers import expected_commit, page, polled, reply, tagged
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.files import (
    BlameTold,
    DiffTold,
    FileAsked,
    FileContent,
    FilesAsked,
    FilesTold,
    RestoreAsked,
    SavedTold,
    VersionPage,
)
from coordination.api.shapes.filters import Cursor, Limit
from coordination.api.shapes.tasks import content_of
from coordination.errors import Invalid
from coordination.models import Task
from coordination.operations import files
from coordination.operations.idempotency import Answer
from coordination.queries import versions
from coordination.queries.access import Permission, find_task
from coordination.queries.references import dangling
from repo_store import Version

router = Router(tags=["files"])

CommitQuery = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class AtQuery(BaseModel):
    commit: CommitQuery | None = None


class FileQuery(AtQuery):
    raw: bool = False


class HistoryQuery(BaseModel):
    path: Annotated[str | None, Field(max_length=1024)] = None
    limit: Limit = 50
    cursor: Cursor | None = None


class DiffQuery(BaseModel):
    from_: Annotated[CommitQuery | None, Field(alias="from")] = None
    to: CommitQuery | None = None
    format: Literal["json", "patch"] = "json"


def _saved(task: Task) -> dict[str, Any]:
    return {"task": task.pk, "head": task.head, "version": task.version, "warnings": dangling(task.pk)}


def _base(request: Request, task: Task, named: str | None) -> str:
    """Return the commit the writer started from. A task that has files is never overwritten blindly."""
    base = named if named is not None else expected_commit(request)
    if base is None:
        if task.head:
            raise Invalid("Say which version you started from: `base`, or If-Match with the commit.", field="base")
        return ""
    if base and (len(base) != 40 or not set(base) <= set("0123456789abcdef")):
        raise Invalid("A version is a commit of 40 hexadecimal digits.", field="base")
    return base


@router.get("/tasks/{int:task_id}/files", response=FilesTold, operation_id="listFiles")
def list_files(request: Request, task_id: int, filters: Query[AtQuery]) -> HttpResponse:
    """List the task's files, as they are or as they were in a commit."""
    task = find_task(request.auth, task_id)
    commit = filters.commit or task.head
    entries = versions.current_files(task) if commit == task.head else versions.files_at(task, commit)
    return polled(request, {"task": task.pk, "head": commit, "items": [{"path": each.path, "size": each.size} for each in entries]})


@router.post("/tasks/{int:task_id}/files", response=SavedTold, operation_id="saveFiles")
def save_files(request: Request, task_id: int, body: FilesAsked) -> HttpResponse:
    """Save several files as one version. A stale `base` is refused with the difference (409)."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    base = _base(request, task, body.base)

    def run() -> Answer:
        changes = {path: None if file is None else content_of(file) for path, file in body.files.items()}
        return Answer(200, _saved(files.save_files(task, changes, base=base, actor=request.auth.actor, message=body.message)))

    return once_only(request, run)


@router.get("/tasks/{int:task_id}/files/{path:path}", response=FileContent, operation_id="readFile")
def read_file(request: Request, task_id: int, path: str, filters: Query[FileQuery]) -> HttpResponse:
    """Read a file as it is, or as it was in `commit`. With `raw`, its bytes as they are."""
    task = find_task(request.auth, task_id)
    content = versions.content(task, path, filters.commit or "")
    if filters.raw:
        return _raw(request, content)
    try:
        text, encoded = content.decode("utf-8"), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(content).decode()
    told = {"task": task.pk, "commit": filters.commit or task.head, "path": path, "size": len(content), "text": text, "base64": encoded}
    return polled(request, told)


def _raw(request: Request, content: bytes) -> HttpResponse:
    """Answer with bytes that no browser will ever run."""
    response = tagged(request, content, "application/octet-stream")
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@router.put("/tasks/{int:task_id}/files/{path:path}", response=SavedTold, operation_id="saveFile")
def save_file(request: Request, task_id: int, path: str, body: FileAsked) -> HttpResponse:
    """Save one file as a version of the task."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    content = body.bytes()
    if content is None:
        raise Invalid("Send `content`, or `base64` for a file that is not text.", field="content")
    saved = files.save_files(task, {path: content}, base=_base(request, task, body.base), actor=request.auth.actor, message=body.message)
    return reply(_saved(saved), headers={"ETag": f'"{saved.head}"'})


@router.delete("/tasks/{int:task_id}/files/{path:path}", response=SavedTold, operation_id="deleteFile")
def delete_file(request: Request, task_id: int, path: str) -> HttpResponse:
    """Delete a file, as a version of the task; If-Match names the commit you started from."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    base = _base(request, task, None)
    versions.content(task, path)
    saved = files.save_files(task, {path: None}, base=base, actor=request.auth.actor, message=f"Delete {path}")
    return reply(_saved(saved), headers={"ETag": f'"{saved.head}"'})


@router.get("/tasks/{int:task_id}/history", response=VersionPage, operation_id="listVersions")
def list_versions(request: Request, task_id: int, filters: Query[HistoryQuery]) -> HttpResponse:
    """List the versions of the task's files, newest first; with `path` those that changed this file."""
    found = versions.history(find_task(request.auth, task_id), path=filters.path, limit=filters.limit, after=filters.cursor)
    return page(request, [_version(each) for each in found.items], found.next)


def _version(version: Version) -> dict[str, Any]:
    return {
        "commit": version.commit,
        "parent": version.parent,
        "author": version.author.name,
        "email": version.author.email,
        "when": version.when,
        "message": version.message,
        "files_changed": version.files_changed,
    }


@router.get("/tasks/{int:task_id}/diff", response=DiffTold, operation_id="compareVersions")
def compare_versions(request: Request, task_id: int, filters: Query[DiffQuery]) -> HttpResponse:
    """Say what changed between two versions; `from` left out compares with nothing, `to` left out is the current one."""
    task = find_task(request.auth, task_id)
    new = filters.to or versions.current(task)
    if filters.format == "patch":
        patch = versions.patch(task, filters.from_, new)
        return tagged(request, patch.encode("utf-8", "surrogateescape"), "text/x-diff; charset=utf-8")
    diff = versions.diff(task, filters.from_, new)
    return polled(request, {**asdict(diff), "truncated": diff.truncated})


@router.get("/tasks/{int:task_id}/blame/{path:path}", response=BlameTold, operation_id="blameFile")
def blame_file(request: Request, task_id: int, path: str, filters: Query[AtQuery]) -> HttpResponse:
    """Say of each line of a file which version brought it."""
    task = find_task(request.auth, task_id)
    commit = filters.commit or versions.current(task)
    lines = [
        {"line": each.line_no, "text": each.text, "commit": each.commit, "author": each.author.name, "when": each.when}
        for each in versions.blame(task, path, commit)
    ]
    return polled(request, {"path": path, "commit": commit, "lines": lines})


@router.post("/tasks/{int:task_id}/restore", response=SavedTold, operation_id="restoreVersion")
def restore_version(request: Request, task_id: int, body: RestoreAsked) -> HttpResponse:
    """Make an older version, of one file or of all, the current one again, as a new version on top."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    base = _base(request, task, body.base)

    def run() -> Answer:
        return Answer(200, _saved(files.restore_version(task, body.commit, base=base, actor=request.auth.actor, path=body.path)))

    return once_only(request, run)


@router.get("/tasks/{int:task_id}/archive", operation_id="downloadArchive", response={200: None})
def download_archive(request: Request, task_id: int, filters: Query[AtQuery]) -> HttpResponse:
    """Download all files of a version as a tar.gz."""
    task = find_task(request.auth, task_id)
    response = tagged(request, versions.archive(task, filters.commit or versions.current(task)), "application/gzip")
    response.headers["Content-Disposition"] = f'attachment; filename="task-{task.pk}.tar.gz"'
    return response
