"""The first page: projects, what waits for the person, who works on what, and what happened last."""

from collections import Counter
from dataclasses import dataclass, replace

from coordination.models import Agent, ApiKey, Event, Lease, Phase, Project, Scope, Task
from coordination.queries.access import Caller, Permission, visible_events, visible_projects
from coordination.queries.needs_you import Inbox, needs_you
from coordination.queries.plan import ProjectOverview, overviews

MOST_RUNNING = 12
LATEST = 8
# Every claim and completion comes with these; the page shows what people would tell each other.
SMALL_TALK = ("task.queued", "task.held", "task.started", "task.progress", "key.created", "files.saved", "task.edited", "attempt.sealed")


@dataclass(frozen=True)
class Happened:
    """An event with the names of what it speaks of."""

    event: Event
    project: Project | None
    task_title: str
    phase_name: str
    agent_name: str


@dataclass(frozen=True)
class Onboarding:
    """The three steps to a first finished task, and where the first of them is taken. `project` is where to begin, if there is one."""

    has_key: bool
    has_agent: bool
    project: Project | None


@dataclass(frozen=True)
class Home:
    overviews: list[ProjectOverview]
    inbox: Inbox
    running: list[Lease]
    latest: list[Happened]
    onboarding: Onboarding | None  # None once a task is done


def home(caller: Caller) -> Home:
    projects = overviews(visible_projects(caller))
    by_id = {each.project.pk: each.project for each in projects}
    phases = {planned.phase.pk: planned.phase for each in projects for planned in each.phases}
    gates = [planned.phase for each in projects for planned in each.phases if planned.waits_for_approval]
    for gate in gates:
        gate.project = by_id[gate.project_id]
    running = _running(caller) if any(each.progress.by_tone.get("running") for each in projects) else []
    inbox = needs_you(caller, gates=gates)
    # Work that nobody could run is no task of its own: the inbox finds it. Silent agents are of no project.
    stranded = Counter(each.slug for each in inbox.stranded)
    projects = [replace(each, needs=each.needs + stranded[each.project.slug]) for each in projects]
    return Home(projects, inbox, running, _latest(caller, by_id, phases), _onboarding(caller, projects))


def _running(caller: Caller) -> list[Lease]:
    leases = Lease.objects.select_related("agent", "attempt", "task__project").order_by("acquired_at", "pk")
    if caller.project_ids is not None:
        leases = leases.filter(task__project__in=caller.project_ids)
    return list(leases[:MOST_RUNNING])


def _latest(caller: Caller, projects: dict[int, Project], phases: dict[int, Phase]) -> list[Happened]:
    events = list(visible_events(caller).exclude(kind__in=SMALL_TALK).order_by("-id")[:LATEST])
    titles = dict(Task.objects.filter(pk__in={event.task_id for event in events if event.task_id}).values_list("pk", "title"))
    return [_happened(event, projects, phases, titles) for event in events]


def _happened(event: Event, projects: dict[int, Project], phases: dict[int, Phase], titles: dict[int, str]) -> Happened:
    phase = phases.get(event.phase_id or 0)
    name = event.data.get("name", "") if isinstance(event.data, dict) else ""
    return Happened(
        event,
        projects.get(event.project_id or 0),
        titles.get(event.task_id or 0, ""),
        phase.name if phase else name if event.kind.startswith("phase.") else "",
        name if event.kind.startswith("agent.") else "",
    )


def _onboarding(caller: Caller, projects: list[ProjectOverview]) -> Onboarding | None:
    if any(each.progress.done for each in projects) or not any(has >= Permission.PLAN for has in caller.permissions.values()):
        return None
    keys = ApiKey.objects.filter(revoked_at=None, scope__in=[Scope.AGENT, Scope.COORDINATOR])
    planned = next((each.project for each in projects if caller.may(Permission.PLAN, each.project.pk)), None)
    has_agent = Agent.objects.exists()
    return Onboarding(has_agent or keys.exists(), has_agent, planned)
