from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.file_rules import INSTRUCTIONS
from coordination.lifecycle import FINISHED, LEASED, DependencyKind, Rerun, State
from coordination.models import Task
from coordination.operations import creation, dependencies, files, messages, questions, reviews, subtasks, tasks
from coordination.queries import task_page
from coordination.queries.access import Permission, find_task
from coordination.queries.criteria import as_task_list
from coordination.queries.explain import explain
from coordination.queries.pick import pick
from webui import markdown
from webui.forms import AssignForm, ChildForm, EditTaskForm, NeedForm, PriorityForm, ReasonForm, RequeueForm, TextForm, VerdictForm
from webui.requests import Request, Undo, actor_of, acts, done, number, page, server_of, shows, typed


@dataclass(frozen=True)
class TaskAction:
    """What a button of a task does. `undo` says from the task as it was which verb takes it back, with what; None if none can."""

    form: type[forms.Form]
    run: Callable[[Task, dict[str, Any], Actor], object]
    said: str
    need: Permission = Permission.PLAN
    undo: Callable[[Task], tuple[str, dict[str, object]] | None] = lambda _: None


def _requeue_it(task: Task) -> tuple[str, dict[str, object]] | None:
    """A task that no agent held runs again as if it had never been called off; a held one ends later, with its agent's attempt."""
    return None if State(task.state) in LEASED else ("requeue", {"told": Rerun.AS_IT_IS.value})


def _cancel_it(task: Task) -> tuple[str, dict[str, object]] | None:
    return ("cancel", {"reason": task.reason}) if task.state == State.CANCELLED else None


def _assign_back(task: Task) -> tuple[str, dict[str, object]]:
    return "assign", {"agent": task.assigned_to_id, "fallback_after": task.fallback_after}


def _request_changes(task: Task, typed: dict[str, Any], actor: Actor) -> object:
    return reviews.request_changes(task, actor=actor, comments=_with_verdicts(task, typed, typed["text"]))


def _approve(task: Task, typed: dict[str, Any], actor: Actor) -> object:
    return reviews.approve(task, actor=actor, comments=typed["reason"])


def _with_verdicts(task: Task, typed: dict[str, Any], text: str) -> str:
    """Put the reviewer's ticks below the comments: agents read them in the next brief, and the page as verdicts."""
    return f"{text}\n\n{as_task_list(task.criteria, typed['met'])}" if typed["judged"] and task.criteria else text


