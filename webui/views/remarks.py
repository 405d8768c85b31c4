"""Remarks on lines: said, shown where they stand, resolved."""

from django import forms
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse

from coordination.operations import line_comments
from coordination.queries.access import Permission, find_task
from coordination.queries.remarks import find_remark
from webui.diffpage import remark_row
from webui.requests import Request, actor_of, acts, done, typed


class RemarkForm(forms.Form):
    commit = forms.RegexField(r"^[0-9a-f]{40}$")
    path = forms.CharField(max_length=1024)
    line = forms.IntegerField(min_value=1, max_value=10_000_000)
    text = forms.CharField(max_length=line_comments.LONGEST, strip=False)


@acts
def say(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(RemarkForm(request.POST))
    made = line_comments.comment(task, **wanted, actor=actor_of(request))
    answer = done(request, "Said. It is part of the next brief.", reverse("commit", args=[task.pk, made.commit]))
    if not request.htmx:
        return answer
    return HttpResponse(remark_row(task, made, True, get_token(request)), headers={"HX-Trigger": answer.headers["HX-Trigger"]})


@acts
def resolve(request: Request, task_id: int, remark_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    found = line_comments.resolve(find_remark(task, remark_id), actor=actor_of(request))
    answer = done(request, "Resolved. Briefs leave it out from now on.", reverse("commit", args=[task.pk, found.commit]))
    if not request.htmx or "row" not in request.POST:
        return answer
    return HttpResponse(remark_row(task, found, True, get_token(request)), headers={"HX-Trigger": answer.headers["HX-Trigger"]})
