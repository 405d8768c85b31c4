"""The agents' addresses: /api/v1, the seeds' own paths, and the health checks."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path

from coordination.api import (
    agents,
    claims,
    docs,
    events,
    files,
    health,
    history,
    keys,
    me,
    members,
    messages,
    phases,
    plans,
    projects,
    reading,
    subtasks,
    tasks,
    views,
    work,
)
from coordination.api.compat import seed000, seed004
from coordination.api.door import door
from coordination.api.service import api

# The busiest addresses first: Django tries them in this order.
for _router in (
    claims.router,
    work.router,
    subtasks.router,
    agents.router,
    tasks.router,
    events.router,
    reading.router,
    reading.attempts,
    files.router,
    phases.router,
    projects.router,
    members.router,
    history.router,
    plans.router,
    messages.router,
    views.router,
    keys.router,
    me.router,
):
    api.add_router("", _router)


def _nothing_here(request: HttpRequest, **_: Any) -> HttpResponse:
    raise Http404


# The two requests that agents send most, whose one statement also asks for the key.
ASK_THEMSELVES = frozenset({"claim", "complete"})


def _through_the_door(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern]:
    return [
        URLPattern(each.pattern, door(each.callback, asks_itself=each.name in ASK_THEMSELVES), each.default_args, each.name)
        for each in patterns
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]


V1 = "api/v1/"
addresses = re_path(rf"^{V1}", (_through_the_door(api.urls[0]), "api-v1", "api-v1"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("health", health.health, name="health"),
    path("api/docs", docs.docs, name="api-docs"),
    path("api/problems", docs.problems, name="api-problems"),
    path(f"{V1}openapi.json", docs.schema, name="api-schema"),
    addresses,
    *_through_the_door(seed004.urlpatterns),
    *_through_the_door(seed000.urlpatterns),
    re_path(r"^api/", door(_nothing_here, public=True)),
]
