"""What a person keeps for themself about reading changes: the layout, and which files they have read. No event tells of it."""

from coordination.errors import Invalid
from coordination.models import DiffLayout, Task, User, ViewedFile


def choose_layout(user: User, layout: str) -> None:
    """Show this person every diff in this layout from now on."""
    if layout not in DiffLayout.values:
        raise Invalid(f"{layout!r} is no layout; choose {', '.join(DiffLayout.values)}.", field="layout")
    User.objects.filter(pk=user.pk).update(diff_layout=layout)


def mark_viewed(user: User, task: Task, path: str, change: str) -> None:
    """Remember that this person has read this change of the file."""
    if not path or len(path) > 1024 or len(change) > 81 or "\0" in path + change:
        raise Invalid("Name a file of the comparison.", field="path")
    ViewedFile.objects.update_or_create(user=user, task=task, path=path, defaults={"change": change})


def unmark_viewed(user: User, task: Task, path: str) -> None:
    """Forget that this person has read the file. Twice is no error."""
    ViewedFile.objects.filter(user=user, task=task, path=path.replace("\0", "")).delete()
