from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from coordination.queries import replay as query
from coordination.queries.access import find_project
from coordination.queries.activity import entries_of
from webui.requests import Request, number, page, shows


@shows
def replay(request: Request, slug: str) -> HttpResponse:
    """Show the board as it was: `at` is the number of an event, or a time as people and RFC 3339 write it."""
    project = find_project(request.caller, slug)
    wanted = request.GET.get("at", "")
    shown = query.replay(project, at=number(wanted), moment=_moment(wanted))
    return page(
        request,
        "replay/replay.html",
        part="replay/_moment.html",
        project=project,
        section="replay",
        shown=shown,
        entries=entries_of(shown.happened),
    )


def _moment(text: str) -> datetime | None:
    """Return a moment in the reader's own time zone, unless the text names another; None when it is no time."""
    try:
        moment = parse_datetime(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment and timezone.is_naive(moment) else moment