ACTIONS = {
    "cancel": TaskAction(
        ReasonForm, lambda task, typed, actor: tasks.cancel(task, actor=actor, **typed), "#{} is called off.", undo=_requeue_it
    ),
    "let-run": TaskAction(forms.Form, lambda task, _, actor: subtasks.let_run(task, actor=actor), "#{} may run."),
    "requeue": TaskAction(
        RequeueForm, lambda task, typed, actor: tasks.requeue(task, actor=actor, **typed), "#{} runs again.", undo=_cancel_it
    ),
    "take-back": TaskAction(
        ReasonForm,
        lambda task, typed, actor: tasks.take_back(task, actor=actor, reason=typed["reason"] or "by a planner"),
        "#{} is queued again.",
    ),
    "reprioritise": TaskAction(
        PriorityForm,
        lambda task, typed, actor: tasks.reprioritise(task, typed["priority"], actor=actor),
        "The priority of #{} is saved.",
        undo=lambda task: ("reprioritise", {"priority": task.priority}),
    ),
    "assign": TaskAction(
        AssignForm,
        lambda task, typed, actor: tasks.assign(task, typed["agent"], actor=actor, fallback_after=typed["fallback_after"]),
        "The assignment of #{} is saved.",
        undo=_assign_back,
    ),
    "answer": TaskAction(
        TextForm, lambda task, typed, actor: questions.answer(task, typed["text"], actor=actor), "Answered. #{} is queued again."
    ),
    "approve": TaskAction(ReasonForm, _approve, "#{} is approved."),
    "request-changes": TaskAction(VerdictForm, _request_changes, "Changes to #{} are requested."),
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
    about = task_page.overview(task)
    return page(
        request,
        "task/overview.html",
        part="task/_overview.html",
        **heading(task, "overview"),
        explanation=explain(task),
        about=about,
        pinned=about.attempt_with(task.rerun_of_id),
        dependency_kinds=list(DependencyKind),
        git_url=git_url(request, task),
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
    back = action.undo(task)
    action.run(task, typed(action.form(request.POST)), actor_of(request))
    undo = ("Undo", reverse("task_action", args=[task.pk, back[0]]), back[1]) if back else None
    return done(request, action.said.format(task.pk), reverse("task", args=[task.pk]), undo)


@shows
def find_need(request: Request, task_id: int) -> HttpResponse:
    """The tasks that these words find, each as a button that adds it."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    return _candidates(request, task, request.GET.get("on", ""), request.GET.get("kind", ""))


@acts
def add_need(request: Request, task_id: int) -> HttpResponse:
    """Wait for the task that was picked, or typed as a number; other words show what they find."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    words = request.POST.get("pick") or request.POST.get("on", "")
    if words.strip().lstrip("#").isdecimal() or request.htmx:
        wanted = typed(NeedForm({"on": words.strip(), "kind": request.POST.get("kind", "")}))
        on = find_task(request.caller, wanted["on"], Permission.PLAN)
        dependencies.add_dependency(task, on, actor=actor_of(request), kind=wanted["kind"] or DependencyKind.SUCCESS)
        undo: Undo = ("Undo", reverse("remove_need", args=[task.pk, on.pk]), {})
        return done(request, f"#{task.pk} waits for #{on.pk}.", reverse("task", args=[task.pk]), undo)
    return _candidates(request, task, words, request.POST.get("kind", ""))


def _candidates(request: Request, task: Task, words: str, kind: str) -> HttpResponse:
    found = pick(task_page.tasks_to_depend_on(task), words) if words.strip() else []
    context: dict[str, Any] = {"words": words, "kind": kind, "found": found, "dependency_kinds": list(DependencyKind)}
    return page(request, "task/find_need.html", part="task/_found_needs.html", **heading(task, "overview"), **context)


@acts
def remove_need(request: Request, task_id: int, on_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id, Permission.PLAN)
    on = find_task(request.caller, on_id, Permission.PLAN)
    edge = task.dependencies.filter(on=on).first()
    dependencies.remove_dependency(task, on, actor=actor_of(request))
    undo = ("Undo", reverse("add_need", args=[task.pk]), {"on": on.pk, "kind": edge.kind}) if edge else None
    return done(request, f"#{task.pk} no longer waits for #{on.pk}.", reverse("task", args=[task.pk]), undo)


@acts
def add_child(request: Request, task_id: int) -> HttpResponse:
    parent = find_task(request.caller, task_id, Permission.PLAN)
    wanted = typed(ChildForm(request.POST))
    new = creation.NewTask(title=wanted["title"], phase=parent.phase, parent=parent, priority=parent.priority)
    made = creation.create_task(parent.project, new, actor=actor_of(request))
    undo = ("Undo", reverse("task_action", args=[made.pk, "cancel"]), {"reason": "Added by mistake"})
    return done(request, f"Added #{made.pk} as a part of #{parent.pk}.", reverse("task", args=[parent.pk]), undo)


@acts
def tick(request: Request, task_id: int) -> HttpResponse:
    """Tick a box of a task list in the instructions, or clear it: a version like any other."""
    task = find_task(request.caller, task_id, Permission.PLAN)
    place, base = number(request.POST.get("box")), request.POST.get("base", "")
    found = task_page.documents(task)
    changed = markdown.toggled(found.text, place) if place is not None else None
    if changed is None:
        raise Invalid("This box is not in the instructions any more; reload the page.")
    whole = (found.instructions or "").removesuffix(found.text) + changed
    files.save_files(task, {INSTRUCTIONS: whole.encode()}, base=base, actor=actor_of(request), message="Tick a box of the instructions")
    return done(request, "The box is saved as a new version.", reverse("task", args=[task.pk]))


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


def git_url(request: Request, task: Task) -> str:
    """Return where git clones the task from."""
    return f"{server_of(request)}/git/tasks/{task.pk}.git"


def _facts(task: Task) -> dict[str, Any]:
    plain = ("title", "phase", "objective", "priority", "tier", "kind", "review_policy", "max_attempts", "version")
    facts: dict[str, Any] = {name: getattr(task, name) for name in plain}
    return facts | {"criteria": "\n".join(task.criteria), "capabilities": ", ".join(task.capabilities), "labels": ", ".join(task.labels)}
