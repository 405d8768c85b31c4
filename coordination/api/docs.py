"""/api/docs, /api/v1/openapi.json and /api/problems: the API described, by files of our own server only."""

from functools import cache

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from coordination import errors
from coordination.api.answers import tagged
from coordination.api.service import api

# Swagger UI sets styles from its script; everything else is ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the API to people."""
    settings = {"url": reverse("api-schema"), "deepLinking": True, "layout": "BaseLayout", "persistAuthorization": False}
    response = render(request, "api/docs.html", {"settings": settings})
    response.headers["Content-Security-Policy"] = POLICY
    return response


@cache
def _schema() -> bytes:
    return orjson.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), default=str, option=orjson.OPT_NON_STR_KEYS)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Describe the API to programs, in OpenAPI 3.1."""
    return tagged(request, _schema(), "application/json")


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """List every code that a refusal can have."""
    lines = ["# What a refusal can say", "", "| code | status | repeat? | meaning |", "|---|---|---|---|"]
    for kind in sorted(_kinds(errors.MusterError), key=lambda each: (each.status, each.code)):
        about = (kind.__doc__ or "").strip().splitlines()[0] if "__doc__" in vars(kind) and kind.__doc__ else f"{kind.title}."
        lines.append(f"| `{kind.code}` | {kind.status} | {'yes' if kind.retryable else 'no'} | {about} |")
    lines.append("| `internal_error` | 500 | no | Muster made a mistake; its log says which. |")
    return tagged(request, "\n".join([*lines, ""]).encode(), "text/markdown; charset=utf-8")


def _kinds(kind: type[errors.MusterError]) -> list[type[errors.MusterError]]:
    return [each for direct in kind.__subclasses__() for each in [direct, *_kinds(direct)]]
