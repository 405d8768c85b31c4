"""The Claude task queue's own paths: /api/tasks and so on, in its words pending, in_progress, completed and high, medium, low."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.urls import URLPattern, path
from pydantic import AliasChoices, Field

from coordination.api.answers import reply
from coordination.api.compat.simple import agent_of, asked, holder_for, methods, name_of, project_of, query, speaker
from coordination.api.door import Request
from coordination.api.repeats import kept_work, once_only
from coordination.api.shapes.base import Asked, Text
from coordination.api.signs import alive
from coordination.errors import Invalid, NotFound
from coordination.lifecycle import Band, LeaseMode, State
from coordination.models import Message, Task
from coordination.operations import agents, claims, creation, finish, leases, messages
from coordination.operations.creation import NewTask
from coordination.operations.idempotency import Answer
from coordination.operations.report import Report
from coordination.operations.tokens import Holder
from coordination.queries import filters
from coordination.queries import tasks as finding
from coordination.queries.access import Permission, acting_agent, find_task, require_may_add, visible_agents, visible_tasks
from coordination.queries.stats import counts

STATUS: dict[str, str] = {
    State.WAITING: "pending",
    State.QUEUED: "pending",
    State.BLOCKED: "pending",
    State.CLAIMED: "in_progress",
    State.RUNNING: "in_progress",
    State.REVIEW: "completed",
    State.DONE: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
LISTED: dict[str, list[State]] = {
    "pending": [State.QUEUED],
    "in_progress": [State.CLAIMED, State.RUNNING],
    "completed": [State.DONE, State.REVIEW],
    "failed": [State.FAILED],
    "cancelled": [State.CANCELLED],
    "all": list(State),
}
PRIORITY = {"high": 10, "medium": 50, "low": 80}
LEVEL = {Band.CRITICAL: "high", Band.NORMAL: "medium", Band.LOW: "low"}
PAGE = 200
LONGEST_TITLE = 500

ShortText = Annotated[str, Field(max_length=200)]


class AddAsked(Asked):
    description: Text = Field(min_length=1, validation_alias=AliasChoices("description", "task", "title"))
    priority: Literal["high", "medium", "low"] = "medium"
    created_by: ShortText | None = None
    notes: Text = ""
    project: Annotated[str, Field(max_length=60)] | None = None


class InstanceAsked(Asked):
    """Instances name themselves by CLAUDE_INSTANCE, and for people by CLAUDE_INSTANCE_NAME."""

    instance: str | None = Field(None, max_length=100, validation_alias=AliasChoices("instance", "instance_id", "claimed_by", "agent"))
    instance_name: str | None = Field(None, max_length=200, validation_alias=AliasChoices("instance_name", "name"))
    hostname: str = Field("", max_length=200, validation_alias=AliasChoices("hostname", "host", "machine"))


class StatusAsked(InstanceAsked):
    status: Literal["pending", "in_progress", "completed", "failed"] | None = None
    notes: Text = ""


class CompleteAsked(InstanceAsked):
    notes: Text = Field("", validation_alias=AliasChoices("notes", "result"))


class HeartbeatAsked(InstanceAsked):
    status: ShortText | None = None
    current_task: Annotated[int, Field(ge=1)] | None = None


def told(task: Task) -> dict[str, Any]:
    return _told(finding.told(Task.objects.filter(pk=task.pk)).get())


def _told(task: Task) -> dict[str, Any]:
    lease = getattr(task, "lease", None)
    last = Message.objects.filter(task=task).order_by("-pk").values_list("text", flat=True).first()
    return {
        "id": task.pk,
        "description": task.objective or task.title,
        "title": task.title,
        "priority": LEVEL[task.band],
        "status": STATUS[task.state],
        "state": task.state,
        "instance": lease.agent.name if lease else None,
        "instance_name": lease.agent.title if lease else None,
        "notes": task.result or last or "",
        "created_by": task.created_by,
        "created_at": task.created_at,
        "claimed_at": task.claimed_at,
        "completed_at": task.done_at,
    }


def add(request: Request) -> HttpResponse:
    body = asked(request, AddAsked)
    project = project_of(request.auth, body.project)
    require_may_add(request.auth, project)
    title = body.description.strip().partition("\n")[0][:LONGEST_TITLE]
    text = "\n\n".join(part for part in (body.description, body.notes) if part)

    def run() -> Answer:
        new = NewTask(
            title=title, objective=body.description, instructions=text, priority=PRIORITY[body.priority], lease_mode=LeaseMode.MANUAL
        )
        made = told(creation.create_task(project, new, actor=request.auth.actor))
        return Answer(201, {**made, "task": made, "task_id": made["id"]})

    return once_only(request, run)


def list_pending(request: Request) -> HttpResponse:
    wanted = query(request, ["status", "instance", "project"])
    status = wanted.get("status", "pending")
    if status not in LISTED:
        raise Invalid(f"{status[:60]!r} is no status; choose {', '.join(LISTED)}.", field="status")
    narrowed = filters.of(state=LISTED[status], agent=wanted.get("instance"), project=wanted.get("project"))
    order = "queue" if status == "pending" else "id"
    found = filters.matching(visible_tasks(request.auth), narrowed, caller=request.auth)
    rows, _ = finding.page_of(found, order, None, PAGE)
    return reply({"tasks": [_told(each) for each in rows], "count": len(rows)})


def next_one(request: Request) -> HttpResponse:
    """Tell of the task to claim next, null when there is none. It is not claimed."""
    wanted = query(request, ["instance"])
    try:
        agent = acting_agent(request.auth, name_of(request, wanted.get("instance")))
        found = finding.next_for(agent, request.auth.project_ids)
    except NotFound:  # an instance that never checked in: whatever is next for anybody
        queued = visible_tasks(request.auth).filter(state=State.QUEUED).filter(project__paused_at=None)
        found = finding.page_of(queued, "queue", None, 1)[0]
    return reply({"task": _told(found[0]) if found else None})


def claim(request: Request, task_id: int) -> HttpResponse:
    body = asked(request, InstanceAsked)
    task = find_task(request.auth, task_id, Permission.WORK)
    agent, key = agent_of(request, name_of(request, body.instance), display_name=body.instance_name or ""), request.auth.key
    alive(agent)

    def run() -> Answer:
        claims.claim_task(task.pk, agent, key_id=key.pk if key else 0, allowed=request.auth.project_ids)
        return Answer(200, _done(task))

    return once_only(request, run)


def update(request: Request, task_id: int) -> HttpResponse:
    """Change the status, the notes, or both. Either is a sign of life: the two hours begin anew (P4)."""
    body = asked(request, StatusAsked)
    if body.status is None and not body.notes:
        raise Invalid("Send a status, notes, or both.", field="status")
    task = find_task(request.auth, task_id, Permission.WORK)
    holder = holder_for(request, task, speaker(request, body.instance))

    def run() -> Answer:
        _apply(holder, body)
        return Answer(200, _done(task))

    return kept_work(request, run)


def _apply(holder: Holder, body: StatusAsked) -> None:
    if body.status in (None, "in_progress"):
        leases.start(holder)
        leases.renew(holder)
    if body.notes and body.status not in ("completed", "failed"):
        messages.log(holder, body.notes)
    if body.status == "completed":
        finish.complete(holder, Report(result=body.notes))
    elif body.status == "failed":
        finish.fail(holder, Report(error=body.notes), retryable=False)
    elif body.status == "pending":
        leases.release(holder, reason=body.notes)


def complete(request: Request, task_id: int) -> HttpResponse:
    body = asked(request, CompleteAsked)
    task = find_task(request.auth, task_id, Permission.WORK)
    holder = holder_for(request, task, speaker(request, body.instance))

    def run() -> Answer:
        finish.complete(holder, Report(result=body.notes))
        return Answer(200, _done(task))

    return kept_work(request, run)


def _done(task: Task) -> dict[str, Any]:
    now = told(task)
    return {**now, "success": True, "task": now}


def stats(request: Request) -> HttpResponse:
    query(request, [])
    found = counts(request.auth)
    by_status = dict.fromkeys(LISTED.keys() - {"all"}, 0)
    for state, number in found.tasks.items():
        by_status[STATUS[state]] += number
    instances = [
        {"instance": each.name, "name": each.title, "status": each.state, "last_seen": each.last_seen_at}
        for each in visible_agents(request.auth).with_lease().order_by("name")[:PAGE]
    ]
    return reply({**by_status, "total": sum(by_status.values()), "instances": instances})


def heartbeat(request: Request) -> HttpResponse:
    body = asked(request, HeartbeatAsked)
    agent = agent_of(request, name_of(request, body.instance), display_name=body.instance_name or "", host=body.hostname)
    alive(agent)

    def run() -> Answer:
        server_time = agents.seen(agent, display_name=body.instance_name or "")
        beats = leases.renew_all(agent)
        told = {"success": True, "status": "ok", "instance": agent.name, "server_time": server_time}
        return Answer(200, {**told, "tasks": [beat.task_id for beat in beats]})

    return once_only(request, run)


urlpatterns: list[URLPattern] = [
    path("api/tasks", methods(get=list_pending, post=add)),
    path("api/tasks/next", methods(get=next_one)),
    path("api/tasks/<int:task_id>/claim", methods(post=claim)),
    path("api/tasks/<int:task_id>/status", methods(put=update)),
    path("api/tasks/<int:task_id>/complete", methods(post=complete)),
    path("api/stats", methods(get=stats)),
    path("api/instance/heartbeat", methods(post=heartbeat)),
]
