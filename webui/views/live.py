"""One stream of signals a page: it says that something changed, never what, so the page's own address stays the only judge."""

import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from coordination.hub import Subscription, hub
from coordination.models import Event
from coordination.queries.access import find_project
from coordination.queries.activity import latest_event_id
from webui.requests import Request, for_people, number

LONGEST = 600  # seconds; the browser comes back by itself, with the id of the last signal it saw
BEAT = 15  # seconds of silence until a comment shows that the stream lives
PACE = 0.3  # seconds between two signals: a burst of changes is worth one or two looks, not hundreds
FIGURES_PACE = 5.0  # seconds between two signals to what counts all the work of a project


@require_safe
@for_people
def live(request: Request) -> HttpResponseBase:
    """Signal `board` whenever the project (or, without one, any project this person sees) changes, and `figures` not as often."""
    slug = request.GET.get("project", "")
    watched = (
        {find_project(request.caller, slug).pk} if slug else None if request.caller.project_ids is None else set(request.caller.project_ids)
    )
    seen = number(request.headers.get("Last-Event-ID")) or number(request.GET.get("after")) or 0
    if request.method == "HEAD":
        return HttpResponse(content_type="text/event-stream")
    response = StreamingHttpResponse(_stream(watched, seen), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here for pages that name no icon, such as the admin's."""
    return redirect(static("webui/mark.svg"))


def _stream(watched: set[int] | None, seen: int) -> Iterator[bytes]:
    def is_news(event: Event) -> bool:
        return watched is None or event.project_id is None or event.project_id in watched

    with hub.subscribe(is_news) as subscription:
        yield b"retry: 1000\n: Muster\n\n"
        yield from _signals(subscription, seen)


def _signals(subscription: Subscription, seen: int) -> Iterator[bytes]:
    moment = time.monotonic()
    end, rests_until = moment + LONGEST, moment
    newest = latest_event_id()
    owed = newest if newest > seen else 0  # something happened between the reading of the page and this
    if owed:
        yield _signal("board", owed)
    while (moment := time.monotonic()) < end:
        if owed and moment >= rests_until:
            # It alone has an id: a browser that comes back while one is owed begins before it, and hears of both again.
            yield _signal("figures", owed, f"id: {owed}\n")
            owed, rests_until = 0, moment + FIGURES_PACE
        if subscription.wait(min(BEAT, rests_until - moment) if owed else BEAT):
            owed = latest_event_id()
            yield _signal("board", owed)
            time.sleep(PACE)
        elif not owed:
            yield b": still here\n\n"


def _signal(topic: str, event_id: int, more: str = "") -> bytes:
    return f"{more}event: {topic}\ndata: {event_id}\n\n".encode()
