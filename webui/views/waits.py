"""What a task waits for, changed by picking; and the tasks that a picker offers."""

from django.http import HttpResponse

from coordination.lifecycle import DependencyKind
from coordination.queries.access import Permission, find_project, find_task
from coordination.queries.pick import pick
from webui.requests import Request, number, page, shows


@shows
def waits(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    needs = task.dependencies.select_related("on").order_by("on_id")
    feeds = task.dependents.select_related("task").order_by("task_id")[:20]
    return page(
        request,
        "plan/waits.html",
        part="plan/_waits.html",
        project=task.project,
        section="plan",
        task=task,
        needs=needs,
        feeds=feeds,
        kinds=list(DependencyKind),
    )


@shows
def offer(request: Request, slug: str) -> HttpResponse:
    """Tasks of the project for a picker: by number or by words of the title."""
    project = find_project(request.caller, slug)
    found = pick(project.tasks.exclude(pk=number(request.GET.get("for")) or 0), request.GET.get("q", ""))
    return page(request, "plan/offer.html", part="plan/_offer.html", project=project, section="plan", tasks=found)
