"""Which changes of files and which messages a person has read. Nobody else's business, so no event tells of it."""

from coordination.errors import Invalid, NotFound
from coordination.models import Project, ReadMark, Task, User, ViewedFile
from coordination.models.sql import run
from coordination.operations.atomic import atomically
from coordination.queries.unread import EVERYTHING, of_thread

# Two tabs of one person may report at once: the mark that is further on stays.
MARK = """
    INSERT INTO coordination_readmark (user_id, project_id, thread, message) VALUES (%s, %s, %s, %s)
    ON CONFLICT (user_id, project_id, thread) DO UPDATE SET message = excluded.message
    WHERE coordination_readmark.message < excluded.message"""


def mark_viewed(user: User, task: Task, path: str, change: str) -> None:
    """Remember that this person has read this change of the file."""
    if not path or len(path) > 1024 or len(change) > 81 or "\0" in path + change:
        raise Invalid("Name a file of the comparison.", field="path")
    ViewedFile.objects.update_or_create(user=user, task=task, path=path, defaults={"change": change})


def unmark_viewed(user: User, task: Task, path: str) -> None:
    """Forget that this person has read the file. Twice is no error."""
    ViewedFile.objects.filter(user=user, task=task, path=path.replace("\0", "")).delete()


@atomically
def read_messages(user: User, project: Project, thread: str, upto: int) -> None:
    """Remember that this person has read a thread, or all messages for "", up to this message. A mark never moves back."""
    newest = of_thread(project, thread).filter(pk__lte=upto).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise NotFound("There is no such message in this project.")
    run(MARK, [user.pk, project.pk, thread, newest])
    if thread == EVERYTHING:
        ReadMark.objects.filter(user=user, project=project, message__lte=newest).exclude(thread=EVERYTHING).delete()
