"""The task coordination service's own paths: /tasks and /agents, in its words queued, claimed, running, done, failed."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.urls import URLPattern, path
from pydantic import Field

from coordination.api.answers import reply
from coordination.api.compat.simple import agent_of, asked, holder_for, methods, name_of, project_of, query, speaker
from coordination.api.door import Request
from coordination.api.repeats import kept_work, once_only
from coordination.api.shapes.base import Asked, Line, Name, Priority, Text, TierWord
from coordination.api.shapes.told_tasks import lease_told
from coordination.api.signs import alive
from coordination.api.work import beat_told
from coordination.errors import Invalid
from coordination.lifecycle import DEFAULT_PRIORITY, State, Tier
from coordination.models import Agent, Task
from coordination.operations import agents, claims, creation, finish, leases, tasks
from coordination.operations.creation import NewTask
from coordination.operations.idempotency import Answer
from coordination.operations.report import Report
from coordination.queries import filters
from coordination.queries import tasks as finding
from coordination.queries.access import Permission, find_task, require_may_add, require_may_cancel, visible_agents, visible_tasks

# Blocked and waiting tasks are not to be claimed yet, so they are shown as queued but not listed as such.
STATUS: dict[str, str] = {
    State.WAITING: "queued",
    State.QUEUED: "queued",
    State.BLOCKED: "queued",
    State.CLAIMED: "claimed",
    State.RUNNING: "running",
    State.REVIEW: "done",
    State.DONE: "done",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}
LISTED: dict[str, list[State]] = {
    "queued": [State.QUEUED],
    "claimed": [State.CLAIMED],
    "running": [State.RUNNING],
    "done": [State.DONE, State.REVIEW],
    "failed": [State.FAILED, State.CANCELLED],
}
PAGE = 200


class AddAsked(Asked):
    title: Name
    description: Text = ""
    kind: Annotated[str, Field(max_length=60)] = ""
    priority: Priority = DEFAULT_PRIORITY
    tier: TierWord = Tier.STANDARD
    project: Annotated[str, Field(max_length=60)] | None = None
    agent: Annotated[str, Field(max_length=100)] | None = None


class AgentAsked(Asked):
    agent: Annotated[str, Field(max_length=100)] | None = None
    agent_id: Annotated[str, Field(max_length=100)] | None = None
    status: Line | None = None

    @property
    def name(self) -> str | None:
        return self.agent or self.agent_id


class StatusAsked(AgentAsked):
    status: Literal["queued", "claimed", "running", "done", "failed"]
    result: Text = ""
    error: Text = ""


class CompleteAsked(AgentAsked):
    result: Text = ""


def told(task: Task) -> dict[str, Any]:
    task = finding.told(Task.objects.filter(pk=task.pk)).get()
    return _told(task)


def _told(task: Task) -> dict[str, Any]:
    lease = getattr(task, "lease", None)
    return {
        "id": task.pk,
        "title": task.title,
        "description": task.objective,
        "kind": task.kind,
        "priority": task.priority,
        "tier": task.tier,
        "status": STATUS[task.state],
        "state": task.state,
        "agent": lease.agent.name if lease else None,
        "lease": lease_told(lease) if lease else None,
        "result": task.result,
        "reason": task.reason,
        "project": task.project.slug,
        "created_at": task.created_at,
        "claimed_at": task.claimed_at,
        "started_at": task.running_at,
        "finished_at": task.done_at or task.failed_at or task.cancelled_at,
    }


def add(request: Request) -> HttpResponse:
    body = asked(request, AddAsked)
    project = project_of(request.auth, body.project)
    require_may_add(request.auth, project)
    agent = agent_of(request, body.agent) if body.agent else None

    def run() -> Answer:
        new = NewTask(
            title=body.title,
            objective=body.description,
            instructions=body.description,
            kind=body.kind,
            priority=body.priority,
            tier=body.tier,
            assigned_to=agent,
        )
        return Answer(201, told(creation.create_task(project, new, actor=request.auth.actor)))

    return once_only(request, run)


def list_all(request: Request) -> HttpResponse:
    wanted = query(request, ["status", "agent", "kind", "project"])
    if (status := wanted.get("status")) is not None and status not in LISTED:
        raise Invalid(f"{status[:60]!r} is no status; choose {', '.join(LISTED)}.", field="status")
    states = LISTED[status] if status else ()
    narrowed = filters.of(state=states, agent=wanted.get("agent"), kind=wanted.get("kind"), project=wanted.get("project"))
    found = filters.matching(visible_tasks(request.auth), narrowed, caller=request.auth)
    rows, _ = finding.page_of(found, "queue" if status == "queued" else "id", None, PAGE)
    return reply({"tasks": [_told(each) for each in rows], "count": len(rows)})


def show(request: Request, task_id: int) -> HttpResponse:
    return reply(told(find_task(request.auth, task_id)))


def claim(request: Request, task_id: int) -> HttpResponse:
    body = asked(request, AgentAsked)
    task = find_task(request.auth, task_id, Permission.WORK)
    agent, key = agent_of(request, name_of(request, body.name)), request.auth.key
    alive(agent)

    def run() -> Answer:
        claims.claim_task(task.pk, agent, key_id=key.pk if key else 0, allowed=request.auth.project_ids)
        return Answer(200, told(task))

    return once_only(request, run)


def update(request: Request, task_id: int) -> HttpResponse:
    body = asked(request, StatusAsked)
    task = find_task(request.auth, task_id, Permission.WORK)
    if body.status == "claimed":
        return claim_as(request, task, body)
    holder = holder_for(request, task, speaker(request, body.name))

    def run() -> Answer:
        if body.status == "running":
            leases.start(holder)
        elif body.status == "done":
            finish.complete(holder, Report(result=body.result))
        elif body.status == "failed":
            finish.fail(holder, Report(result=body.result, error=body.error or body.result), retryable=False)
        else:
            leases.release(holder, reason=body.error or body.result)
        return Answer(200, told(task))

    return kept_work(request, run)


def claim_as(request: Request, task: Task, body: StatusAsked) -> HttpResponse:
    agent, key = agent_of(request, name_of(request, body.name)), request.auth.key

    def run() -> Answer:
        claims.claim_task(task.pk, agent, key_id=key.pk if key else 0, allowed=request.auth.project_ids)
        return Answer(200, told(task))

    return once_only(request, run)


def complete(request: Request, task_id: int) -> HttpResponse:
    body = asked(request, CompleteAsked)
    task = find_task(request.auth, task_id, Permission.WORK)
    holder = holder_for(request, task, speaker(request, body.name))

    def run() -> Answer:
        finish.complete(holder, Report(result=body.result))
        return Answer(200, told(task))

    return kept_work(request, run)


def cancel(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.auth, task_id, Permission.WORK)
    require_may_cancel(request.auth, task)
    tasks.cancel(task, actor=request.auth.actor)
    return reply(told(task))


def list_agents(request: Request) -> HttpResponse:
    query(request, [])
    found = visible_agents(request.auth).with_lease().with_activity().order_by("name")[:PAGE]
    return reply({"agents": [_agent_told(each) for each in found]})


def _agent_told(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.name,
        "name": agent.title,
        "status": agent.state,
        "capabilities": agent.capabilities,
        "tiers": agent.tiers,
        "last_heartbeat": agent.last_seen_at,
        "registered_at": agent.registered_at,
    }


def heartbeat(request: Request) -> HttpResponse:
    body = asked(request, AgentAsked)
    agent = agent_of(request, name_of(request, body.name))
    alive(agent)

    def run() -> Answer:
        server_time = agents.seen(agent)
        beats = [beat_told(beat) for beat in leases.renew_all(agent)]
        return Answer(200, {"status": "ok", "agent": agent.name, "server_time": server_time, "leases": beats})

    return once_only(request, run)


urlpatterns: list[URLPattern] = [
    path("tasks", methods(get=list_all, post=add)),
    path("tasks/<int:task_id>", methods(get=show, delete=cancel)),
    path("tasks/<int:task_id>/claim", methods(post=claim)),
    path("tasks/<int:task_id>/status", methods(patch=update)),
    path("tasks/<int:task_id>/complete", methods(post=complete)),
    path("agents", methods(get=list_agents)),
    path("agents/heartbeat", methods(post=heartbeat)),
]
