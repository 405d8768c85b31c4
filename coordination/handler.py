"""Django's handler with a short way for agents."""

from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

AGENTS = "/api/v1/"


class Handler(WSGIHandler):
    """Requests of agents pass only AGENTS_MIDDLEWARE: they have no session, no form and no page, and are most of all requests."""

    # Django's own, which its stubs leave out.
    _middleware_chain: Any
    _get_response: Any

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        for_pages = self._middleware_chain
        for_agents: Any = convert_exception_to_response(self._get_response)
        for name in reversed(settings.AGENTS_MIDDLEWARE):
            for_agents = convert_exception_to_response(import_string(name)(for_agents))

        def answer(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = (for_agents if request.path_info.startswith(AGENTS) else for_pages)(request)
            return response

        self._middleware_chain = answer
