from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse

from coordination.actor import Actor
from coordination.errors import Invalid
from coordination.file_rules import INSTRUCTIONS
from coordination.lifecycle import FINISHED, LEASED, MAY_STILL_WAIT, DependencyKind, State
from coordination.models import Task, User
from coordination.operations import creation, dependencies, files, messages, questions, reviews, subtasks, tasks, undoing
from coordination.queries import task_page, versions
from coordination.queries.access import Permission, find_task
from coordination.queries.explain import explain
from coordination.queries.last_step import last_step
from coordination.queries.pick import pick
from webui import markdown
from webui.forms.dependency import NeedForm
from webui.forms.message import TextForm
from webui.forms.task import AssignForm, ChildForm, EditTaskForm, PriorityForm, ReasonForm, RequeueForm, UndoForm
from webui.forms.verdict import VerdictForm
from webui.requests import Request, Undo, actor_of, acts, done, number, page, server_of, shows, typed

Said = Callable[[Task], str]
Fields = tuple[str, dict[str, object]]  # a verb and what its form holds


def _plainly(words: str) -> Said:
    return lambda task: words.format(task.pk)


def _and_runs(words: str) -> Said:
    """Say whether the task may be claimed now, or what it waits for."""

    def said(task: Task) -> str:
        if task.state == State.QUEUED:
            return f"{words.format(task.pk)} It is queued."
        waits = next((reason.sentence for reason in explain(task).reasons), "")
        return f"{words.format(task.pk)} {waits}".strip()

    return said


@dataclass(frozen=True)
class TaskAction:
    """What a button of a task does.

    `undo` says from the task as it was which verb takes it back, with what; without one the last step is taken back, if it can.
    """

    form: type[forms.Form]
    run: Callable[[Task, dict[str, Any], Actor], object]
    said: Said
    need: Permission = Permission.PLAN
    undo: Callable[[Task], Fields] | None = None
    is_step: bool = True


def _assign_back(task: Task) -> Fields:
    return "assign", {"agent": task.assigned_to_id, "fallback_after": task.fallback_after}


def _priority_back(task: Task) -> Fields:
    return "reprioritise", {"priority": task.priority}


def _cancelled(task: Task) -> str:
    if task.state == State.CANCELLED:
        return f"#{task.pk} is cancelled."
    return f"The agent of #{task.pk} is asked to stop. Once it has heard, its lease does not come back."


def _taken_back(task: Task) -> str:
    if task.state == State.CANCELLED:
        return f"#{task.pk} is taken back, and cancelled as it was asked to be."
    return _and_runs("#{} is taken back from its agent.")(task)


ACTIONS = {
    "cancel": TaskAction(ReasonForm, lambda task, typed, actor: tasks.cancel(task, actor=actor, **typed), _cancelled),
    "undo": TaskAction(
        UndoForm,
        lambda task, typed, actor: undoing.undo(task, actor=actor, event=typed["step"]),
        _plainly("#{} is as it was before."),
        is_step=False,
    ),
    "let-run": TaskAction(forms.Form, lambda task, _, actor: subtasks.let_run(task, actor=actor), _and_runs("#{} may run.")),
    "requeue": TaskAction(RequeueForm, lambda task, typed, actor: tasks.requeue(task, actor=actor, **typed), _and_runs("#{} runs again.")),
    "take-back": TaskAction(
        ReasonForm, lambda task, typed, actor: tasks.take_back(task, actor=actor, reason=typed["reason"] or "by a planner"), _taken_back
    ),
    "reprioritise": TaskAction(
        PriorityForm,
        lambda task, typed, actor: tasks.reprioritise(task, typed["priority"], actor=actor),
        _plainly("The priority of #{} is saved."),
        undo=_priority_back,
    ),
    "assign": TaskAction(
        AssignForm,
        lambda task, typed, actor: tasks.assign(task, typed["agent"], actor=actor, fallback_after=typed["fallback_after"]),
        _plainly("The assignment of #{} is saved."),
        undo=_assign_back,
    ),
    "answer": TaskAction(
        TextForm, lambda task, typed, actor: questions.answer(task, typed["text"], actor=actor), _and_runs("Answered #{}.")
    ),
    "say": TaskAction(
        TextForm,
        lambda task, typed, actor: messages.say(task.project, typed["text"], actor=actor, task=task),
        _plainly("Said on #{}."),
        Permission.WORK,
        is_step=False,
    ),
    "approve": TaskAction(
        VerdictForm,
        lambda task, typed, actor: reviews.approve(task, actor=actor, comments=typed["text"], judged=typed["judged"]),
        _plainly("#{} is approved and done."),
    ),
    "request-changes": TaskAction(
        VerdictForm,
        lambda task, typed, actor: reviews.request_changes(task, actor=actor, comments=typed["text"], judged=typed["judged"]),
        _and_runs("Changes to #{} are requested."),
    ),
}


@shows
def overview(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    about = task_page.overview(task, cast(User, request.user))
    return page(
        request,
        "task/overview.html",
        part="task/_overview.html",
        **heading(task, "overview"),
        explanation=explain(task),
        about=about,
        news=about.news,
        pinned=about.attempt_with(task.rerun_of_id),
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
    before = task
    result = action.run(task, typed(action.form(request.POST)), actor_of(request))
    task = find_task(request.caller, task_id, action.need)
    said = result if isinstance(result, str) else action.said(task)
    return done(request, said, reverse("task", args=[task.pk]), _undo(action, before, task))


def _undo(action: TaskAction, before: Task, task: Task) -> Undo | None:
    if action.undo:
        verb, fields = action.undo(before)
        return "Undo", reverse("task_action", args=[task.pk, verb]), fields
    return taking_back(task) if action.is_step else None


def taking_back(task: Task) -> Undo | None:
    """Return how the last step of the task is taken back, None if it cannot be."""
    step = last_step(task)
    return ("Undo", reverse("task_action", args=[task.pk, "undo"]), {"step": step.event.pk}) if step else None


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
    context: dict[str, Any] = {"words": words, "kind": kind, "found": found}
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
    base = versions.base_now(task, base, [INSTRUCTIONS])
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
        "may_wait": State(task.state) in MAY_STILL_WAIT,
    }


def git_url(request: Request, task: Task) -> str:
    """Return where git clones the task from."""
    return f"{server_of(request)}/git/tasks/{task.pk}.git"


def _facts(task: Task) -> dict[str, Any]:
    plain = ("title", "phase", "objective", "priority", "tier", "kind", "review_policy", "max_attempts", "version")
    facts: dict[str, Any] = {name: getattr(task, name) for name in plain}
    return facts | {"criteria": "\n".join(task.criteria), "capabilities": ", ".join(task.capabilities), "labels": ", ".join(task.labels)}
