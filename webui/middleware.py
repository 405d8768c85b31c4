"""What every page shares: the security policy, the viewer's time zone, and how a refusal is shown."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from coordination.errors import MusterError
from coordination.models import User
from webui.requests import Request, came_from, page_above, texts_typed
from webui.second_factor import OPEN_WITHOUT_FACTOR, lacks_second_factor

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
# It brings a page of its own with a script inside, and shows nothing that strangers wrote.
OTHER_POLICY = "/api/docs"

Next = Callable[[HttpRequest], HttpResponseBase]


class ContentSecurityPolicy:
    """Send the policy with every page. A view that needs a stricter one sets its own."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(OTHER_POLICY):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class ViewerTimeZone:
    """Show times as the viewer's clock does."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # The sign-in page and the doors for machines have no session, and asking would cost them a query.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not isinstance(request.user, User):
            return self.get_response(request)
        try:
            zone = zoneinfo.ZoneInfo(request.user.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


class SecondFactorFirst:
    """Lead whoever must have a second factor, and has none, to where it is set up, and let them through to nothing else."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: Request, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if settings.SECOND_FACTOR_FOR == "nobody" or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if request.path_info.startswith(settings.AGENTS_PATH):  # a key opens it, never a session
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN_WITHOUT_FACTOR or not isinstance(request.user, User) or not lacks_second_factor(request.user):
            return None
        place = reverse("second_factor_needed")
        return HttpResponse(status=403, headers={"HX-Redirect": place}) if request.htmx else redirect(place)


class Refusals:
    """Turn a refusal by an operation into a sentence on the page, with the refusal's own HTTP status."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Somebody reloads what a form answered, or opened its address from a bookmark or after signing in.
        if response.status_code == 405 and request.method in ("GET", "HEAD") and _is_page(request):
            return redirect(page_above(request.path))
        return response

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        if not _is_ours(request) or not isinstance(error, MusterError):  # the other doors speak for themselves
            return None
        if request.htmx:
            return HttpResponse(error.sentence, status=error.status, content_type="text/plain; charset=utf-8")
        context = {"sentence": error.sentence, "title": error.title, "typed": texts_typed(request), "back": came_from(request)}
        return render(request, _template(request, error), context, status=error.status)


def _template(request: HttpRequest, error: MusterError) -> str:
    """Return what shows a refusal: that of a form leads back to where it was filled in, also if what it names is not there."""
    if request.method == "POST":
        return "errors/refused.html"
    return {403: "403.html", 404: "404.html"}.get(error.status, "errors/refused.html")


def _is_ours(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.func.__module__.startswith("webui.")


def _is_page(request: HttpRequest) -> bool:
    """Whether a person has the address before their eyes, as no machine and no part of a page has."""
    return bool(request.resolver_match) and not request.path.startswith("/api/") and "HX-Request" not in request.headers
