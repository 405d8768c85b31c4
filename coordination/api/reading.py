"""/tasks/{id}/explain and /brief, /attempts"""

from typing import Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel

from coordination.api.answers import page, polled, tagged
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Asked, Id, asks
from coordination.api.shapes.told_tasks import AttemptPage, AttemptTold, ExplanationTold, TaskDetail, attempt_told
from coordination.api.tasks import detail
from coordination.errors import NotFound
from coordination.models import Attempt, LateResult
from coordination.operations import late
from coordination.operations.idempotency import Answer
from coordination.queries.access import Permission, find_agent, find_attempt, find_task
from coordination.queries.brief import Brief, brief_of, draft_brief
from coordination.queries.brief_text import as_markdown
from coordination.queries.explain import explain, explain_for

router = Router(tags=["tasks"])
attempts = Router(tags=["attempts"])

MARKDOWN = "text/markdown; charset=utf-8"


class ExplainQuery(BaseModel):
    agent: str | None = None


class BriefQuery(BaseModel):
    attempt: int | None = None
    format: Literal["json", "markdown"] | None = None


@router.get("/tasks/{int:task_id}/explain", response=ExplanationTold, operation_id="explainTask")
def explain_task(request: Request, task_id: int, filters: Query[ExplainQuery]) -> HttpResponse:
    """Say everything that keeps the task from running, or with `agent` everything that keeps that agent from it."""
    task = find_task(request.auth, task_id)
    told = explain(task) if filters.agent is None else explain_for(task, find_agent(request.auth, filters.agent))
    return polled(request, told.as_dict())


@router.get("/tasks/{int:task_id}/brief", operation_id="getBrief", response=dict)
def get_brief(request: Request, task_id: int, filters: Query[BriefQuery]) -> HttpResponse:
    """Read what a worker is given: of one attempt, else of the attempt that runs, else as the next one would get it.

    JSON, or Markdown with `Accept: text/markdown`, `format=markdown` or the address ending in `.md`.
    """
    wants_text = filters.format == "markdown" or (filters.format is None and _prefers_text(request))
    return _brief_answer(request, _brief(request, task_id, filters.attempt), wants_text)


@router.get("/tasks/{int:task_id}/brief.md", operation_id="getBriefText", include_in_schema=False)
def get_brief_text(request: Request, task_id: int) -> HttpResponse:
    return _brief_answer(request, _brief(request, task_id, None), True)


def _prefers_text(request: Request) -> bool:
    accepted = request.META.get("HTTP_ACCEPT", "")
    return "text/markdown" in accepted and "application/json" not in accepted


def _brief(request: Request, task_id: int, number: int | None) -> Brief:
    task = find_task(request.auth, task_id)
    found = Attempt.objects.filter(task=task).select_related("agent", "task__project", "task__phase")
    attempt = (
        found.filter(number=number).first() if number is not None and 0 < number < 2**31 else found.filter(lease__isnull=False).first()
    )
    if number is not None and attempt is None:
        raise NotFound(f"#{task.pk} has no attempt {number}.")
    return brief_of(attempt) if attempt else draft_brief(task)


def _brief_answer(request: Request, brief: Brief, as_text: bool) -> HttpResponse:
    response = tagged(request, as_markdown(brief).encode(), MARKDOWN) if as_text else polled(request, brief.as_dict())
    response.headers["Vary"] = "Accept"
    return response


@attempts.get("/tasks/{int:task_id}/attempts", response=AttemptPage, operation_id="listAttempts")
def list_attempts(request: Request, task_id: int) -> HttpResponse:
    """List the task's attempts, first to last."""
    found = Attempt.objects.filter(task=find_task(request.auth, task_id)).select_related("agent")
    return page(request, [attempt_told(each) for each in found.prefetch_related("reviews", "late_results").order_by("number")], None)


@attempts.get("/attempts/{int:attempt_id}", response=AttemptTold, operation_id="getAttempt")
def get_attempt(request: Request, attempt_id: int) -> HttpResponse:
    """Read one attempt."""
    return polled(request, attempt_told(find_attempt(request.auth, attempt_id)))


class AdoptAsked(Asked):
    model_config = asks({"late_result": 1})

    late_result: Id | None = None


@attempts.post("/attempts/{int:attempt_id}/adopt", response=TaskDetail, operation_id="adoptAttempt")
def adopt_attempt(request: Request, attempt_id: int, body: AdoptAsked | None = None) -> HttpResponse:
    """Take the attempt's late result as the result of its task: the newest one, unless the request names another."""
    attempt = find_attempt(request.auth, attempt_id, Permission.PLAN)
    found = LateResult.objects.filter(attempt=attempt).order_by("-pk")
    chosen = found.filter(pk=body.late_result).first() if body and body.late_result else found.first()
    if chosen is None:
        raise NotFound(f"Attempt {attempt_id} has no late result to adopt.")
    return once_only(request, lambda: Answer(200, detail(late.adopt(chosen, actor=request.auth.actor))))
