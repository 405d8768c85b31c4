"""Changing one fact of a task where it stands: fetched when it is asked for, saved alone, and undone alone."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.errors import PreconditionFailed
from coordination.models import Task
from coordination.operations import tasks
from coordination.queries.access import Permission, find_task
from coordination.queries.task_page import last_change_of
from webui.facts import FACTS, Fact, as_mark, shown
from webui.requests import Request, actor_of, acts, done, page, shows, typed
from webui.views.task import heading

PROSE = {"title", "objective", "criteria"}  # what stands outside of the list of facts


@shows
def edit(request: Request, task_id: int, name: str) -> HttpResponse:
    task, fact = _found(request, task_id, name)
    return _editor(request, task, name, fact, shown(task, list(fact.fields(task))))


@acts
def save(request: Request, task_id: int, name: str) -> HttpResponse:
    """Save one fact. If somebody changed that fact since the form was shown, show both and save neither."""
    task, fact = _found(request, task_id, name)
    form = fact.form(task, request.POST)
    wanted = _rows(request, typed(form))
    names = list(form.fields)
    mine, before = {each: request.POST.get(each, "") for each in names}, shown(task, names)
    was = request.POST.get("was", "")
    if was and was != as_mark(before) and before != mine:
        return _conflict(request, task, name, fact, mine)
    try:
        task = tasks.edit_task(task, wanted, actor=actor_of(request), expected_version=task.version if was else None)
    except PreconditionFailed:
        task = find_task(request.caller, task_id, Permission.PLAN)
        return _conflict(request, task, name, fact, mine)
    after = shown(task, names)
    url = reverse("save_fact", args=[task.pk, name])
    undo = ("Undo", url, before | {"was": as_mark(after)}) if after != before else None
    said = f"{fact.label.partition(',')[0]} of #{task.pk}: saved."
    answer = done(request, said, reverse("task", args=[task.pk]), undo)
    if request.htmx and urlsplit(request.htmx.current_url or "").path == reverse("fact", args=[task.pk, name]):
        messages.success(request, said)
        answer.headers["HX-Redirect"] = reverse("task", args=[task.pk])  # a page of its own, which is left
    return answer


def _found(request: Request, task_id: int, name: str) -> tuple[Task, Fact]:
    if name not in FACTS:
        raise Http404
    return find_task(request.caller, task_id, Permission.PLAN), FACTS[name]


def _rows(request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with the row of a task that is named by its number."""
    if wanted.get("parent"):
        wanted["parent"] = find_task(request.caller, wanted["parent"], Permission.PLAN)
    return wanted


def _conflict(request: Request, task: Task, name: str, fact: Fact, mine: dict[str, str]) -> HttpResponse:
    context = {"theirs": _in_words(fact, task), "mine": mine, "changed": last_change_of(task, name), "status": 409}
    response = _editor(request, task, name, fact, mine, **context)
    if request.htmx:
        # What they see of it is the form itself, so a refused one takes the place of the one that was sent.
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#fact-{name}", "outerHTML"
    return response


def _in_words(fact: Fact, task: Task) -> str:
    """Return what stands there now, as its form would say it."""
    form = fact.form(task)
    said = []
    for field in form:
        value = str(field.initial or "")
        choices = {str(key): str(label) for key, label in getattr(field.field, "choices", ())}
        said.append(choices.get(value, value))
    return ", ".join(each for each in said if each) or "nothing"


def _editor(request: Request, task: Task, name: str, fact: Fact, initial: dict[str, str], **context: Any) -> HttpResponse:
    form = fact.form(task, initial=initial)
    first = next(iter(form.fields.values()))
    first.widget.attrs["autofocus"] = True
    current = shown(task, list(form.fields))
    return page(
        request,
        "task/fact.html",
        part="task/_fact_form.html",
        **heading(task, "overview"),
        name=name,
        fact=fact,
        form=form,
        was=as_mark(current),
        tag="div" if name in PROSE else "dd",
        **context,
    )
