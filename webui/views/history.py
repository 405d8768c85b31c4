from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.operations import files as operations
from coordination.queries import versions
from coordination.queries.access import Permission, find_task
from webui.requests import Request, actor_of, acts, done, page, shows
from webui.views.task import heading


@shows
def history(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    path = request.GET.get("path") or None
    found = versions.history(task, path=path, after=request.GET.get("after") or None)
    return page(request, "task/history.html", **heading(task, "history"), versions=found, path=path)


@shows
def diff(request: Request, task_id: int) -> HttpResponse:
    """What changed between two versions; with only `to`, what that version changed."""
    task = find_task(request.caller, task_id)
    new = versions.version(task, request.GET.get("to") or task.head)
    wanted = request.GET.get("from") or new.parent
    old = versions.version(task, wanted) if wanted else None
    if old and old.when > new.when:
        return redirect(f"{reverse('task_diff', args=[task.pk])}?from={new.commit}&to={old.commit}")
    found = versions.diff(task, old.commit if old else None, new.commit)
    return page(request, "task/diff.html", **heading(task, "history"), diff=found, old=old, new=new)


@acts
def restore(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    commit, path = request.POST.get("commit", ""), request.POST.get("path") or None
    operations.restore_version(task, commit, base=request.POST.get("base", ""), actor=actor_of(request), path=path)
    url = reverse("task_history", args=[task.pk])
    return done(request, f"Restored the version {commit[:8]} as a new one.", url)
