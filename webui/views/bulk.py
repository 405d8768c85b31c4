"""One action on many tasks, chosen on the board or in the list; what became of each is said where not all went well."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from coordination.errors import Invalid
from coordination.models import Project, Task
from coordination.operations import tasks
from coordination.queries.access import Permission, find_project
from webui.forms.board import BulkForm
from webui.requests import Request, actor_of, acts, done, number, typed

MOST = 500


@dataclass(frozen=True)
class Action:
    """`arguments` makes the operation's arguments of what the form holds; `said` follows "7 tasks:"."""

    verb: str
    arguments: Callable[[dict[str, Any]], dict[str, Any]]
    said: str


def _needed(typed: dict[str, Any], name: str, sentence: str) -> Any:
    if typed[name] in (None, "", []):
        raise Invalid(sentence, field=name)
    return typed[name]


ACTIONS = {
    "priority": Action("reprioritise", lambda form: {"priority": _needed(form, "priority", "Choose a priority.")}, "priority set"),
    "tier": Action("edit", lambda form: {"changes": {"tier": _needed(form, "tier", "Choose a tier.")}}, "tier set"),
    "phase": Action("edit", lambda form: {"changes": {"phase": _needed(form, "phase", "Choose a phase.")}}, "moved to the phase"),
    "assign": Action("assign", lambda form: {"agent": form["agent"]}, "assigned"),
    "label": Action("relabel", lambda form: {"add": _needed(form, "labels", "Write a label.")}, "labelled"),
    "unlabel": Action("relabel", lambda form: {"remove": _needed(form, "labels", "Write a label.")}, "label removed"),
    "requeue": Action("requeue", lambda form: {}, "run again"),
    "cancel": Action("cancel", lambda form: {"reason": "cancelled with others"}, "cancelled"),
}


@acts
def bulk(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    action = ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        raise Invalid(f"Choose what to do: {', '.join(ACTIONS)}.", field="action")
    chosen = _chosen(request, project)
    arguments = action.arguments(typed(BulkForm(request.POST, project=project)))
    results = tasks.bulk(chosen, action.verb, actor=actor_of(request), **arguments)
    refused = [result for result in results if not result.ok]
    went_well = f"{_tasks(len(results) - len(refused))}: {'free for any agent' if arguments.get('agent', '') is None else action.said}."
    back = request.POST.get("next") or reverse("board", args=[slug])
    if not refused:
        return done(request, went_well, back)
    titles = {task.pk: task.title for task in chosen}
    context = {
        "project": project,
        "section": "board",
        "summary": f"{went_well} {len(refused)} could not be changed." if len(refused) < len(results) else _none(len(refused)),
        "refused": [(result.task_id, titles[result.task_id], _of_it(result.task_id, result.error)) for result in refused],
        "back": reverse("board", args=[slug]),
    }
    response = render(request, "bulk/_results.html" if request.htmx else "bulk/results.html", context)
    if request.htmx:
        response.headers["HX-Trigger"] = "muster:changed"
    return response


def _chosen(request: Request, project: Project) -> list[Task]:
    ids = {pk for raw in request.POST.getlist("task") if (pk := number(raw))}
    if not ids:
        raise Invalid("Select at least one task first.", field="task")
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST} tasks can be changed at once; you selected {len(ids)}.", field="task")
    return list(project.tasks.filter(pk__in=ids).select_related("project").order_by("pk"))


def _of_it(task_id: int, refusal: str) -> str:
    """Return a refusal that stands beside the task's link: it need not name the task once more."""
    return refusal.replace(f"#{task_id} ", "It ", 1) if refusal.startswith(f"#{task_id} ") else refusal


def _none(count: int) -> str:
    return "The task could not be changed." if count == 1 else f"None of the {count} tasks could be changed."


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
