"""Who and what may act in a project: its members, and the keys that reach it."""

from django.db.models import QuerySet

from coordination.models import ApiKey, Membership, Project


def members_of(project: Project) -> QuerySet[Membership]:
    return project.memberships.select_related("user").order_by("user__username")


def keys_of(project: Project) -> QuerySet[ApiKey]:
    """Return the keys that are limited to projects and reach this one, the newest first."""
    return ApiKey.objects.filter(projects=project).select_related("agent").prefetch_related("projects").order_by("-id")
