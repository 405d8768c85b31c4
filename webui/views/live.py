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


@require_safe
@for_people
def live(request: Request) -> HttpResponseBase:
    """Signal `board` whenever the project (or, without one, any project this person sees) changes."""
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
    end = time.monotonic() + LONGEST
    newest = latest_event_id()
    if newest > seen:  # something happened between the reading of the page and this
        yield _signal(newest)
    while time.monotonic() < end:
        if subscription.wait(BEAT):
            yield _signal(latest_event_id())
            time.sleep(PACE)
        else:
            yield b": still here\n\n"


def _signal(event_id: int) -> bytes:
    return f"id: {event_id}\nevent: board\ndata: {event_id}\n\n".encode()
