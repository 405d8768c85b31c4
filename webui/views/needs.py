from django.http import HttpResponse

from coordination.queries.needs_you import needs_you_count
from webui.requests import Request, page, shows


@shows
def needs(request: Request) -> HttpResponse:
    """How much waits for this person: the number in the bar at the top, which every page keeps fresh."""
    return page(request, "layout/_needs.html", part="layout/_needs.html", needs_you=needs_you_count(request.caller))
