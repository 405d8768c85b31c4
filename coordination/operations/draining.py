"""Stopping work: drain (finish what runs, start nothing new) and stop (take back what runs as well).

A drained phase or project is a paused one whose last attempt ended; whoever waits for that is told by an event.
"""

from django.db.models import Exists, F, OuterRef, QuerySet

from coordination.actor import SYSTEM, Actor
from coordination.errors import WrongState
from coordination.lifecycle import LEASED, PhaseState
from coordination.models import Lease, Phase, Project, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.phases import pause_phase
from coordination.operations.projects import pause_project
from coordination.operations.tasks import take_back


@atomically
def drain_phase(phase: Phase, *, actor: Actor) -> Phase:
    """Start nothing new in the phase, let its running attempts end, and say so in the log when the last one has."""
    if phase.state != PhaseState.PAUSED:
        phase = pause_phase(phase, actor=actor)
    if not Phase.objects.filter(pk=phase.pk, state=PhaseState.PAUSED, draining=False).update(draining=True, version=F("version") + 1):
        raise WrongState(f"Phase {phase.name!r} is draining already.", state=phase.state)
    record("phase.draining", actor=actor, phase=phase, running=Lease.objects.filter(task__phase=phase).count())
    note_drained()
    phase.refresh_from_db()
    return phase


@atomically
def drain_project(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Start nothing new in the project, let its running attempts end, and say so in the log when the last one has."""
    if not project.is_paused:
        project = pause_project(project, actor=actor, reason=reason)
    if not Project.objects.filter(pk=project.pk, paused_at__isnull=False, draining=False).update(draining=True, version=F("version") + 1):
        raise WrongState(f"Project {project.slug} is draining already.")
    record("project.draining", actor=actor, project=project, running=Lease.objects.filter(task__project=project).count())
    note_drained()
    project.refresh_from_db()
    return project


@atomically
def stop_phase(phase: Phase, *, actor: Actor, reason: str = "") -> Phase:
    """Pause the phase at once: take back what its agents hold as well. Those tasks begin anew after `resume_phase`."""
    running = Task.objects.filter(phase=phase, state__in=LEASED)
    if phase.state != PhaseState.PAUSED:
        pause_phase(phase, actor=actor)
    elif not running.exists():
        raise WrongState(f"Phase {phase.name!r} is paused, and nothing runs in it.", state=phase.state)
    _take_back(running, actor, reason or f"The phase {phase.name} was stopped.")
    note_drained()
    phase.refresh_from_db()
    return phase


@atomically
def stop_project(project: Project, *, actor: Actor, reason: str = "") -> Project:
    """Pause the project at once: take back what its agents hold as well. Those tasks begin anew after `resume_project`."""
    running = Task.objects.filter(project=project, state__in=LEASED)
    if not project.is_paused:
        pause_project(project, actor=actor, reason=reason)
    elif not running.exists():
        raise WrongState(f"Project {project.slug} is paused, and nothing runs in it.")
    _take_back(running, actor, reason or "The project was stopped.")
    note_drained()
    project.refresh_from_db()
    return project


def _take_back(running: QuerySet[Task], actor: Actor, reason: str) -> None:
    for task in running.order_by("pk"):
        take_back(task, actor=actor, reason=reason)


@atomically
def note_drained() -> int:
    """Say of each draining phase and project in which nothing runs any more that it is drained, once; return how many were."""
    moment, drained = now(), 0
    phases = Phase.objects.filter(~Exists(Lease.objects.filter(task__phase=OuterRef("pk"))), draining=True)
    for phase in phases.order_by("pk"):
        if Phase.objects.filter(pk=phase.pk, draining=True).update(draining=False):
            record("phase.drained", actor=SYSTEM, phase=phase, at=moment)
            drained += 1
    projects = Project.objects.filter(~Exists(Lease.objects.filter(task__project=OuterRef("pk"))), draining=True)
    for project in projects.order_by("pk"):
        if Project.objects.filter(pk=project.pk, draining=True).update(draining=False):
            record("project.drained", actor=SYSTEM, project=project, at=moment)
            drained += 1
    return drained
