from django.http import HttpResponse

from coordination.queries.access import find_project
from coordination.queries.filters.suggestions import suggestions as query
from coordination.queries.filters.text import LONGEST
from webui.requests import Request, number, page, shows


@shows
def suggestions(request: Request, slug: str) -> HttpResponse:
    """What could be typed next: the options of a listbox."""
    project = find_project(request.caller, slug)
    text = request.GET.get("q", "")[:LONGEST]
    at = number(request.GET.get("at"))
    found = query(project, request.caller, text, len(text) if at is None else min(at, len(text)))
    return page(request, "filter/_suggestions.html", suggestions=found)
