"""A form that cannot be checked: it is of an older session, of another site, or there are no cookies."""

from django.http import HttpResponse
from django.shortcuts import render

from webui.requests import Request, came_from, signed_out, texts_typed

NO_COOKIES = "It was open too long, came from another site, or cookies are switched off. Nothing was changed."
PAGE = f"{NO_COOKIES} Go back, reload the page and send it again."
PART = "Somebody signed in anew since this page was opened, so nothing was changed. Copy what you typed, reload the page and send it again."


def form_too_old(request: Request, reason: str = "") -> HttpResponse:
    """Refuse a form whose token is not of this session; what was typed is shown again. Django calls it, before any view."""
    if request.htmx and not request.user.is_authenticated:
        return signed_out(request)
    if request.htmx:
        return HttpResponse(PART, status=403, content_type="text/plain; charset=utf-8")
    context = {"sentence": PAGE, "typed": texts_typed(request), "back": came_from(request)}
    return render(request, "403_csrf.html", context, status=403)
