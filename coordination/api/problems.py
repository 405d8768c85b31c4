"""One shape for every refusal: RFC 9457 problem+json, made in one place from the tree of errors."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pydantic
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from coordination.errors import Invalid, LimitExceeded, Malformed, MusterError, NotFound, Unauthenticated, Unavailable

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 2  # seconds
SHOWN_ERRORS = 20


def problem_of(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the answer that tells of this error; a surprise is logged in full and told as a 500 without details."""
    if isinstance(error, ValidationError):
        return _of_fields(request, error.errors)
    if isinstance(error, pydantic.ValidationError):
        return _of_fields(request, error.errors(include_url=False))
    refusal = _as_refusal(error)
    if refusal is None:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        sentence = "Muster made a mistake; its log says which. Nothing of this request was kept."
        return problem(request, 500, "internal_error", "Internal error", sentence)
    return problem_of_refusal(request, refusal)


def problem_of_refusal(request: HttpRequest, refusal: MusterError) -> HttpResponse:
    return HttpResponse(orjson.dumps(body_of(request, refusal), default=str), CONTENT_TYPE, refusal.status, headers=_headers(refusal))


def body_of(request: HttpRequest, refusal: MusterError) -> dict[str, Any]:
    errors = [{"field": refusal.field, "message": refusal.sentence}] if refusal.field else []
    return _body(
        request,
        refusal.status,
        refusal.code,
        refusal.title,
        refusal.sentence,
        errors=errors,
        retryable=refusal.retryable,
        more=refusal.data,
    )


def problem(request: HttpRequest, status: int, code: str, title: str, detail: str, **more: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(_body(request, status, code, title, detail, **more)), CONTENT_TYPE, status)


def _body(
    request: HttpRequest,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    retryable: bool = False,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The facts of the refusal (`reason`, `holder`, `path`, `diff`...) stand beside the standard members, which win."""
    return {
        **(more or {}),
        "type": f"/api/problems#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "errors": list(errors),
        "retryable": retryable,
    }


def _headers(refusal: MusterError) -> dict[str, str]:
    if isinstance(refusal, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="muster"'}
    if refusal.retryable:
        return {"Retry-After": str(refusal.data.get("retry_after", RETRY_AFTER))}
    return {}


def _as_refusal(error: Exception) -> MusterError | None:
    cause = error.__cause__
    if isinstance(error, MusterError):
        return error
    if isinstance(error, HttpError):
        # ninja wraps whatever the reader of bodies raises.
        return cause if isinstance(cause, MusterError) else Malformed(str(error))
    if isinstance(error, Http404):
        return NotFound("There is nothing at this address.")
    if isinstance(error, RequestDataTooBig):
        return LimitExceeded("The body is larger than 4 MB; send less at once.")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Malformed("This request cannot be read.")
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("The database did not answer: %s", error)
        return Unavailable("The database does not answer at the moment; repeat the request in a moment.")
    if isinstance(error, DataError):
        log.warning("The database refused a value: %s", error)
        return Invalid("One of the values cannot be stored; check lengths, numbers and dates.")
    return None


def _of_fields(request: HttpRequest, errors: Sequence[Mapping[str, Any]]) -> HttpResponse:
    told = [{"field": _field(error), "message": _sentence(error)} for error in errors[:SHOWN_ERRORS]]
    first = told[0] if told else {"field": "", "message": "The request has a mistake."}
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(request, Invalid.status, Invalid.code, Invalid.title, detail, errors=told)


def _field(error: Mapping[str, Any]) -> str:
    """Return where it is, as `tasks.0.title`: without ninja's names for the whole body or the whole query."""
    parts = [str(part) for part in error.get("loc", ())]
    while parts and parts[0] in ("body", "query", "path", "header", "filters"):
        parts.pop(0)
    return ".".join(parts)


def _sentence(error: Mapping[str, Any]) -> str:
    if error.get("type") == "extra_forbidden":
        return "There is no such field; leave it out."
    if error.get("type") == "missing":
        return "This is needed." if error.get("loc", ("",))[-1] != "body" else "Send a JSON body."
    return f"{error.get('msg', 'This is wrong')}."
