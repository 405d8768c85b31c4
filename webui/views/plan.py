"""The plan of a project, and what is added to it."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.lifecycle import PhaseState
from coordination.models import Project
from coordination.operations import creation, draining, phase_order
from coordination.queries import plan as query
from coordination.queries.access import Permission, find_project
from webui.forms.phase import HoldForm, NewPhaseForm
from webui.forms.task import TaskForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed

TASK_BASICS = ("title", "phase", "priority", "objective", "instructions", "criteria")


@shows
def plan(request: Request, slug: str) -> HttpResponse:
    """`in` opens a phase at a page of its tasks; `behind` offers a place for a new phase."""
    project = find_project(request.caller, slug)
    found = query.plan(project, opened=number(request.GET.get("in")), page=max(1, number(request.GET.get("page")) or 1))
    phases = [each.phase for each in found.phases]
    behind = number(request.GET.get("behind"))
    return page(
        request,
        "plan/plan.html",
        part="plan/_phases.html",
        project=project,
        section="plan",
        plan=found,
        form=NewPhaseForm(auto_id="phase_%s", phases=phases, initial={"behind": behind}),
        is_adding=behind is not None or not found.phases,
    )


@acts
def create_phase(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    wanted = typed(NewPhaseForm(request.POST, phases=project.phases.all()))
    phase = phase_order.insert_phase(project, **wanted, actor=actor_of(request))
    return done(request, f"Added the phase {phase.name}.", _plan_of(project))


@shows
def new_task(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    phase = number(request.GET.get("phase")) or _first_open_phase(project)
    initial = {"phase": phase, "review_policy": project.review_policy, "max_attempts": project.max_attempts}
    form = TaskForm(project=project, initial=initial)
    more = [field for field in form if field.name not in TASK_BASICS]
    basics = [form[name] for name in TASK_BASICS]
    return page(
        request, "plan/new_task.html", project=project, section="plan", basics=basics, more=more, has_phases=project.phases.exists()
    )


def _first_open_phase(project: Project) -> int | None:
    """Return the phase that a new task most likely belongs to: of those not completed, one that has begun before one that has not."""
    phases = project.phases.exclude(state=PhaseState.COMPLETED)
    return min(phases, key=lambda phase: (phase.state == PhaseState.PLANNED, phase.position, phase.pk)).pk if phases else None


@acts
def create_task(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.PLAN)
    new = creation.NewTask(**typed(TaskForm(request.POST, project=project)))
    task = creation.create_task(project, new, actor=actor_of(request))
    url = reverse("task", args=[task.pk])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


@shows
def hold(request: Request, slug: str) -> HttpResponse:
    """Pause, drain or stop the project, with what each would touch."""
    project = find_project(request.caller, slug, Permission.PLAN)
    return page(
        request, "plan/hold.html", part="plan/_hold_project.html", project=project, section="plan", effect=query.project_effect(project)
    )


@acts
def pause(request: Request, slug: str) -> HttpResponse:
    """Pause the project in one of two ways; the reason is told whichever it is."""
    project = find_project(request.caller, slug, Permission.PLAN)
    if request.POST.get("how") == "stop":
        pause_now, sentence = draining.stop_project, "{} is stopped. What ran was taken back and begins anew when you resume."
    else:
        pause_now, sentence = draining.drain_project, "{} drains: what runs goes on to its end, nothing new begins."
    pause_now(project, actor=actor_of(request), **typed(HoldForm(request.POST)))
    sentence = sentence.format(project.name)
    return done(request, sentence, _plan_of(project), undo=("Resume", reverse("resume_project", args=[slug]), {}))


def _plan_of(project: Project) -> str:
    return reverse("plan", args=[project.slug])
