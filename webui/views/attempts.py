from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.errors import NotFound
from coordination.lifecycle import Rerun
from coordination.operations import late, tasks
from coordination.queries import task_page
from coordination.queries.access import Permission, find_task
from coordination.queries.attempt_page import attempt_page, find_late_result
from coordination.queries.brief import brief_of, draft_brief
from coordination.queries.brief_text import as_markdown
from webui.requests import Request, actor_of, acts, done, page, shows
from webui.requests import number as number_of
from webui.views.files import MOST_SHOWN, SANDBOX
from webui.views.task import git_url, heading, taking_back


@shows
def attempts(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    before = number_of(request.GET.get("before"))
    found = task_page.attempts(task, before=before)
    older = found[-1].number if found and found[-1].number > 1 else None
    shown: dict[str, Any] = {"attempts": found, "older": older, "before": before}
    return page(request, "task/attempts.html", part="task/_attempts.html", **heading(task, "attempts"), **shown)


@shows
def brief(request: Request, task_id: int, number: int) -> HttpResponse:
    """What the agent of one attempt was told, word for word."""
    task = find_task(request.caller, task_id)
    attempt = task.attempts.select_related("agent").filter(number=number).first()
    if attempt is None:
        raise Http404
    text = as_markdown(brief_of(attempt))
    if "raw" in request.GET:
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=SANDBOX)
    return page(request, "task/brief.html", **heading(task, "attempts"), attempt=attempt, **_shown(text))


@shows
def next_brief(request: Request, task_id: int) -> HttpResponse:
    """What an agent would be told if it claimed the task now."""
    task = find_task(request.caller, task_id)
    text = as_markdown(brief_of(task.rerun_of) if task.rerun_of else draft_brief(task))
    if "raw" in request.GET:
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=SANDBOX)
    return page(request, "task/brief.html", **heading(task, "files"), **_shown(text))


def _shown(text: str) -> dict[str, Any]:
    return {"text": text[:MOST_SHOWN], "left_out": max(0, len(text) - MOST_SHOWN)}


@shows
def attempt(request: Request, task_id: int, number: int) -> HttpResponse:
    """One attempt: what it was told, what it did, what came of it, and running it again."""
    task = find_task(request.caller, task_id)
    about = attempt_page(task, number)
    if about is None:
        raise NotFound(f"#{task.pk} has no attempt {number}.")
    show: dict[str, Any] = {"about": about, "attempt": about.attempt, "git_url": git_url(request, task)}
    return page(request, "task/attempt.html", part="task/_attempt_page.html", **heading(task, "attempts"), **show)


@acts
def rerun(request: Request, task_id: int, number: int) -> HttpResponse:
    """Run a finished task again, told as this attempt was or as things are now."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    told = request.POST.get("told", "")
    task = tasks.requeue(task, actor=actor_of(request), told=told, attempt=number if told == Rerun.AS_IT_WAS else None)
    words = f"as attempt {number} was told" if told == Rerun.AS_IT_WAS else "as it is now"
    return done(request, f"#{task.pk} runs again, {words}.", reverse("task", args=[task.pk]), taking_back(task))


@acts
def adopt(request: Request, task_id: int, late_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    late.adopt(find_late_result(task, late_id), actor=actor_of(request))
    return done(request, f"The late result is now the result of #{task.pk}.", reverse("attempts", args=[task.pk]))
