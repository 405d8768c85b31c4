from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.actor import Actor
from coordination.models import Phase
from coordination.operations import creation, phases
from coordination.queries import plan as query
from coordination.queries.access import Permission, find_phase, find_project
from webui.forms import PhaseForm, StatusForm, TaskForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed


@dataclass(frozen=True)
class PhaseAction:
    form: type[Form]
    run: Callable[[Phase, dict[str, Any], Actor], object]
    said: str


ACTIONS = {
    "approve": PhaseAction(Form, lambda phase, _, actor: phases.approve_gate(phase, actor=actor), "The gate of {} is open."),
    "close": PhaseAction(Form, lambda phase, _, actor: phases.close_gate(phase, actor=actor), "The gate of {} is closed again."),
    "pause": PhaseAction(Form, lambda phase, _, actor: phases.pause_phase(phase, actor=actor), "{} is paused. Running tasks go on."),
    "resume": PhaseAction(Form, lambda phase, _, actor: phases.resume_phase(phase, actor=actor), "{} goes on."),
    "complete": PhaseAction(Form, lambda phase, _, actor: phases.complete_phase(phase, actor=actor), "{} is completed."),
    "delete": PhaseAction(Form, lambda phase, _, actor: phases.delete_phase(phase, actor=actor), "{} is deleted."),
    "status": PhaseAction(
        StatusForm, lambda phase, typed, actor: phases.set_status(phase, actor=actor, **typed), "The status of {} is saved."
    ),
    "up": PhaseAction(Form, lambda phase, _, actor: phases.move_phase(phase, phase.position - 1, actor=actor), "{} moved up."),
    "down": PhaseAction(Form, lambda phase, _, actor: phases.move_phase(phase, phase.position + 1, actor=actor), "{} moved down."),
}


@shows
def plan(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    planned = query.plan(project)
    return page(
        request,
        "plan/plan.html",
        part="plan/_phases.html",
        project=project,
        section="plan",
        planned=planned,
        form=PhaseForm(auto_id="phase_%s"),
    )


@acts
def create_phase(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    phase = phases.create_phase(project, **typed(PhaseForm(request.POST)), actor=actor_of(request))
    return done(request, f"Added the phase {phase.name}.", reverse("plan", args=[slug]))


@acts
def edit_phase(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    phases.edit_phase(phase, typed(PhaseForm(request.POST)), actor=actor_of(request))
    return done(request, f"{phase.name} is saved.", _plan_of(phase))


@acts
def act(request: Request, phase_id: int, verb: str) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    action = ACTIONS.get(verb)
    if action is None:
        raise Http404
    action.run(phase, typed(action.form(request.POST)), actor_of(request))
    return done(request, action.said.format(phase.name), _plan_of(phase))


@acts
def link(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    after = find_phase(request.caller, number(request.POST.get("after")) or 0, Permission.PLAN)
    phases.link_phases(phase, after, actor=actor_of(request))
    return done(request, f"{phase.name} follows {after.name}.", _plan_of(phase))


@acts
def unlink(request: Request, phase_id: int, after_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    after = find_phase(request.caller, after_id, Permission.PLAN)
    phases.unlink_phases(phase, after, actor=actor_of(request))
    return done(request, f"{phase.name} no longer follows {after.name}.", _plan_of(phase))


@shows
def new_task(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    initial = {"phase": number(request.GET.get("phase")), "review_policy": project.review_policy, "max_attempts": project.max_attempts}
    return page(request, "plan/new_task.html", project=project, section="plan", form=TaskForm(project=project, initial=initial))


@acts
def create_task(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    new = creation.NewTask(**typed(TaskForm(request.POST, project=project)))
    task = creation.create_task(project, new, actor=actor_of(request))
    url = reverse("task", args=[task.pk])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def _plan_of(phase: Phase) -> str:
    return reverse("plan", args=[phase.project.slug])
