"""One stream of signals a browser: it says that something changed, never what, so the page's own address stays the only judge."""

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
from coordination.queries.news import News
from webui.requests import Request, for_people, number

LONGEST = 600  # seconds; the browser comes back by itself, with the id of the last signal it saw
BEAT = 15  # seconds of silence until a signal shows that the stream lives; js/stream.js gives up after three
PACE = 0.3  # seconds between two signals: a burst of changes is worth one or two looks, not hundreds
FIGURES_PACE = 5.0  # seconds between two signals to what counts all the work of a project


@require_safe
@for_people
def live(request: Request) -> HttpResponseBase:
    """Signal `board` whenever a project that this person sees changes, and `figures` not as often, each with the numbers of the projects.

    A `project` in the address leaves out the others.
    """
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

    news = News(watched, seen)  # before the subscription: what happens between the two is read, as no ring tells of it
    with hub.subscribe(is_news) as subscription:
        yield b"retry: 1000\n: Muster\n\n"
        yield from _signals(subscription, news)


def _signals(subscription: Subscription, news: News) -> Iterator[bytes]:
    moment = time.monotonic()
    end, rests_until = moment + LONGEST, moment
    owed = told = news.missed | news.read()  # something happened between the reading of the page and this
    if told:
        yield _signal("board", news.newest, told)
    while (moment := time.monotonic()) < end:
        if owed and moment >= rests_until:
            # It alone has an id: a browser that comes back while one is owed begins before it, and hears of both again.
            yield _signal("figures", news.newest, owed, f"id: {news.newest}\n")
            owed, rests_until = set(), moment + FIGURES_PACE
        if subscription.wait(min(BEAT, rests_until - moment) if owed else BEAT):
            if told := news.read():
                owed = owed | told
                yield _signal("board", news.newest, told)
            time.sleep(PACE)
        elif not owed:
            yield b"event: beat\ndata:\n\n"  # a comment would tell a proxy that the stream lives, and the page nothing


def _signal(topic: str, event_id: int, projects: set[str], more: str = "") -> bytes:
    return f"{more}event: {topic}\ndata: {' '.join([str(event_id), *sorted(projects)])}\n\n".encode()
