"""Making a task's repository fit to be read by git: there, and with `main` where the database says (P14)."""

from coordination.models import Task
from coordination.operations.seals import seal_missed
from coordination.queries.repositories import store, translated
from repo_store import MAIN_REF


def ready(task: Task) -> None:
    """Let `main` catch up if a crash left it behind the row, and make the empty repository of a task without files."""
    seal_missed(task.pk)
    with translated():
        if not task.head:
            store().ensure(task.pk)
        elif store().tip(task.pk, MAIN_REF) != task.head:
            store().advance_ref(task.pk, task.head)
