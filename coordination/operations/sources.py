"""The repositories that tasks may refer to: a bare copy each, added and brought up to date by an administrator."""

from pathlib import Path

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.models import Project, ProjectRepository
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.editing import check
from coordination.operations.events import record
from coordination.queries.repositories import sources, translated


@atomically
def add_repository(project: Project, name: str, path: Path, *, actor: Actor) -> ProjectRepository:
    """Copy the repository, or the bundle, at `path` on this machine; copying again brings the copy up to date."""
    if "://" in str(path) or not path.exists():
        raise Invalid(f"{path} is neither a repository nor a bundle on this machine; Muster fetches from no address.", field="path")
    row = ProjectRepository.objects.filter(project=project, name=name).first()
    old = row.head if row else ""
    if row is None:
        row = ProjectRepository(project=project, name=name, updated_at=now(), added_by=str(actor))
        check(row)
        row.save()
    with translated():
        row.head = sources().copy_of(row.pk, path.resolve())
    row.updated_at = now()
    row.save()
    record("repository.updated" if old else "repository.added", actor=actor, project=project, name=name, old=old, new=row.head)
    return row
