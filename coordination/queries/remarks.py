"""Remarks on lines, as pages show them."""

from collections.abc import Iterable

from coordination.errors import NotFound
from coordination.models import LineComment, Task, User, ViewedFile
from coordination.queries.access import Caller, Permission

MOST = 500


def remarks(task: Task) -> list[LineComment]:
    """Return the remarks on a task's files, oldest first; of very many, the newest."""
    return _of(task, reversed(LineComment.objects.kept().filter(task=task).order_by("-id")[:MOST]))


def open_remarks(task: Task) -> list[LineComment]:
    """Return the remarks that the next brief will hold."""
    return _of(task, LineComment.objects.open_on(task.pk).order_by("id")[:MOST])


def _of(task: Task, found: Iterable[LineComment]) -> list[LineComment]:
    kept = list(found)
    for each in kept:
        each.task = task  # who may delete it is asked of each
    return kept


def find_remark(task: Task, remark_id: int) -> LineComment:
    found = LineComment.objects.select_related("task").filter(task=task, pk=remark_id).first() if remark_id < 2**63 else None
    if found is None:
        raise NotFound(f"#{task.pk} has no remark {remark_id}.")
    return found


def may_delete(remark: LineComment, caller: Caller) -> bool:
    return remark.author == str(caller.actor) or caller.may(Permission.ADMIN, remark.task.project_id)


def viewed(user: User, task: Task) -> dict[str, str]:
    """Return which change of which file this person has read."""
    return dict(ViewedFile.objects.filter(user=user, task=task).values_list("path", "change"))
