"""Who and what may act in a project: its members, and the keys that reach it."""

from django.db.models import QuerySet

from coordination.errors import NotFound
from coordination.models import ApiKey, Membership, Project, User


def members_of(project: Project) -> QuerySet[Membership]:
    return project.memberships.select_related("user").order_by("user__username")


def find_person(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound(f"There is no account {username!r}; make it first.", field="username")
    return user


def find_member(project: Project, username: str) -> Membership:
    member = members_of(project).filter(user__username=username).first()
    if member is None:
        raise NotFound(f"{username!r} is no member of the project.")
    return member


def keys_of(project: Project) -> QuerySet[ApiKey]:
    """Return the keys that are limited to projects and reach this one, the newest first."""
    return ApiKey.objects.filter(projects=project).select_related("agent").prefetch_related("projects").order_by("-id")


def keys_of_person(user: User) -> QuerySet[ApiKey]:
    """Return the keys that act as this person and are not revoked, the newest first."""
    return ApiKey.objects.filter(user=user, revoked_at=None).order_by("-id")
