"""/keys: making and revoking the keys of agents, coordinators and readers."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router

from coordination.api import cursors
from coordination.api.answers import nothing, page
from coordination.api.door import Request
from coordination.api.planning import agent_named
from coordination.api.repeats import once_only
from coordination.api.shapes.filters import Pages
from coordination.api.shapes.keys import KeyAsked, KeyPage, NewKeyTold, key_told
from coordination.errors import Invalid, NotFound
from coordination.models import ApiKey, Project
from coordination.operations import keys
from coordination.operations.idempotency import Answer
from coordination.queries.access import (
    Caller,
    find_key,
    find_project,
    require_may_issue,
    require_sees_keys,
    visible_keys,
)

router = Router(tags=["keys"])


@router.get("/keys", response=KeyPage, operation_id="listKeys")
def list_keys(request: Request, filters: Query[Pages]) -> HttpResponse:
    """List keys, newest first. Secrets are never shown again."""
    require_sees_keys(request.auth)
    found = visible_keys(request.auth).order_by("-pk")
    if filters.cursor:
        found = found.filter(pk__lt=cursors.decode(filters.cursor, [int])[0])
    rows = list(found[: filters.limit + 1])
    more, rows = len(rows) > filters.limit, rows[: filters.limit]
    return page(request, [key_told(each) for each in rows], cursors.encode([rows[-1].pk]) if more else None)


@router.post("/keys", response={201: NewKeyTold}, operation_id="createKey")
def create_key(request: Request, body: KeyAsked) -> HttpResponse:
    """Make a key. `key` in the answer is shown this once."""
    projects = _projects(request.auth, body.projects)
    require_may_issue(request.auth, projects)
    shown: list[str] = []

    def run() -> Answer:
        agent = agent_named(body.agent, request.auth, "agent")
        key, raw = keys.create_key(
            name=body.name, scope=body.scope, actor=request.auth.actor, agent=agent, projects=projects, expires_at=body.expires_at
        )
        shown[:] = [raw]
        return Answer(201, {"id": key.pk})  # kept for repeats: never the secret (P10)

    def rebuild(stored: Any) -> dict[str, Any]:
        key = ApiKey.objects.select_related("agent", "user").get(pk=stored["id"])
        return {**key_told(key), "key": shown[0] if shown else None}

    return once_only(request, run, rebuild)


def _projects(caller: Caller, slugs: list[str] | None) -> list[Project] | None:
    try:
        return None if slugs is None else [find_project(caller, slug) for slug in slugs]
    except NotFound as missing:
        raise Invalid(missing.sentence, field="projects") from None


@router.delete("/keys/{int:key_id}", response={204: None}, operation_id="revokeKey")
def revoke_key(request: Request, key_id: int) -> HttpResponse:
    """End a key: no request that starts after this answer is let in."""
    require_sees_keys(request.auth)
    keys.revoke_key(find_key(request.auth, key_id), actor=request.auth.actor)
    return nothing()
