"""Remarks on lines of a version; what is not resolved is part of the next brief."""

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.models import LineComment, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.queries.repositories import store, translated

LONGEST = 10_000  # characters


@atomically
def comment(task: Task, *, commit: str, path: str, line: int, text: str, actor: Actor) -> LineComment:
    """Remark on a line, counted from 1, of a file in a version. Raises NotFound for a version or file that is not there."""
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(f"Write a comment of 1 to {LONGEST} characters.", field="text")
    with translated():
        lines = store().read_file(task.pk, commit, path).decode("utf-8", "replace").split("\n")
    if not 1 <= line <= len(lines):
        raise Invalid(f"{path} has {len(lines)} lines there.", field="line")
    made = LineComment.objects.create(
        task=task, commit=commit, path=path, line=line, quoted=lines[line - 1][:500], text=text, author=str(actor), created_at=now()
    )
    record("comment.added", actor=actor, task=task, comment=made.pk, commit=commit, path=path, line=line, text=text[:500])
    return made


@atomically
def resolve(comment: LineComment, *, actor: Actor) -> LineComment:
    """Take a remark out of the briefs to come. Twice is no error."""
    if LineComment.objects.filter(pk=comment.pk, resolved_at=None).update(resolved_at=now(), resolved_by=str(actor)):
        record("comment.resolved", actor=actor, task=comment.task, comment=comment.pk)
    comment.refresh_from_db()
    return comment
