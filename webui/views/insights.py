from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone

from coordination.lifecycle import Tier
from coordination.queries import ended_attempts as ended
from coordination.queries import insights as query
from coordination.queries.access import find_project
from coordination.queries.days import Days
from webui.insight_charts import Drawn
from webui.requests import Request, day_given, number, page, shows


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


@shows
def attempts(request: Request, slug: str) -> HttpResponse:
    """The attempts behind a figure of the insights."""
    project = find_project(request.caller, slug)
    wanted = _wanted(request)
    offset = number(request.GET.get("offset")) or 0
    following = request.GET.copy()
    found = ended.ended_attempts(project, wanted, offset=offset)
    following["offset"] = str(found.next)
    return page(
        request,
        "insights/attempts.html",
        part="insights/_attempts.html",
        project=project,
        section="insights",
        wanted=wanted,
        found=found,
        first=offset + 1,
        older=following.urlencode() if found.next else "",
        tiers=[tier.value for tier in Tier],
        agents=ended.agents_of(project),
    )


def _wanted(request: Request) -> ended.Wanted:
    last = day_given(request, "until") or timezone.localdate()
    first = min(day_given(request, "from") or last - timedelta(days=29), last)
    how, tier = request.GET.get("ended", ""), request.GET.get("tier", "")
    return ended.Wanted(
        Days(first, last, timezone.get_current_timezone()),
        ended=how if how in ended.ENDS else "",
        tier=tier if tier in set(Tier) else "",
        agent=request.GET.get("agent", "").replace("\0", ""),
    )
