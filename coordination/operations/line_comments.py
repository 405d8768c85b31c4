"""Remarks on lines of a version; what is neither resolved nor deleted is part of the next brief."""

from django.db.models import Q

from coordination.actor import Actor
from coordination.errors import Invalid, Refused
from coordination.models import Attempt, LineComment, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.queries.access import Caller
from coordination.queries.remarks import may_delete
from coordination.queries.repositories import store, translated
from coordination.queries.versions import is_on_main

LONGEST = 10_000  # characters


@atomically
def comment(task: Task, *, commit: str, path: str, line: int, text: str, actor: Actor) -> LineComment:
    """Remark on a line, counted from 1, of a file in a version. Raises NotFound for a version or file that is not there."""
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(f"Write a remark of 1 to {LONGEST} characters.", field="text")
    with translated():
        lines = store().read_file(task.pk, commit, path).decode("utf-8", "replace").split("\n")
    if not 1 <= line <= len(lines):
        raise Invalid(f"{path} has {len(lines)} lines there.", field="line")
    made = LineComment.objects.create(
        task=task,
        commit=commit,
        attempt=_attempt_of(task, commit),
        path=path,
        line=line,
        quoted=lines[line - 1][:500],
        text=text,
        author=str(actor),
        created_at=now(),
    )
    record("comment.added", actor=actor, task=task, comment=made.pk, commit=commit, path=path, line=line, text=text[:500])
    return made


def _attempt_of(task: Task, commit: str) -> int | None:
    """Return the attempt whose work this version is, None for a version of what agents are told."""
    if is_on_main(task, commit):
        return None
    ends_so = Attempt.objects.filter(Q(tip=commit) | Q(sealed_commit=commit), task=task).values_list("number", flat=True).first()
    if ends_so is not None:
        return ends_so
    for attempt in Attempt.objects.filter(task=task).exclude(tip="").order_by("-number")[:50]:
        with translated():
            if store().holds(task.pk, attempt.tip, commit):
                return attempt.number
    return None


def resolve(comment: LineComment, *, actor: Actor) -> LineComment:
    """Take a remark out of the briefs to come. Twice is no error."""
    return _end(comment, "resolved", actor)


def reopen(comment: LineComment, *, actor: Actor) -> LineComment:
    """Put a resolved remark into the briefs to come again. Twice is no error."""
    return _take_back(comment, "resolved", "comment.reopened", actor)


def delete(comment: LineComment, caller: Caller) -> LineComment:
    """Take a remark away as if it had never been said; only briefs that were handed out with it keep it. Twice is no error.

    Raises Refused for anybody but its author and the administrators of the project.
    """
    _refuse_others(comment, caller)
    return _end(comment, "deleted", caller.actor)


def restore(comment: LineComment, caller: Caller) -> LineComment:
    """Bring a deleted remark back. Twice is no error."""
    _refuse_others(comment, caller)
    return _take_back(comment, "deleted", "comment.restored", caller.actor)


def _refuse_others(comment: LineComment, caller: Caller) -> None:
    if not may_delete(comment, caller):
        raise Refused("Only the author of a remark and the administrators of the project may delete it; resolve it instead.")


@atomically
def _end(comment: LineComment, how: str, actor: Actor) -> LineComment:
    if LineComment.objects.filter(pk=comment.pk, **{f"{how}_at": None}).update(**{f"{how}_at": now(), f"{how}_by": str(actor)}):
        record(f"comment.{how}", actor=actor, task=comment.task, comment=comment.pk)
    comment.refresh_from_db()
    return comment


@atomically
def _take_back(comment: LineComment, how: str, kind: str, actor: Actor) -> LineComment:
    """Let it stand open again. If a brief was handed out without it meanwhile, a new row does, so that brief stays true."""
    found = LineComment.objects.select_for_update(no_key=True, of=("self",)).select_related("task").get(pk=comment.pk)
    ended = getattr(found, f"{how}_at")
    if ended is None:
        return found
    if Attempt.objects.filter(task=found.task_id, claimed_at__gte=ended).exists():
        found.pk, found.created_at = None, now()
    setattr(found, f"{how}_at", None)
    setattr(found, f"{how}_by", "")
    found.save()
    record(kind, actor=actor, task=found.task, comment=found.pk)
    return found
