from django.http import HttpResponse

from coordination.queries.access import find_project, find_task
from coordination.queries.activity import feed
from webui.requests import Request, number, page, shows
from webui.views.task import heading

KINDS = ("task", "phase", "agent", "message", "files", "project", "member", "key")


@shows
def activity(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    found = feed(project, before=number(request.GET.get("before")), kind=kind)
    return page(
        request,
        "activity/activity.html",
        part="activity/_feed.html",
        project=project,
        section="activity",
        feed=found,
        kind=kind,
        kinds=KINDS,
    )


@shows
def of_task(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    found = feed(task.project, task=task, before=number(request.GET.get("before")))
    return page(request, "task/activity.html", part="activity/_feed.html", **heading(task, "activity"), feed=found)
