"""One stream of signals a page: it says that something changed, never what, so it needs no permissions of its own rows."""

import time
from collections.abc import Iterator

from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from coordination.queries.access import find_project, visible_events
from webui.requests import Request, for_people, number

LONGEST = 600  # seconds
BEAT = 15  # seconds of silence until a comment shows that the stream lives
LOOK_EVERY = 1.0  # seconds
GATHER = 0.2  # seconds: a burst of changes is one signal


@require_safe
@for_people
def live(request: Request) -> HttpResponseBase:
    slug = request.GET.get("project", "")
    project_id = find_project(request.caller, slug).pk if slug else None
    after = number(request.headers.get("Last-Event-ID")) or number(request.GET.get("after")) or 0
    if request.method == "HEAD":
        return HttpResponse(content_type="text/event-stream")
    response = StreamingHttpResponse(_signals(request, project_id, after), content_type="text/event-stream")
    response.headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return response


def _signals(request: Request, project_id: int | None, after: int) -> Iterator[bytes]:
    yield b"retry: 1000\n: Muster\n\n"
    end = time.monotonic() + LONGEST
    beat = time.monotonic() + BEAT
    while time.monotonic() < end:
        newest = _newest(request, project_id, after)
        if newest:
            time.sleep(GATHER)
            after = _newest(request, project_id, after) or newest
            yield f"id: {after}\nevent: board\ndata: {after}\n\n".encode()
            beat = time.monotonic() + BEAT
        elif time.monotonic() > beat:
            yield b": still here\n\n"
            beat = time.monotonic() + BEAT
        time.sleep(LOOK_EVERY)


def _newest(request: Request, project_id: int | None, after: int) -> int | None:
    events = visible_events(request.caller).filter(pk__gt=after)
    if project_id:
        events = events.filter(project=project_id)
    newest: int | None = events.order_by("-id").values_list("id", flat=True).first()
    for connection in connections.all(initialized_only=True):
        connection.close()
    return newest
