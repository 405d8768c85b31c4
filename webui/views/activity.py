from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from coordination.queries import activity as query
from coordination.queries.access import find_project, find_task
from coordination.queries.activity import Wanted
from coordination.queries.days import Days
from webui.insight_charts import WAITS
from webui.requests import Request, day_given, number, page, shows
from webui.views.task import heading

KINDS = ("task", "attempt", "phase", "agent", "message", "files", "dependency", "comment", "project", "member", "key", "webhook")
KINDS_OF_ACTORS = (("person", "all people"), ("agent", "all agents"), ("system", "Muster itself"), ("key", "keys of programs"))


@shows
def activity(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    wanted = _wanted(request)
    if "news" in request.GET:
        newest = number(request.GET["news"]) or 0
        context = {"count": query.news(project, wanted, after=newest), "most": query.MOST_NEWS, "address": _address(request)}
        return render(request, "activity/_news.html", context)
    found = query.feed(project, before=number(request.GET.get("before")), wanted=wanted)
    return page(
        request,
        "activity/activity.html",
        part="activity/_activity.html",
        project=project,
        section="activity",
        feed=found,
        wanted=wanted,
        address=_address(request),
        news_url=f"{request.path}{_address(request)}news={max(found.newest, request.live_after)}",
        count=query.count_of(project, wanted) if wanted.is_narrow else None,
        kinds=KINDS,
        stays=WAITS.items(),
        first=request.GET.get("from", ""),
        last=request.GET.get("until", ""),
        kinds_of_actors=KINDS_OF_ACTORS,
        actors=query.actors_of(project),
        phases=project.phases.all(),
    )


@shows
def of_task(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    found = query.feed(task.project, task=task, before=number(request.GET.get("before")))
    return page(request, "task/activity.html", part="activity/_feed.html", **heading(task, "activity"), feed=found)


def _wanted(request: Request) -> Wanted:
    kind, actor = request.GET.get("kind", ""), request.GET.get("actor", "")
    stay = kind.removeprefix("stay:")
    first, last = day_given(request, "from"), day_given(request, "until")
    zone = timezone.get_current_timezone()
    return Wanted(
        kind=kind if kind in KINDS else "",
        actor=actor if actor.partition(":")[0] in dict(KINDS_OF_ACTORS) else "",
        task=number(request.GET.get("task", "").lstrip("#")),
        phase=number(request.GET.get("phase")),
        stay=stay if stay != kind and stay in query.STAYS else "",
        since=Days(first, first, zone).start if first else None,
        before=Days(last, last, zone).end if last else None,
    )


def _address(request: Request) -> str:
    """Return the filters as they stand in the address, with a question mark before and an ampersand behind."""
    given = {name: value for name in ("kind", "actor", "task", "phase", "from", "until") if (value := request.GET.get(name))}
    return f"?{urlencode(given)}&" if given else "?"
