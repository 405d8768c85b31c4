"""Making an older version the current one again: first what that would change, then the deed, then the way back."""

from dataclasses import replace
from typing import cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse

from coordination.models import User
from coordination.operations import files as operations
from coordination.queries import versions
from coordination.queries.access import Permission, find_task
from coordination.queries.points import point
from webui.diffpage import Asked, DiffPage
from webui.requests import Request, actor_of, acts, done, page, shows
from webui.views.task import heading


@shows
def preview(request: Request, task_id: int) -> HttpResponse:
    """What would change if a version, or one file of it, were restored now."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    version = versions.version(task, point(task, request.GET.get("commit", "")).commit)
    path = request.GET.get("path", "")
    asked = Asked.of(request.GET)
    asked = replace(asked, only=path or asked.only)
    comparison = versions.compare(task, versions.current(task), version.commit, replace(asked.view, renames=False))
    address = f"{request.path}?{urlencode({'commit': version.commit, 'path': path})}&"
    diff = DiffPage(
        task=task,
        comparison=comparison,
        asked=asked,
        layout=cast(User, request.user).diff_layout,
        address=address,
        may_remark=False,
        viewed={},
        remarks=[],
        caller=request.caller,
        token=get_token(request),
    )
    return page(
        request,
        "history/restore.html",
        **heading(task, "history"),
        version=version,
        path=path,
        comparison=comparison,
        changes=[change for change in comparison.changes if path in ("", change.path)],
        files=diff.files(),
        asked=asked,
        layout=diff.layout,
        address=address,
        spaces_url=f"{address}{asked.query(spaces='0' if asked.spaces else '')}",
    )


@acts
def restore(request: Request, task_id: int) -> HttpResponse:
    """Restore, if the task still stands where the preview showed it, and offer the way back."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    commit, base, path = (request.POST.get(name, "") for name in ("commit", "base", "path"))
    if path:
        base = versions.base_now(task, base, [path])
    saved = operations.restore_version(task, commit, base=base, actor=actor_of(request), path=path or None)
    what = path or "all files"
    if saved.head == base:
        return done(
            request,
            f"Nothing changed: {what} {'reads' if path else 'read'} as in {commit[:8]} already.",
            reverse("task_history", args=[task.pk]),
        )
    undo = ("Undo", reverse("restore_version", args=[task.pk]), {"commit": base, "base": saved.head, "path": path})
    sentence = f"Restored {what} from {commit[:8]} as a new version."
    return done(request, sentence, reverse("commit", args=[task.pk, saved.head]), undo=undo)
