from django.http import HttpResponse

from coordination.queries.access import find_project
from coordination.queries.page_head import head
from webui.requests import Request, page, shows


@shows
def needs(request: Request) -> HttpResponse:
    """The numbers in the bar at the top, which every page keeps fresh: what waits for this person, and what they have not read."""
    slug = request.GET.get("project", "")
    project = find_project(request.caller, slug) if slug else None
    found = head(request.caller, project)
    part = "layout/_counts.html"
    return page(request, part, part=part, project=project, needs_you=found.needs_you, unread=found.unread)
