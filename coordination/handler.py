"""Django's handler with a short way for agents."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404
from django.utils.module_loading import import_string

from coordination.api.urls import addresses

View = Callable[[HttpRequest], HttpResponseBase]


class Handler(WSGIHandler):
    """Requests of agents pass no middleware: they have no session, no form and no page, and are most of all requests."""

    # Django's own, which its stubs leave out.
    _middleware_chain: Any
    _get_response: Any

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # type: ignore[override]  # as WSGI says
        """Answer an agent in one piece, which Granian sends in one go, after its database connection has gone back to the pool.

        Around other requests, and around those that are answered bit by bit, Django sends the signals that see to this.
        """
        if not environ["PATH_INFO"].startswith(settings.AGENTS_PATH):
            return super().__call__(environ, start_response)
        request = self.request_class(environ)
        response = self.get_response(request)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        if not isinstance(response, HttpResponse):
            response._handler_class = self.__class__  # type: ignore[attr-defined]  # as WSGIHandler does
            return response
        request.close()
        connection.close_if_unusable_or_obsolete()
        return [response.content]

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        for_pages = self._middleware_chain
        guarded: Any = convert_exception_to_response(self._for_agents)
        for_agents = _with_headers(guarded)

        def answer(request: HttpRequest) -> HttpResponseBase:
            return cast(HttpResponseBase, (for_agents if request.path_info.startswith(settings.AGENTS_PATH) else for_pages)(request))

        self._middleware_chain = answer

    def _for_agents(self, request: HttpRequest) -> HttpResponseBase:
        """Look the address up among those of agents first."""
        request.get_host()  # refuses a name that is not ours
        try:
            found = addresses.resolve(request.path_info[1:])
        except Resolver404:
            return cast(HttpResponseBase, self._get_response(request))
        request.resolver_match = found
        return cast(HttpResponseBase, found.func(request, *found.args, **found.kwargs))


def _with_headers(view: View) -> View:
    """Send what AGENTS_MIDDLEWARE would put on the answer."""
    said = {is_secure: _said(is_secure=is_secure) for is_secure in (False, True)}

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = view(request)
        for name, value in said[request.is_secure()].items():
            response.headers.setdefault(name, value)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    return answer


class _Asking(HttpRequest):
    """A request of which a middleware only wants to know whether it came by https."""

    def __init__(self, *, is_secure: bool) -> None:
        super().__init__()
        self._is_secure = is_secure

    def is_secure(self) -> bool:
        return self._is_secure


def _said(*, is_secure: bool) -> Mapping[str, str]:
    """Return the headers that AGENTS_MIDDLEWARE puts on an answer: they are the same on every one, so it is asked once."""
    chain: View = lambda _: HttpResponse()  # noqa: E731  (the innermost of the chain)
    for name in reversed(settings.AGENTS_MIDDLEWARE):
        chain = import_string(name)(chain)
    return {name: value for name, value in chain(_Asking(is_secure=is_secure)).headers.items() if name != "Content-Type"}
