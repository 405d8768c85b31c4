"""Who and what may act: the members of a project, and the keys of projects, people and agents."""

from django.db.models import F, Q, QuerySet

from coordination.errors import NotFound
from coordination.models import Agent, ApiKey, Membership, Project, User


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


def keys_of_agent(agent: Agent) -> QuerySet[ApiKey]:
    """Return the keys that act as this agent, and the one that registered it, those in force first."""
    keys = ApiKey.objects.filter(Q(agent=agent) | Q(pk=agent.registered_by_id)).prefetch_related("projects")
    return keys.order_by(F("revoked_at").desc(nulls_first=True), "-pk")


def find_key_among(keys: QuerySet[ApiKey], key_id: int) -> ApiKey:
    key = keys.filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such key here; reload the page to see which there are.")
    return key
