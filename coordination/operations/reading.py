"""Which changes of files a person has read. Nobody else's business, so no event tells of it."""

from coordination.errors import Invalid
from coordination.models import Task, User, ViewedFile


def mark_viewed(user: User, task: Task, path: str, change: str) -> None:
    """Remember that this person has read this change of the file."""
    if not path or len(path) > 1024 or len(change) > 81 or "\0" in path + change:
        raise Invalid("Name a file of the comparison.", field="path")
    ViewedFile.objects.update_or_create(user=user, task=task, path=path, defaults={"change": change})


def unmark_viewed(user: User, task: Task, path: str) -> None:
    """Forget that this person has read the file. Twice is no error."""
    ViewedFile.objects.filter(user=user, task=task, path=path.replace("\0", "")).delete()
