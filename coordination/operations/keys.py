"""API keys: create, revoke. The secret is shown once and stored as a hash."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.models import Agent, ApiKey, Project, Scope, User
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.editing import check
from coordination.operations.events import record


@atomically
def create_key(
    *,
    name: str,
    scope: str,
    actor: Actor,
    agent: Agent | None = None,
    user: User | None = None,
    projects: Sequence[Project] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Return the key's row and the key itself, which cannot be shown again. `projects` None opens every project."""
    if scope not in Scope.values:
        raise Invalid(f"{scope!r} is no scope; choose {', '.join(Scope.values)}.", field="scope")
    if agent and scope != Scope.AGENT:
        raise Invalid("Only a key of scope agent can belong to an agent.", field="agent")
    if scope == Scope.ADMIN and user is None:
        raise Invalid("Only a person's own key can have scope admin; choose coordinator.", field="scope")
    public_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    key = ApiKey(
        public_id=public_id,
        hash=ApiKey.hash_of(secret),
        name=name.strip(),
        scope=scope,
        agent=agent,
        user=user,
        is_limited=projects is not None,
        created_by=str(actor),
        created_at=now(),
        expires_at=expires_at,
    )
    check(key)
    key.save()
    key.projects.set(projects or [])
    record("key.created", actor=actor, key=key.pk, name=key.name, scope=scope, projects=[project.slug for project in projects or []])
    return key, f"mst_{public_id}_{secret}"


@atomically
def revoke_key(key: ApiKey, *, actor: Actor) -> None:
    """End a key: no request that starts after this returns is let in (A10). Twice is no error."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now()):
        record("key.revoked", actor=actor, key=key.pk, name=key.name)


def note_use(key: ApiKey) -> None:
    """Note when the key was last used. No event: nothing changed."""
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=now())
