"""Projects: create, edit, pause and resume, delete; and who may do what in them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from coordination.actor import Actor
from coordination.errors import Conflict, Invalid, WrongState
from coordination.lifecycle import MOST_IN_COLUMN, BoardColumn
from coordination.models import Lease, Membership, Project, ProjectRepository, Role, Task, User
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.editing import apply_changes, check, lock_project
from coordination.operations.events import record
from coordination.operations.lanes import lock_routing
from coordination.operations.readiness import settle_project
from coordination.queries.repositories import plan_store, sources, store

EDITABLE = {
    "name",
    "description",
    "lease_ttl",
    "max_attempts",
    "review_policy",
    "on_change",
    "rerun",
    "max_running",
    "budget_usd",
    "agents_may_add",
    "wip_limits",
}


@atomically
def create_project(*, slug: str, name: str, actor: Actor, description: str = "", **settings: Any) -> Project:
    """Make a project. A person who makes one becomes its admin."""
    if unknown := set(settings) - EDITABLE:
        raise Invalid(f"A project has no setting {sorted(unknown)[0]!r}.", field=sorted(unknown)[0])
    _refuse_bad_limits(settings.get("wip_limits", {}))
    project = Project(slug=slug, name=name.strip(), description=description, created_at=now(), **settings)
    check(project)
    try:
        with transaction.atomic():
            project.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"There is a project {slug!r} already; choose another slug.", field="slug") from None
    if actor.kind == "person" and actor.id:
        Membership.objects.create(user_id=actor.id, project=project, role=Role.ADMIN, created_at=project.created_at)
    record("project.created", actor=actor, project=project, at=project.created_at, name=project.name, slug=slug)
    return project


@atomically
def edit_project(project: Project, changes: Mapping[str, Any], *, actor: Actor, expected_version: int | None = None) -> Project:
    _refuse_bad_limits(changes.get("wip_limits", {}))
    project = lock_project(project.pk)
    if differences := apply_changes(project, changes, EDITABLE, expected_version):
        record("project.edited", actor=actor, project=project, changes=differences)
    return project


@atomically
def limit_column(project: Project, column: str, limit: int | None, *, actor: Actor) -> Project:
    """Say how many tasks of one column of the board are not yet too many; None takes the limit away. The others stay."""
    project = lock_project(project.pk)
    limits = {name: most for name, most in {**project.wip_limits, column: limit}.items() if most is not None}
    return edit_project(project, {"wip_limits": limits}, actor=actor)


def _refuse_bad_limits(limits: object) -> None:
    """Refuse what is no limit of a column: the database would keep anything."""
    if not isinstance(limits, dict):
        raise Invalid('Write the limits by column, such as {"progress": 5}.', field="wip_limits")
    for column, most in limits.items():
        if column not in list(BoardColumn):
            raise Invalid(f"The board has no column {column!r}; there are {', '.join(BoardColumn)}.", field="wip_limits")
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_IN_COLUMN:
            raise Invalid(f"The limit of a column is a whole number from 1 to {MOST_IN_COLUMN}, not {most!r}.", field="wip_limits")


@atomically
def pause_project(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Hold every queued task of the project. Running ones go on."""
    moment = now()
    if not Project.objects.filter(pk=project.pk, paused_at=None).update(
        paused_at=moment, pause_reason=reason[:200], version=F("version") + 1
    ):
        raise WrongState(f"Project {project.slug} is paused already.")
    record("project.paused", actor=actor, project=project, at=moment, reason=reason)
    settle_project(project.pk)
    project.refresh_from_db()
    return project


@atomically
def resume_project(project: Project, *, actor: Actor) -> Project:
    if not Project.objects.filter(pk=project.pk, paused_at__isnull=False).update(
        paused_at=None, pause_reason="", draining=False, version=F("version") + 1
    ):
        raise WrongState(f"Project {project.slug} is not paused.")
    record("project.resumed", actor=actor, project=project)
    settle_project(project.pk)
    project.refresh_from_db()
    return project


@atomically
def delete_project(project: Project, *, actor: Actor) -> None:
    """Delete a project, its tasks and their repositories, unless an agent works in it."""
    project = lock_project(project.pk)
    tasks = list(Task.objects.select_for_update(no_key=True).filter(project=project).order_by("pk").values_list("pk", flat=True))
    if Lease.objects.filter(task__project=project).exists():
        raise WrongState(f"Agents are working in {project.slug}; pause it and wait for them, or cancel their tasks.")
    lock_routing()
    record("project.deleted", actor=actor, slug=project.slug, name=project.name, tasks=len(tasks))
    project_id, copies = project.pk, list(ProjectRepository.objects.filter(project=project).values_list("pk", flat=True))
    Task.objects.filter(project=project).delete()
    project.delete()
    for pk in tasks:
        _forget_repository(pk)
    transaction.on_commit(partial(_forget_sources, project_id, copies), robust=True)


def _forget_repository(task_id: int) -> None:
    transaction.on_commit(lambda: store().delete(task_id), robust=True)


@atomically
def grant_role(project: Project, user: User, role: str, *, actor: Actor) -> Membership:
    if role not in Role.values:
        raise Invalid(f"{role!r} is no role; choose one of {', '.join(Role.values)}.", field="role")
    membership, _ = Membership.objects.update_or_create(
        user=user, project=project, defaults={"role": role}, create_defaults={"role": role, "created_at": now()}
    )
    record("member.granted", actor=actor, project=project, user=user.get_username(), role=role)
    return membership


@atomically
def revoke_role(project: Project, user: User, *, actor: Actor) -> None:
    removed, _ = Membership.objects.filter(user=user, project=project).delete()
    if removed:
        record("member.revoked", actor=actor, project=project, user=user.get_username())


def _forget_sources(project_id: int, copies: Sequence[int]) -> None:
    """Delete the repository of a project's plan, and the copies that its tasks referred to."""
    plan_store().delete(project_id)
    for copy_id in copies:
        sources().delete(copy_id)
