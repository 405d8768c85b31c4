"""The door that every request of an agent passes: a key from a header, JSON only, and each error as a problem.

Cookies are never looked at, so a browser cannot be tricked into a request that counts: no CSRF token is needed (G5).
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from coordination.api.bodies import is_clean
from coordination.api.problems import problem_of
from coordination.errors import Invalid, Malformed, MediaRefused, MethodRefused, NotFound, Unauthenticated
from coordination.operations.admission import admit, believe
from coordination.queries.access import Caller

KEY_WORDS = frozenset({"key", "api_key", "apikey", "api-key", "x-api-key", "access_token", "token", "lease_token", "authorization"})
JSON_TYPES = frozenset({"application/json", ""})


class Request(HttpRequest):
    """A request that passed the door.

    `auth` is whose key it carries. It is missing, and `believed` is there instead, where the view's own statement asks for the key.
    """

    auth: Caller
    believed: Caller | None


class View(Protocol):
    def __call__(self, request: Any, /, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


def door(view: View, *, public: bool = False, asks_itself: bool = False) -> Callable[..., HttpResponseBase]:
    """Let only well-formed requests with a right key through to `view`, and turn whatever it raises into a problem.

    A view that `asks_itself` gets a caller who is only `believed`, where the key was right a moment ago: one round trip less. Its
    first statement asks for the key and does the work; where that does nothing, the view sets `auth` before it goes on.
    """

    @csrf_exempt
    @functools.wraps(view)
    def opened(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "HEAD":  # the server leaves the body out
            request.method = "GET"
        try:
            _refuse_odd(request, kwargs)
            if not public:
                request.believed = _believed_caller(request) if asks_itself else None
                if request.believed is None:
                    request.auth = caller_of(request)
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponseNotAllowed):
                response = _not_allowed(request, response)
        except Exception as error:  # a program gets JSON whatever happens; what nobody expected is logged there
            response = problem_of(request, error)
        response.headers.setdefault("Cache-Control", "no-store" if public else "private, no-cache")
        return response

    return opened


def caller_of(request: HttpRequest) -> Caller:
    """Return whose key the request carries."""
    return admit(_key_in(request), request.META.get("REMOTE_ADDR", ""))


def _believed_caller(request: HttpRequest) -> Caller | None:
    plain = "HTTP_IDEMPOTENCY_KEY" not in request.META and "HTTP_X_AGENT" not in request.META
    return believe(_key_in(request)) if plain else None


def _key_in(request: HttpRequest) -> str:
    bearer, plain = request.META.get("HTTP_AUTHORIZATION", ""), request.META.get("HTTP_X_API_KEY", "")
    if bearer:
        scheme, _, key = bearer.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("Send the key as `Authorization: Bearer mst_...` or as `X-API-Key: mst_...`.")
        if plain and plain != key.strip():
            raise Malformed("Authorization and X-API-Key name two different keys; send one.")
        return str(key.strip())
    if not plain:
        raise Unauthenticated("Send your key as `Authorization: Bearer mst_...` or as `X-API-Key: mst_...`.")
    return str(plain)


def _refuse_odd(request: HttpRequest, kwargs: Mapping[str, Any]) -> None:
    if "\0" in request.path or not all(is_clean(value) for value in kwargs.values() if isinstance(value, str)):
        raise NotFound("There is nothing at this address.")
    if request.META.get("QUERY_STRING"):
        _refuse_odd_query(request)
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        if request.META.get("HTTP_CONTENT_ENCODING", "identity") not in ("identity", ""):
            raise MediaRefused("Send the body as it is; compressed bodies are not unpacked here.")
        if request.content_type not in JSON_TYPES and request.META.get("CONTENT_LENGTH", "") not in ("", "0"):
            raise MediaRefused("Send JSON, with the header `Content-Type: application/json`.")


def _refuse_odd_query(request: HttpRequest) -> None:
    for name, values in request.GET.lists():
        if name.lower() in KEY_WORDS or any(value.startswith(("mst_", "mlt_")) for value in values):
            raise Malformed("Addresses end up in logs: send keys and lease tokens in a header, and revoke the one you just sent.")
        if "\0" in name or any("\0" in value for value in values):
            raise Invalid("An address cannot hold NUL.", field=name.replace("\0", ""))


def _not_allowed(request: HttpRequest, response: HttpResponseNotAllowed) -> HttpResponseBase:
    allowed = response.headers["Allow"]
    told = problem_of(request, MethodRefused(f"{request.method} does nothing here; {allowed} does."))
    told.headers["Allow"] = allowed
    return told
