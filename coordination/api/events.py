"""/events: the log of changes, by page, by waiting, or as a stream."""

import time
from collections.abc import Iterator
from typing import Annotated

import orjson
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import BaseModel, Field

from coordination.api import cursors
from coordination.api.answers import polled
from coordination.api.door import Request, caller_of
from coordination.api.shapes.events import EventPage, event_told
from coordination.api.shapes.filters import Cursor, Limit
from coordination.api.shapes.work import Wait
from coordination.api.waiting import long_poll
from coordination.errors import Invalid, MusterError
from coordination.hub import Wanted, hub
from coordination.models import Event
from coordination.queries.access import Caller, find_project, find_task, visible_events, visible_tasks
from coordination.queries.event_kinds import known_kinds
from coordination.queries.filters import matching, parse
from coordination.queries.filters.text import LONGEST

router = Router(tags=["events"])

STREAM_SECONDS = 300.0
PING_EVERY = 15.0
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


class EventQuery(BaseModel):
    after: Annotated[Number | None, Field(description="The id of the last event you know; left out, a stream starts now.")] = None
    wait: Wait = 0
    limit: Limit = 100
    cursor: Cursor | None = None
    project: str | None = None
    task: Number | None = None
    q: Annotated[str, Field(max_length=LONGEST, description="Only of tasks that match this filter, as GET /tasks takes it.")] = ""
    kind: Annotated[list[str], Field(description="Such as task.done, or task for all of that noun.")] = []


@router.get("/events", response=EventPage, operation_id="listEvents")
def list_events(request: Request, filters: Query[EventQuery]) -> HttpResponseBase:
    """Read what happened after an event, wait up to `wait` seconds for something to happen, or stream it.

    With `Accept: text/event-stream` it streams for five minutes; reconnect with Last-Event-ID.
    """
    if filters.project is not None:
        filters.project = find_project(request.auth, filters.project).slug
    if filters.task is not None:
        find_task(request.auth, filters.task)
    parse(filters.q)
    known_kinds((kind if "." in kind else f"{kind}.*" for kind in filters.kind), field="kind")
    after = _start(request, filters)
    if "text/event-stream" in request.META.get("HTTP_ACCEPT", ""):
        return _stream(request, filters, after if after is not None else _latest())
    found = long_poll(lambda: _after(request.auth, filters, after or 0, filters.limit + 1), _wanted(request.auth), filters.wait)
    more, rows = len(found) > filters.limit, found[: filters.limit]
    last = rows[-1].pk if rows else after or 0
    told = {"items": [event_told(each) for each in rows], "next_cursor": cursors.encode([last]) if more else None, "last": last}
    return polled(request, told)


def _start(request: Request, filters: EventQuery) -> int | None:
    if filters.cursor:
        return int(cursors.decode(filters.cursor, [int])[0])
    named = request.META.get("HTTP_LAST_EVENT_ID", "")
    if named and filters.after is None:
        if not (named.isascii() and named.isdecimal() and len(named) < 19):
            raise Invalid("Last-Event-ID is the number of the last event you got.", field="Last-Event-ID")
        return int(named)
    return filters.after


def _latest() -> int:
    return Event.objects.settled().order_by("txid", "id").values_list("id", flat=True).last() or 0


def _after(caller: Caller, filters: EventQuery, after: int, limit: int) -> list[Event]:
    return list(_narrowed(visible_events(caller).settled().after(after), filters, caller).select_related("project")[:limit])


def _narrowed(events: QuerySet[Event], filters: EventQuery, caller: Caller) -> QuerySet[Event]:
    if filters.project is not None:
        events = events.filter(project__slug=filters.project)
    if filters.task is not None:
        events = events.filter(task_id=filters.task)
    if wanted := parse(filters.q):
        events = events.filter(task_id__in=matching(visible_tasks(caller), wanted, caller=caller).values("pk"))
    if filters.kind:
        kinds = Q()
        for kind in filters.kind[:50]:
            kinds |= Q(kind=kind) | Q(kind__startswith=f"{kind.removesuffix('.*')}.")
        events = events.filter(kinds)
    return events


def _wanted(caller: Caller) -> Wanted:
    allowed = caller.project_ids
    return lambda event: allowed is None or event.project_id in allowed


def _stream(request: Request, filters: EventQuery, after: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_chunks(request, filters, after), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _chunks(request: Request, filters: EventQuery, after: int) -> Iterator[bytes]:
    """Yield each event as it happens and a comment when nothing does; end after a while, so that a key is asked for again."""
    deadline = time.monotonic() + STREAM_SECONDS
    yield b"retry: 2000\n\n"
    with hub.subscribe(_wanted(request.auth)) as subscription:
        while time.monotonic() < deadline:
            try:
                caller_of(request)
            except MusterError:
                return
            found = _after(request.auth, filters, after, filters.limit)
            for event in found:
                after = event.pk
                data = orjson.dumps(event_told(event), default=str)
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.pk, event.kind.encode(), data)
            if found:
                continue
            connection.close()
            if not subscription.wait(min(PING_EVERY, max(0.0, deadline - time.monotonic()))):
                yield b": ping\n\n"
