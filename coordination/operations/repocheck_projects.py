"""The repositories of projects: the plan as a directory, which the database can write anew, and copies, which it cannot."""

import repo_store
from coordination.models import Project, ProjectRepository
from coordination.operations.faults import Fault
from coordination.queries.repositories import plan_store, sources
from repo_store.bundles import COPIED


def check_projects(*, repair: bool) -> tuple[int, list[Fault]]:
    """Return how many repositories of projects there are, and what is wrong with them."""
    plans = Project.objects.exclude(plan_head="").order_by("pk")
    copies = ProjectRepository.objects.exclude(head="").select_related("project").order_by("pk")
    faults = [fault for project in plans for fault in _check_plan(project, repair=repair)]
    faults += [fault for copy in copies for fault in _check_copy(copy)]
    return len(plans) + len(copies), faults


def _check_plan(project: Project, *, repair: bool) -> list[Fault]:
    look = plan_store().repair_repo if repair else plan_store().check_repo
    try:
        found = look(project.pk, project.plan_head)
        faults = [Fault("plan", project.pk, each.code, f"The plan of {project.slug}: {each.detail}", each.repaired) for each in found]
        if repair and any(not fault.repaired for fault in faults) and _forget(project):
            return [fault.as_repaired() for fault in faults]
    except repo_store.RepoError as error:
        return [Fault("plan", project.pk, "unreadable", f"The plan of {project.slug}: {error}")]
    return faults


def _forget(project: Project) -> bool:
    """Set the repository aside: whoever reads the plan next gets a new one, written from the project as it is then."""
    plan_store().set_aside(project.pk)
    return bool(Project.objects.filter(pk=project.pk, plan_head=project.plan_head).update(plan_head=""))


def _check_copy(copy: ProjectRepository) -> list[Fault]:
    try:
        found = sources().check_repo(copy.pk, copy.head)
    except repo_store.RepoError as error:
        found = [repo_store.Finding("unreadable", copy.name, str(error))]
    remedy = f"Copy it again: manage.py addrepository {copy.project.slug} {copy.name} PATH"
    return [
        Fault("copy", copy.project_id, each.code, f"The copy {copy.name} of {copy.project.slug}: {each.detail} {remedy}")
        for each in found
        if not each.subject.startswith(COPIED)
    ]
