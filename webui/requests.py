"""The request as the pages know it, who is asking, and the two ways to answer a form."""

import json
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from coordination.actor import Actor
from coordination.models import User
from coordination.queries.access import Caller, caller_of_user

__all__ = ["Request", "actor_of", "caller_of", "done", "login_required", "person"]


class Request(HttpRequest):
    """A request that came through HtmxMiddleware."""

    htmx: HtmxDetails


def person(request: HttpRequest) -> User:
    """Return the signed-in person; only for views that require one."""
    return cast(User, request.user)


def caller_of(request: HttpRequest) -> Caller:
    """Return who asks, read once a request."""
    caller: Caller | None = getattr(request, "_muster_caller", None)
    if caller is None:
        caller = caller_of_user(person(request))
        request._muster_caller = caller  # type: ignore[attr-defined]  # kept with the request it belongs to
    return caller


def actor_of(request: HttpRequest) -> Actor:
    return person(request).actor


def done(request: Request, sentence: str, url: str) -> HttpResponse:
    """Answer a form that worked: htmx gets a signal to say it and to refresh, a plain browser is sent to `url`."""
    if request.htmx:
        said = {"muster:said": {"sentence": sentence}, "muster:changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(said)})
    messages.success(request, sentence)
    return redirect(url)
