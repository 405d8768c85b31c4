"""Remarks on lines: said, shown where they stand, resolved, deleted, and each of these taken back."""

from urllib.parse import urlsplit

from django import forms
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import Resolver404, resolve, reverse

from coordination.models import LineComment, Task
from coordination.operations import line_comments
from coordination.queries.access import Permission, find_task
from coordination.queries.remarks import find_remark
from webui.diffpage import remark_row
from webui.requests import Request, Undo, actor_of, acts, done, typed

DIFFS = {"commit", "compare", "task_diff"}  # pages that do not refresh by themselves


class RemarkForm(forms.Form):
    commit = forms.RegexField(r"^[0-9a-f]{40}$")
    path = forms.CharField(max_length=1024)
    line = forms.IntegerField(min_value=1, max_value=10_000_000)
    text = forms.CharField(max_length=line_comments.LONGEST, strip=False)


@acts
def say(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    made = line_comments.comment(task, **typed(RemarkForm(request.POST)), actor=actor_of(request))
    undo: Undo = ("Undo", reverse("delete_remark", args=[task.pk, made.pk]), {})
    return _with_row(request, task, made, "Said. It is part of the next brief.", undo, in_row=True)


@acts
def settle(request: Request, task_id: int, remark_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    found = line_comments.resolve(find_remark(task, remark_id), actor=actor_of(request))
    undo: Undo = ("Undo", reverse("reopen_remark", args=[task.pk, found.pk]), {})
    return _with_row(request, task, found, "Resolved. Briefs leave it out from now on.", undo, in_row="row" in request.POST)


@acts
def delete(request: Request, task_id: int, remark_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    found = line_comments.delete(find_remark(task, remark_id), request.caller)
    undo: Undo = ("Undo", reverse("restore_remark", args=[task.pk, found.pk]), {})
    return _with_row(request, task, found, "Deleted. No brief to come holds it.", undo, in_row="row" in request.POST)


@acts
def reopen(request: Request, task_id: int, remark_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    found = line_comments.reopen(find_remark(task, remark_id), actor=actor_of(request))
    return _again(request, task, found, "The remark is open again.")


@acts
def restore(request: Request, task_id: int, remark_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    found = line_comments.restore(find_remark(task, remark_id), request.caller)
    return _again(request, task, found, "The remark is back.")


def _with_row(request: Request, task: Task, remark: LineComment, sentence: str, undo: Undo, *, in_row: bool) -> HttpResponse:
    """Answer with what stands below the line now, to a form that stood there (`in_row`); nothing stands there once it is deleted."""
    answer = done(request, sentence, reverse("commit", args=[task.pk, remark.commit]), undo)
    if not request.htmx or not in_row:
        return answer
    row = "" if remark.deleted_at else remark_row(task, remark, request.caller, get_token(request))
    return HttpResponse(row, headers={"HX-Trigger": answer.headers["HX-Trigger"]})


def _again(request: Request, task: Task, remark: LineComment, sentence: str) -> HttpResponse:
    answer = done(request, sentence, reverse("commit", args=[task.pk, remark.commit]))
    if request.htmx and _is_diff(request.htmx.current_url or ""):
        answer.headers["HX-Refresh"] = "true"
    return answer


def _is_diff(address: str) -> bool:
    try:
        return resolve(urlsplit(address).path).url_name in DIFFS
    except Resolver404:
        return False
