"""The request as the pages know it, who is asking, and how a view shows a page or answers a form."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from coordination.actor import Actor
from coordination.errors import Invalid, LimitExceeded
from coordination.models import Project
from coordination.queries.access import Caller, Permission, caller_of_user
from coordination.queries.activity import latest_event_id
from coordination.queries.page_head import head

View = Callable[..., HttpResponseBase]
Undo = tuple[str, str, Mapping[str, object]]

MOST_UPLOADED = 50_000_000  # bytes of one form


class Request(HttpRequest):
    """A request that came through HtmxMiddleware; `live_after` is the last event before the view began to read."""

    htmx: HtmxDetails
    live_after: int
    caller: Caller


def for_people(view: View) -> View:
    """Let only signed-in people through, and tell the view who asks."""

    @wraps(view)
    def run(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return signed_out(request)
        request.caller = caller_of_user(request.user)
        return view(request, *args, **kwargs)

    return run


def signed_out(request: Request) -> HttpResponse:
    """Lead to the sign-in page, unless what was typed would be lost on the way: then say so where it stands."""
    is_stream = "text/event-stream" in request.headers.get("Accept", "")
    if request.htmx or is_stream:  # js/signed.js knows whether there is something to lose
        sentence = "You are signed out, so nothing was changed. What you typed stays here: sign in, then send it again."
        return HttpResponse(sentence, status=401, content_type="text/plain; charset=utf-8")
    place = f"{reverse('login')}?{_next(request)}"
    if not (kept := texts_typed(request)):
        return redirect(place)
    sentence = "Your session has ended, so nothing was changed. Copy what you typed, sign in, and send it again."
    context = {"title": "You are signed out", "sentence": sentence, "typed": kept, "back": place, "back_says": "Sign in"}
    return render(request, "errors/refused.html", context, status=401)


def texts_typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the longer texts of a form that was not taken, so that nothing a person typed is lost."""
    hidden = ("csrfmiddlewaretoken", "base", "commit", "next", "was")
    shown = [(name, str(value)) for name, value in request.POST.items() if not name.startswith(hidden)]
    return [(name, text) for name, text in shown if len(text) > 20 and "password" not in name and name != "credential"]


