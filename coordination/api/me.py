"""/me and /stats"""

from dataclasses import asdict

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel

from coordination.api.answers import polled, reply
from coordination.api.door import Request
from coordination.api.shapes.keys import key_told
from coordination.api.shapes.me import MeTold, StatsTold
from coordination.models.clock import now
from coordination.queries.access import EVERY_PROJECT, find_project, visible_projects
from coordination.queries.stats import counts

router = Router(tags=["me"])


class StatsQuery(BaseModel):
    project: str | None = None


@router.get("/me", response=MeTold, operation_id="getMe")
def get_me(request: Request) -> HttpResponse:
    """Say who you are to Muster, and what your key may do where. `*` stands for every project."""
    caller, key = request.auth, request.auth.key
    slugs = dict(visible_projects(caller).filter(pk__in=caller.permissions).values_list("pk", "slug"))
    told = {
        "actor": {"kind": caller.actor.kind, "id": caller.actor.id, "name": caller.actor.name},
        "key": key_told(key) if key else None,
        "agent": key.agent.name if key and key.agent else None,
        "agents": list(key.registered_agents.order_by("name").values_list("name", flat=True)) if key else [],
        "permissions": {
            "*" if project == EVERY_PROJECT else slugs[project]: permission.name.lower()
            for project, permission in caller.permissions.items()
            if project == EVERY_PROJECT or project in slugs
        },
        "server_time": now(),
    }
    return reply(told)


@router.get("/stats", response=StatsTold, operation_id="getStats")
def get_stats(request: Request, filters: Query[StatsQuery]) -> HttpResponse:
    """Count what you may see."""
    if filters.project is not None:
        find_project(request.auth, filters.project)
    return polled(request, asdict(counts(request.auth, filters.project)))
