from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.actor import Actor
from coordination.lifecycle import FINISHED, LEASED, DependencyKind, State
from coordination.models import Task
from coordination.operations import dependencies, messages, questions, reviews, subtasks, tasks
from coordination.queries import task_page
from coordination.queries.access import Permission, find_task
from coordination.queries.explain import explain
from webui.forms import AssignForm, EditTaskForm, NeedForm, PriorityForm, ReasonForm, TextForm
from webui.requests import Request, actor_of, acts, done, page, shows, typed


@dataclass(frozen=True)
class TaskAction:
    form: type[forms.Form]
    run: Callable[[Task, dict[str, Any], Actor], object]
    said: str
    need: Permission = Permission.PLAN


ACTIONS = {
    "cancel": TaskAction(ReasonForm, lambda task, typed, actor: tasks.cancel(task, actor=actor, **typed), "#{} is called off."),
    "let-run": TaskAction(forms.Form, lambda task, _, actor: subtasks.let_run(task, actor=actor), "#{} may run."),
    "requeue": TaskAction(forms.Form, lambda task, _, actor: tasks.requeue(task, actor=actor), "#{} runs again."),
    "take-back": TaskAction(
        ReasonForm,
        lambda task, typed, actor: tasks.take_back(task, actor=actor, reason=typed["reason"] or "by a planner"),
        "#{} is queued again.",
    ),
    "reprioritise": TaskAction(
        PriorityForm, lambda task, typed, actor: tasks.reprioritise(task, typed["priority"], actor=actor), "The priority of #{} is saved."
    ),
    "assign": TaskAction(
        AssignForm,
        lambda task, typed, actor: tasks.assign(task, typed["agent"], actor=actor, fallback_after=typed["fallback_after"]),
        "The assignment of #{} is saved.",
    ),
    "answer": TaskAction(
        TextForm, lambda task, typed, actor: questions.answer(task, typed["text"], actor=actor), "Answered. #{} is queued again."
    ),
    "approve": TaskAction(
        ReasonForm, lambda task, typed, actor: reviews.approve(task, actor=actor, comments=typed["reason"]), "#{} is approved."
    ),
    "request-changes": TaskAction(
        TextForm,
        lambda task, typed, actor: reviews.request_changes(task, actor=actor, comments=typed["text"]),
        "Changes to #{} are requested.",
    ),
    "say": TaskAction(
        TextForm,
        lambda task, typed, actor: messages.say(task.project, typed["text"], actor=actor, task=task),
        "Said on #{}.",
        Permission.WORK,
    ),
}


@shows
def overview(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    return page(
        request,
        "task/overview.html",
        part="task/_overview.html",
        **heading(task, "overview"),
        explanation=explain(task),
        about=task_page.overview(task),
        agents=task_page.agents_to_assign(task) if request.caller.may(Permission.PLAN, task.project_id) else [],
        dependency_kinds=list(DependencyKind),
    )


@shows
def menu(request: Request, task_id: int) -> HttpResponse:
    """The actions on a card, fetched when its menu opens."""
    task = find_task(request.caller, task_id)
    agents = task_page.agents_to_assign(task) if request.caller.may(Permission.PLAN, task.project_id) else []
    return page(request, "task/menu.html", part="task/_menu.html", **heading(task, "overview"), agents=agents)


@shows
def edit(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    return page(request, "task/edit.html", **heading(task, "overview"), form=EditTaskForm(project=task.project, initial=_facts(task)))


@acts
def save(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(EditTaskForm(request.POST, project=task.project))
    tasks.edit_task(task, wanted, actor=actor_of(request), expected_version=wanted.pop("version"))
    url = reverse("task", args=[task.pk])
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else done(request, f"#{task.pk} is saved.", url)


@acts
def act(request: Request, task_id: int, verb: str) -> HttpResponse:
    action = ACTIONS.get(verb)
    if action is None:
        raise Http404
    task = find_task(request.caller, task_id, action.need)
    action.run(task, typed(action.form(request.POST)), actor_of(request))
    return done(request, action.said.format(task.pk), reverse("task", args=[task.pk]))


@acts
def add_need(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(NeedForm(request.POST))
    on = find_task(request.caller, wanted["on"], Permission.PLAN)
    dependencies.add_dependency(task, on, actor=actor_of(request), kind=wanted["kind"] or DependencyKind.SUCCESS)
    return done(request, f"#{task.pk} waits for #{on.pk}.", reverse("task", args=[task.pk]))


@acts
def remove_need(request: Request, task_id: int, on_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    on = find_task(request.caller, on_id, Permission.PLAN)
    dependencies.remove_dependency(task, on, actor=actor_of(request))
    return done(request, f"#{task.pk} no longer waits for #{on.pk}.", reverse("task", args=[task.pk]))


def heading(task: Task, tab: str) -> dict[str, Any]:
    """What the head of every page of a task shows."""
    return {
        "task": task,
        "project": task.project,
        "tab": tab,
        "section": "task",
        "is_finished": State(task.state) in FINISHED,
        "is_leased": State(task.state) in LEASED,
    }


def _facts(task: Task) -> dict[str, Any]:
    plain = ("title", "phase", "objective", "priority", "tier", "kind", "review_policy", "max_attempts", "version")
    facts: dict[str, Any] = {name: getattr(task, name) for name in plain}
    return facts | {"criteria": "\n".join(task.criteria), "capabilities": ", ".join(task.capabilities), "labels": ", ".join(task.labels)}