def shows(view: View) -> View:
    """Mark a view that only reads. What happens from here on is news to the page."""

    @wraps(view)
    def run(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.live_after = latest_event_id()
        return view(request, *args, **kwargs)

    return require_safe(for_people(run))


def acts(view: View) -> View:
    """Mark a view that changes something, and that nobody can look at."""
    only = require_POST(for_people(view))
    only.only_acts = True  # type: ignore[attr-defined]  # what page_above looks for
    return only


def page_above(path: str) -> str:
    """Return the nearest address above this one that shows something: a form is sent to somewhere below the page it is on."""
    parts, here = path.strip("/").split("/"), resolve(path).kwargs
    above = ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    return next((place for each in above for place in (f"/{each}/", f"/{each}") if _shows(place, here)), reverse("home"))


def _shows(path: str, here: Mapping[str, object]) -> bool:
    """Whether an address shows something of what another one is about: an agent's name may have slashes in it."""
    try:
        found = resolve(path)
    except Resolver404:
        return False
    is_same = all(here.get(name, value) == value for name, value in found.kwargs.items())
    return is_same and not getattr(found.func, "only_acts", False)


def page(
    request: Request, template: str, *, part: str = "", project: Project | None = None, status: int = 200, **context: Any
) -> HttpResponse:
    """Show a page, or to htmx only the part of it that it asked for: the same part draws the first load."""
    has = request.caller.permission_in(project.pk) if project else None
    after = request.live_after if hasattr(request, "live_after") else latest_event_id()  # the answer to a form begins now
    context |= {
        "project": project,
        "may_work": has is not None and has >= Permission.WORK,
        "may_plan": has is not None and has >= Permission.PLAN,
        "may_admin": has is not None and has >= Permission.ADMIN,
        "live_url": f"{reverse('live')}?project={project.slug if project else ''}&after={after}",
    }
    wants_part = bool(part) and bool(request.htmx) and not request.htmx.history_restore_request
    if not wants_part and "needs_you" not in context:
        numbers = head(request.caller, project)
        context |= {"needs_you": numbers.needs_you, "unread": numbers.unread}
    response = render(request, part if wants_part else template, context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["HX-Request"])
    return response


def done(request: Request, sentence: str, url: str, undo: Undo | None = None) -> HttpResponse:
    """Answer a form that worked: htmx gets a signal to say it and to refresh, a plain browser is sent on.

    `undo` offers to take it back: what the button says ("Undo"), the address that it posts to, and the fields it posts, whose
    values may be lists.
    """
    offer = _offer(undo)
    if request.htmx:
        said = {"muster:said": {"sentence": sentence} | ({"undo": offer} if offer else {}), "muster:changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(said)})
    _keep(request, sentence, offer)
    return sent_back(request, url)


def led(request: Request, sentence: str, url: str, undo: Undo | None = None) -> HttpResponse:
    """Answer a form after which the page is another one: it is loaded as a whole, and says what was done."""
    _keep(request, sentence, _offer(undo))
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else sent_back(request, url)


def _keep(request: Request, sentence: str, offer: Mapping[str, object]) -> None:
    """Leave a sentence to the next page. The message store keeps a text and its tags: the offer travels as the second."""
    messages.success(request, sentence, extra_tags=json.dumps(offer) if offer else "")


def changed(request: Request, url: str) -> HttpResponse:
    """Answer a form whose effect is plain to see: nothing is said, the page refreshes."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Trigger": "muster:changed"})
    return sent_back(request, url)


def sent_back(request: Request, url: str) -> HttpResponse:
    """Send the browser on to where the form wants to return, if that is a page of ours, or else to `url`."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if is_ours else url)


def came_from(request: HttpRequest) -> str:
    """Return the address of the page of ours that a form was on, "" if the browser does not say or it was none of ours."""
    referer = request.headers.get("Referer", "")
    prefix = f"{request.scheme}://{request.get_host()}/"
    return referer.removeprefix(prefix[:-1]) if referer.startswith(prefix) else ""


def _offer(undo: Undo | None) -> dict[str, object]:
    if undo is None:
        return {}
    says, url, fields = undo
    return {"says": says, "url": url, "fields": {name: _texts(value) for name, value in fields.items()}}


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return ["" if each is None else str(each) for each in values]


def typed(form: forms.BaseForm) -> dict[str, Any]:
    """Return what a form holds; refuse it with its first mistake in words."""
    if form.is_valid():
        return form.cleaned_data
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label or name.replace("_", " ").capitalize() if name in form.fields else ""
    sentence = _in_words(errors.as_data()[0], str(errors[0]))
    raise Invalid(f"{label}: {sentence}" if label else sentence, field=name)


def _in_words(error: ValidationError, sentence: str) -> str:
    """Return what is wrong with a field, in words of ours where Django's own would be shown."""
    if error.code == "required" and sentence == str(forms.Field.default_error_messages["required"]):
        return "it is empty; write something."
    if error.code == "max_length" and error.params and sentence.startswith("Ensure"):
        return f"it has {error.params['show_value']:,} characters; at most {error.params['limit_value']:,} fit."
    return sentence


def shown_before(request: Request) -> dict[str, str]:
    """Return what the fields of a form held when it was shown, which it tells as `was_<field>`."""
    return {name.removeprefix("was_"): str(text) for name, text in request.POST.items() if name.startswith("was_")}


def uploaded(request: Request, *names: str) -> list[tuple[str, bytes]]:
    """Return the name and content of every file that came in these fields; none is read if they are too much for the memory."""
    files = [file for name in names for file in request.FILES.getlist(name)]
    size = sum(file.size or 0 for file in files)
    if size > MOST_UPLOADED:
        raise LimitExceeded(f"These files have {size:,} bytes; send at most {MOST_UPLOADED:,} at once.", field=names[0])
    return [(file.name or "", file.read()) for file in files]


def actor_of(request: Request) -> Actor:
    return request.caller.actor


def server_of(request: HttpRequest) -> str:
    """Return the address under which the reader reached this server, for the commands that a page shows."""
    return f"{request.scheme}://{request.get_host()}"


def number(raw: str | None) -> int | None:
    """Return a whole number from an address, or None for anything else."""
    return int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) < 18 else None


def day_given(request: HttpRequest, name: str) -> date | None:
    """Return a day from the address, or None for anything else."""
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return day if 1970 < day.year < 2999 else None


def _next(request: HttpRequest) -> str:
    """Return where to go after signing in: this page, or for a form the page that it was on."""
    if request.method in ("GET", "HEAD"):
        return urlencode({"next": request.get_full_path()})
    came_from = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return urlencode({"next": urlsplit(came_from)._replace(scheme="", netloc="").geturl() if known else reverse("home")})
