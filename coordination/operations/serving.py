"""Making a task's repository fit to be read by git: there, and with `main` where the database says (P14)."""

from coordination.actor import SYSTEM
from coordination.models import Project, Task
from coordination.models.clock import now
from coordination.operations.seals import seal_missed
from coordination.plan_writing import write_plan
from coordination.queries.planned import planned
from coordination.queries.repositories import author_of, plan_store, store, translated
from repo_store import MAIN_REF


def ready_plan(project: Project) -> None:
    """Let the plan's repository end with the project as it is now: what changed on the board is one more version."""
    files = write_plan(planned(project).plan)
    head = project.plan_head
    with translated():
        before = plan_store().read_files(project.pk, head) if head else {}
        if before != files:
            version = plan_store().write_seal(
                project.pk,
                parents=[head] if head else [],
                files=files | {path: None for path in before if path not in files},
                author=author_of(SYSTEM),
                message="Write down the plan as it is now",
                when=now(),
            )
            # Whoever loses the race serves what the winner wrote, which is as fresh.
            if Project.objects.filter(pk=project.pk, plan_head=head).update(plan_head=version.commit):
                head = version.commit
        plan_store().advance_ref(project.pk, head or Project.objects.get(pk=project.pk).plan_head)


def ready(task: Task) -> None:
    """Let `main` catch up if a crash left it behind the row, and make the empty repository of a task without files."""
    seal_missed(task.pk)
    with translated():
        if not task.head:
            store().ensure(task.pk)
        elif store().tip(task.pk, MAIN_REF) != task.head:
            store().advance_ref(task.pk, task.head)
