"""History for people: the log of a whole project, two attempts side by side, and remarks on lines."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from coordination.api.answers import nothing, page, polled
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Asked, Id, Text, Told, asks
from coordination.api.shapes.files import DiffTold
from coordination.api.shapes.filters import Cursor, Limit
from coordination.errors import Invalid, NotFound
from coordination.models import Attempt, LineComment, Task
from coordination.operations import line_comments
from coordination.operations.idempotency import Answer
from coordination.queries import versions
from coordination.queries.access import Permission, find_project, find_task
from coordination.queries.project_log import project_log
from coordination.queries.remarks import find_remark

router = Router(tags=["files"])


class LogQuery(BaseModel):
    author: Annotated[str, Field(max_length=200)] = ""
    author_kind: Annotated[str, Field(max_length=20)] = ""
    path: Annotated[str, Field(max_length=1024)] = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    limit: Limit = 50
    cursor: Cursor | None = None


class StepTold(Told):
    id: int
    at: datetime
    kind: str
    task: int
    title: str
    attempt: int | None
    author: str
    author_kind: str
    old: str
    new: str
    files: list[str]
    message: str


class LogPage(Told):
    items: list[StepTold]
    next_cursor: str | None


class CommentAsked(Asked):
    model_config = asks({"commit": "9b" * 20, "path": "instructions.md", "line": 3, "text": "Which table?"})

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    path: Annotated[str, Field(min_length=1, max_length=1024)]
    line: Id
    text: Text


class CommentTold(Told):
    id: int
    commit: str
    attempt: int | None
    path: str
    line: int
    quoted: str
    text: str
    author: str
    created_at: datetime
    resolved_at: datetime | None


class CommentPage(Told):
    items: list[CommentTold]
    next_cursor: str | None


@router.get("/projects/{slug}/history", response=LogPage, operation_id="listProjectHistory")
def list_project_history(request: Request, slug: str, filters: Query[LogQuery]) -> HttpResponse:
    """List every version, push and seal of a project's tasks, newest first; by `author`, of one `kind`, or of a file."""
    if filters.cursor and not (filters.cursor.isascii() and filters.cursor.isdecimal()):
        raise Invalid("This cursor is not one that this list gave.", field="cursor")
    before = int(filters.cursor) if filters.cursor else None
    project = find_project(request.auth, slug)
    wanted = {"author": filters.author, "author_kind": filters.author_kind, "kind": filters.kind, "path": filters.path}
    found = project_log(project, **wanted, before=before, limit=filters.limit + 1)
    more, rows = len(found) > filters.limit, found[: filters.limit]
    return page(request, [asdict(each) for each in rows], str(rows[-1].id) if more else None)


@router.get("/tasks/{int:task_id}/attempts/{int:number}/compare/{int:other_number}", response=DiffTold, operation_id="compareAttempts")
def compare_attempts(request: Request, task_id: int, number: int, other_number: int) -> HttpResponse:
    """Say what differs between the branches of two attempts: their work, reports and results."""
    task = find_task(request.auth, task_id)
    diff = versions.diff(task, _tip(task, number), _tip(task, other_number))
    return polled(request, {**asdict(diff), "truncated": diff.truncated})


def _tip(task: Task, number: int) -> str:
    attempt = Attempt.objects.filter(task=task, number=number).first() if number < 2**31 else None
    if attempt is None or not (attempt.tip or attempt.commit):
        raise NotFound(f"#{task.pk} has no attempt {number} with files.")
    return attempt.tip or attempt.commit


@router.get("/tasks/{int:task_id}/comments", response=CommentPage, operation_id="listLineComments")
def list_comments(request: Request, task_id: int) -> HttpResponse:
    """List the remarks on lines of the task's files; those that are not resolved are in its briefs."""
    task = find_task(request.auth, task_id)
    return page(request, [_told(each) for each in LineComment.objects.kept().filter(task=task)], None)


@router.post("/tasks/{int:task_id}/comments", response={201: CommentTold}, operation_id="commentOnLine")
def comment_on_line(request: Request, task_id: int, body: CommentAsked) -> HttpResponse:
    """Remark on a line of a version; it is part of every brief until it is resolved."""
    task = find_task(request.auth, task_id, Permission.PLAN)

    def run() -> Answer:
        made = line_comments.comment(task, commit=body.commit, path=body.path, line=body.line, text=body.text, actor=request.auth.actor)
        return Answer(201, _told(made))

    return once_only(request, run)


@router.post("/tasks/{int:task_id}/comments/{int:comment_id}/resolve", response=CommentTold, operation_id="resolveLineComment")
def resolve_comment(request: Request, task_id: int, comment_id: int) -> HttpResponse:
    """Take a remark out of the briefs to come."""
    task = find_task(request.auth, task_id, Permission.PLAN)
    found = find_remark(task, comment_id)
    return once_only(request, lambda: Answer(200, _told(line_comments.resolve(found, actor=request.auth.actor))))


@router.delete("/tasks/{int:task_id}/comments/{int:comment_id}", response={204: None}, operation_id="deleteLineComment")
def delete_comment(request: Request, task_id: int, comment_id: int) -> HttpResponse:
    """Delete a remark: its author and administrators may. Only briefs that were handed out with it keep it."""
    line_comments.delete(find_remark(find_task(request.auth, task_id, Permission.PLAN), comment_id), request.auth)
    return nothing()


def _told(comment: LineComment) -> dict[str, Any]:
    names = ("commit", "attempt", "path", "line", "quoted", "text", "author", "created_at", "resolved_at")
    return {"id": comment.pk, **{name: getattr(comment, name) for name in names}}
