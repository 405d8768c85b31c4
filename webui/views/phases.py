"""One phase: its menu, its gate, its place, what it follows, and stopping or splitting it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.actor import Actor
from coordination.lifecycle import PhaseState
from coordination.models import Phase
from coordination.operations import creation, draining, phase_order, phases
from coordination.queries import plan as query
from coordination.queries.access import Permission, find_phase
from coordination.queries.sentences import counted
from webui.forms.phase import GATES, AddTaskForm, EditPhaseForm, HoldForm, MoveForm, SplitForm, StatusForm
from webui.requests import Request, Undo, actor_of, acts, done, number, page, shown_before, shows, typed


@dataclass(frozen=True)
class PhaseAction:
    """A verb of a phase's menu. `back` is the verb that takes it back, and what the button for that says."""

    form: type[Form]
    run: Callable[[Phase, dict[str, Any], Actor], object]
    said: str
    back: tuple[str, str] | None = None


ACTIONS = {
    "approve": PhaseAction(
        Form, lambda phase, _, actor: phases.approve_gate(phase, actor=actor), "The gate of {} is open.", ("Close it again", "close")
    ),
    "close": PhaseAction(
        Form, lambda phase, _, actor: phases.close_gate(phase, actor=actor), "The gate of {} is closed again.", ("Undo", "approve")
    ),
    "pause": PhaseAction(
        Form, lambda phase, _, actor: phases.pause_phase(phase, actor=actor), "{} is paused. Running tasks go on.", ("Resume", "resume")
    ),
    "drain": PhaseAction(
        Form,
        lambda phase, _, actor: draining.drain_phase(phase, actor=actor),
        "{} drains: what runs goes on to its end, nothing new begins.",
        ("Resume", "resume"),
    ),
    "stop": PhaseAction(
        HoldForm,
        lambda phase, typed, actor: draining.stop_phase(phase, actor=actor, **typed),
        "{} is stopped. What ran was taken back and begins anew when you resume.",
        ("Resume", "resume"),
    ),
    "resume": PhaseAction(Form, lambda phase, _, actor: phases.resume_phase(phase, actor=actor), "{} goes on.", ("Pause again", "pause")),
    "complete": PhaseAction(Form, lambda phase, _, actor: phases.complete_phase(phase, actor=actor), "{} is completed."),
    "delete": PhaseAction(Form, lambda phase, _, actor: phases.delete_phase(phase, actor=actor), "{} is deleted."),
    "status": PhaseAction(
        StatusForm, lambda phase, typed, actor: phases.set_status(phase, actor=actor, **typed), "The status of {} is saved."
    ),
}


@shows
def menu(request: Request, phase_id: int) -> HttpResponse:
    """Everything that can be done to a phase, fetched when its menu opens."""
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    each = query.planned_phase(phase)
    others = phase.project.phases.exclude(pk__in=[phase.pk, *(before.pk for before in each.follows)])
    return page(
        request, "plan/phase.html", part="plan/_menu.html", project=phase.project, section="plan", phase=phase, each=each, others=others
    )


@acts
def edit(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    changes = typed(EditPhaseForm(request.POST))
    if "open_ended" not in request.POST and "has_open_ended" not in request.POST:
        del changes["open_ended"]
    phases.edit_phase(phase, changes, actor=actor_of(request), seen=shown_before(request))
    return done(request, f"{phase.name} is saved.", _plan_of(phase))


@acts
def act(request: Request, phase_id: int, verb: str) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    action = ACTIONS.get(verb)
    if action is None:
        raise Http404
    wanted = typed(action.form(request.POST))
    action.run(phase, wanted | {"seen": shown_before(request)} if verb == "status" else wanted, actor_of(request))
    return done(request, action.said.format(phase.name), _plan_of(phase), undo=_back(phase, action))


def _back(phase: Phase, action: PhaseAction) -> Undo | None:
    if action.back is None:
        return None
    says, verb = action.back
    # An approval cannot be taken back from a phase that began by it.
    has_begun = verb == "close" and not Phase.objects.filter(pk=phase.pk, state=PhaseState.PLANNED).exists()
    return None if has_begun else (says, reverse("phase_action", args=[phase.pk, verb]), {})


@acts
def move(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    return _moved(request, phase, typed(MoveForm(request.POST))["position"])


@acts
def step(request: Request, phase_id: int, way: str) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    return _moved(request, phase, max(1, _place_of(phase) + (1 if way == "down" else -1)))


def _place_of(phase: Phase) -> int:
    """Return the place of a phase in its list, 1 for the first; positions have gaps where a phase was deleted."""
    return list(phase.project.phases.values_list("pk", flat=True)).index(phase.pk) + 1


def _moved(request: Request, phase: Phase, position: int) -> HttpResponse:
    old = _place_of(phase)
    works_so = phase_order.reorder_phase(phase, position, actor=actor_of(request))
    after = [link.after.name for link in phase.links.select_related("after")]
    order = f"begins after {', '.join(after)}" if after else "begins first"
    sentence = f"{phase.name} moved and {order}." if works_so else f"{phase.name} moved. What waits for what is as it was."
    return done(request, sentence, _plan_of(phase), undo=("Undo", reverse("move_phase", args=[phase.pk]), {"position": old}))


@acts
def link(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    after = find_phase(request.caller, number(request.POST.get("after")) or 0, Permission.PLAN)
    phases.link_phases(phase, after, actor=actor_of(request))
    back: Undo = ("Undo", reverse("unlink_phase", args=[phase.pk, after.pk]), {})
    return done(request, f"{phase.name} follows {after.name}.", _plan_of(phase), undo=back)


@acts
def unlink(request: Request, phase_id: int, after_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    after = find_phase(request.caller, after_id, Permission.PLAN)
    phases.unlink_phases(phase, after, actor=actor_of(request))
    phase.refresh_from_db()
    back = None if phase.started_at else ("Undo", reverse("link_phase", args=[phase.pk]), {"after": after.pk})
    return done(request, f"{phase.name} no longer follows {after.name}.", _plan_of(phase), undo=back)


@acts
def add_task(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    new = creation.NewTask(title=typed(AddTaskForm(request.POST))["title"], phase=phase)
    task = creation.create_task(phase.project, new, actor=actor_of(request))
    return done(request, f"Added #{task.pk} to {phase.name}.", _plan_of(phase))


@shows
def split(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    tasks = query.may_split(phase)
    return page(request, "plan/split.html", project=phase.project, section="plan", phase=phase, tasks=tasks, gates=GATES)


@acts
def do_split(request: Request, phase_id: int) -> HttpResponse:
    phase = find_phase(request.caller, phase_id, Permission.PLAN)
    wanted = typed(SplitForm(request.POST, phase=phase))
    wanted["tasks"] = list(wanted["tasks"])
    new = phase_order.split_phase(phase, actor=actor_of(request), **wanted)
    messages.success(request, f"{counted(len(wanted['tasks']), 'task')} in {new.name} now, which follows {phase.name}.")
    url = f"{reverse('plan', args=[phase.project.slug])}#phase-{new.pk}"
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else redirect(url)


def _plan_of(phase: Phase) -> str:
    return f"{reverse('plan', args=[phase.project.slug])}#phase-{phase.pk}"
