"""What a task waits for, changed by picking; and the tasks that a picker offers."""

from django.http import HttpResponse
from django.urls import reverse

from coordination.lifecycle import MAY_STILL_WAIT, DependencyKind, State
from coordination.operations import dependencies
from coordination.queries.access import Permission, find_project, find_task
from coordination.queries.pick import pick
from webui.forms.dependency import KindForm
from webui.requests import Request, Undo, actor_of, acts, done, number, page, shows, typed
from webui.words import OF_NEED


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
        may_wait=State(task.state) in MAY_STILL_WAIT,
    )


@acts
def change_kind(request: Request, task_id: int, on_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    on = find_task(request.caller, on_id, Permission.PLAN)
    before = task.dependencies.filter(on=on).values_list("kind", flat=True).first()
    kind = typed(KindForm(request.POST))["kind"]
    dependencies.change_dependency(task, on, kind, actor=actor_of(request))
    url = reverse("change_need", args=[task.pk, on.pk])
    undo: Undo | None = ("Undo", url, {"kind": before}) if before != kind else None
    return done(request, f"#{task.pk} waits for #{on.pk} {OF_NEED[DependencyKind(kind)]}.", reverse("task", args=[task.pk]), undo)


@shows
def offer(request: Request, slug: str) -> HttpResponse:
    """Tasks of the project for a picker: by number or by words of the title."""
    project = find_project(request.caller, slug)
    found = pick(project.tasks.exclude(pk=number(request.GET.get("for")) or 0), request.GET.get("q", ""))
    return page(request, "plan/offer.html", part="plan/_offer.html", project=project, section="plan", tasks=found)
