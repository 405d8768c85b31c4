"""Answers: JSON, versions of what was answered (ETag), conditions on edits (If-Match), pages."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse

from coordination.errors import Invalid

JSON = "application/json"


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(orjson.dumps(body, default=str), JSON, status, headers=headers)


def nothing(status: int = 204) -> HttpResponse:
    response = HttpResponse(status=status)
    del response.headers["Content-Type"]
    return response


def polled(request: HttpRequest, body: Any, *, version: int | None = None, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer with an ETag, or with 304 when the asker has this already. `version` is that of the row, for If-Match."""
    content = orjson.dumps(body, default=str)
    return tagged(request, content, JSON, version=version, headers=headers)


def tagged(
    request: HttpRequest, content: bytes, content_type: str, *, version: int | None = None, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    digest = hashlib.sha256(content).hexdigest()[:16]
    tag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    known = request.META.get("HTTP_IF_NONE_MATCH", "")
    if known and (known.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in known.split(",")}):
        response = nothing(304)
    else:
        response = HttpResponse(content, content_type)
    response.headers["ETag"] = tag
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def expected_version(request: HttpRequest) -> int | None:
    """Return the row version that If-Match asks for: the number before the dash of the ETag; None when it asks for none."""
    wanted = request.META.get("HTTP_IF_MATCH", "").strip()
    if wanted in ("", "*"):
        return None
    number = wanted.removeprefix("W/").strip('"').partition("-")[0]
    if not number.isdecimal() or not number.isascii() or len(number) > 18:
        raise Invalid("If-Match takes the ETag that you got with the thing you change.", field="If-Match")
    return int(number)


def expected_commit(request: HttpRequest) -> str | None:
    """Return the commit that If-Match names, None without the header."""
    wanted = request.META.get("HTTP_IF_MATCH", "").strip().removeprefix("W/").strip('"')
    return wanted or None


def page(request: HttpRequest, items: Sequence[Any], next_cursor: str | None) -> HttpResponse:
    """Answer with one page of a list, its ETag and a Link to the next page."""
    headers = {}
    if next_cursor:
        query = request.GET.copy()
        query["cursor"] = next_cursor
        headers["Link"] = f'<{request.path}?{urlencode(list(query.items()))}>; rel="next"'
    return polled(request, {"items": list(items), "next_cursor": next_cursor}, headers=headers)
