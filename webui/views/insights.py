from django.http import HttpResponse
from django.utils import timezone

from coordination.queries import insights as query
from coordination.queries.access import find_project
from webui.insight_charts import Drawn
from webui.requests import Request, number, page, shows


@shows
def insights(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    count = number(request.GET.get("days"))
    count = count if count in query.RANGES else 30
    found = query.insights(project, count=count, zone=timezone.get_current_timezone())
    return page(
        request,
        "insights/insights.html",
        part="insights/_insights.html",
        project=project,
        section="insights",
        found=found,
        drawn=Drawn(project, found),
        ranges=query.RANGES,
        chosen=count,
    )
