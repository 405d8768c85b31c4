"""Remarks on lines, as pages show them."""

from coordination.errors import NotFound
from coordination.models import LineComment, Task, User, ViewedFile

MOST = 500


def remarks(task: Task) -> list[LineComment]:
    """Return the remarks on a task's files, oldest first; of very many, the newest."""
    return list(reversed(LineComment.objects.filter(task=task).order_by("-id")[:MOST]))


def open_remarks(task: Task) -> list[LineComment]:
    """Return the remarks that the next brief will hold."""
    return list(LineComment.objects.filter(task=task, resolved_at=None).order_by("id")[:MOST])


def find_remark(task: Task, remark_id: int) -> LineComment:
    found = LineComment.objects.filter(task=task, pk=remark_id).first() if remark_id < 2**63 else None
    if found is None:
        raise NotFound(f"#{task.pk} has no remark {remark_id}.")
    return found


def viewed(user: User, task: Task) -> dict[str, str]:
    """Return which change of which file this person has read."""
    return dict(ViewedFile.objects.filter(user=user, task=task).values_list("path", "change"))
