"""/tasks/next and /tasks/claim: how an agent gets work."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel

from coordination.api.answers import nothing, polled, reply
from coordination.api.door import Request, caller_of
from coordination.api.repeats import once_only
from coordination.api.shapes.told_tasks import TaskTold, task_told
from coordination.api.shapes.work import ClaimAsked, ClaimOneAsked, ClaimsTold, ClaimTold, Wait
from coordination.api.signs import alive
from coordination.api.waiting import long_poll
from coordination.errors import NotFound
from coordination.hub import Wanted
from coordination.lifecycle import LEASE_TTL, heartbeat_every
from coordination.models import Agent, Attempt, Event, Lane
from coordination.models.clock import now
from coordination.models.prepared import Prepared
from coordination.operations import claims
from coordination.operations.claims import Claimed, Narrowing
from coordination.operations.idempotency import Answer
from coordination.operations.tokens import lease_token
from coordination.queries.access import Caller, Permission, acting_agent, find_project, find_task
from coordination.queries.brief import brief_of
from coordination.queries.tasks import next_for

router = Router(tags=["work"])

CLAIMED = Prepared(
    lambda pk: Attempt.objects.filter(pk=pk).select_related("agent", "lease", "task__project", "task__phase", "task__assigned_to"),
    sample=-1,
)


def agent_of(request: Request, named: str | None) -> Agent:
    """Return the agent that the request speaks for: its key's own, or the one that body, query or X-Agent names."""
    return acting_agent(request.auth, named or request.META.get("HTTP_X_AGENT", ""))


def claims_told(attempt_ids: Sequence[int], key_id: int, *, with_brief: bool, fresh: Sequence[Claimed] = ()) -> list[dict[str, Any]]:
    """Tell of claimed attempts; `fresh` are those claimed just now. The lease token is derived here and stored nowhere (P2)."""
    at_hand = {each.attempt_id: each.attempt for each in fresh if each.attempt}
    moment = fresh[0].server_time if fresh else now()
    attempts = (at_hand.get(pk) or CLAIMED.first(pk) for pk in attempt_ids)
    return [_told(attempt, key_id, moment, with_brief) for attempt in attempts if attempt]


def _told(attempt: Attempt, key_id: int, moment: datetime, with_brief: bool) -> dict[str, Any]:
    lease = getattr(attempt, "lease", None)
    if lease:
        lease.agent, lease.attempt, attempt.task.lease = attempt.agent, attempt, lease
    return {
        "task": task_told(attempt.task),
        "attempt": {
            "id": attempt.pk,
            "number": attempt.number,
            "agent": attempt.agent.name,
            "commit": attempt.commit,
            "claimed_at": attempt.claimed_at,
        },
        "lease_token": lease_token(attempt.task_id, attempt.fence, key_id),
        "fence": attempt.fence,
        "expires_at": lease.expires_at if lease else None,
        "heartbeat_every": heartbeat_every(lease.ttl if lease else LEASE_TTL),
        "server_time": moment,
        "brief": brief_of(attempt) if with_brief else None,
    }


@router.post("/tasks/claim", response={200: ClaimsTold, 204: None}, operation_id="claimTasks")
def claim(request: Request, body: ClaimAsked | None = None) -> HttpResponse:
    """Claim the most urgent tasks that this agent can run; 204 when there are none within `wait` seconds."""
    asked = body or ClaimAsked()
    if request.believed:
        if claimed := _claimed_as_believed(request.believed, asked):
            return claimed
        request.auth = caller_of(request)
    looks = 0

    def look() -> HttpResponse | None:
        nonlocal looks
        looks += 1
        if looks > 1:  # much may have happened while we waited: a revoked key, a retired agent
            request.auth = caller_of(request)
        response = _claim_now(request, asked)
        return response if response.status_code != 204 else None

    agent = agent_of(request, asked.agent)
    alive(agent)
    wanted = _queued_for(agent, _narrowing(request.auth, asked))
    return long_poll(look, wanted, asked.wait, exclusive=True) or nothing()


def _claimed_as_believed(caller: Caller, asked: ClaimAsked) -> HttpResponse | None:
    """Claim in the one statement that also asks for the key; None leaves everything to the long way."""
    if caller.key is None or caller.key.agent is None or asked.limit > 1 or asked.agent or asked.project:
        return None
    fresh = claims.claim_as_believed(caller, Narrowing(tiers=asked.tiers, capabilities=asked.capabilities))
    if not fresh:
        return None
    alive(caller.key.agent)
    return reply({"items": claims_told([fresh[0].attempt_id], caller.key.pk, with_brief=asked.brief, fresh=fresh)})


def _claim_now(request: Request, asked: ClaimAsked) -> HttpResponse:
    agent, narrowing, key_id = agent_of(request, asked.agent), _narrowing(request.auth, asked), _key_id(request)
    fresh: list[Claimed] = []

    def run() -> Answer:
        fresh[:] = claims.claim_next(agent, key_id=key_id, narrowing=narrowing, limit=asked.limit)
        # What is kept for repeats names the attempts only: neither tokens nor briefs lie in the database.
        return Answer(200, {"attempts": [each.attempt_id for each in fresh]}) if fresh else Answer(204, None)

    def rebuild(stored: Any) -> dict[str, Any]:
        return {"items": claims_told(stored["attempts"], key_id, with_brief=asked.brief, fresh=fresh)}

    return once_only(request, run, rebuild)


def _key_id(request: Request) -> int:
    assert request.auth.key is not None, "acting_agent lets nobody without a key this far"
    return request.auth.key.pk


def _narrowing(caller: Caller, asked: ClaimAsked) -> Narrowing:
    project_ids = caller.project_ids if asked.project is None else [find_project(caller, asked.project, Permission.WORK).pk]
    return Narrowing(project_ids=project_ids, tiers=asked.tiers, capabilities=asked.capabilities)


@lru_cache(maxsize=10_000)
def lane_numbered(lane_id: int) -> Lane | None:
    """Return a lane; lanes never change, so each is read once."""
    return Lane.objects.filter(pk=lane_id).first()


def _queued_for(agent: Agent, narrowing: Narrowing) -> Wanted:
    """Return a test for "a task was queued that this agent could claim with this narrowing"."""

    def wanted(event: Event) -> bool:
        if event.kind not in ("task.queued", "task.fell_back") or "lane" not in event.data:
            return False
        lane = lane_numbered(event.data["lane"])
        return (
            lane is not None
            and lane.assigned_to_id in (None, agent.pk)
            and agent.can_run(lane.tier, lane.capabilities)
            and narrowing.admits(lane)
        )

    return wanted


@router.post("/tasks/{int:task_id}/claim", response=ClaimTold, operation_id="claimTask")
def claim_one(request: Request, task_id: int, body: ClaimOneAsked | None = None) -> HttpResponse:
    """Claim this task, or hear who holds it or what keeps this agent from it."""
    asked = body or ClaimOneAsked()
    task = find_task(request.auth, task_id, Permission.WORK)
    agent, key_id = agent_of(request, asked.agent), _key_id(request)
    alive(agent)

    fresh: list[Claimed] = []

    def run() -> Answer:
        fresh[:] = [claims.claim_task(task.pk, agent, key_id=key_id, allowed=request.auth.project_ids)]
        return Answer(200, {"attempts": [fresh[0].attempt_id]})

    def rebuild(stored: Any) -> dict[str, Any]:
        found = claims_told(stored["attempts"], key_id, with_brief=asked.brief, fresh=fresh)
        if not found:
            raise NotFound(f"There is no task #{task_id} any more.")
        return found[0]

    return once_only(request, run, rebuild)


class NextQuery(BaseModel):
    agent: str | None = None
    project: str | None = None
    wait: Wait = 0


@router.get("/tasks/next", response={200: TaskTold, 204: None}, operation_id="nextTask")
def next_task(request: Request, filters: Query[NextQuery]) -> HttpResponse:
    """Look at the task that this agent would get next, without claiming it; 204 when there is none within `wait` seconds."""
    agent = agent_of(request, filters.agent)
    asked = ClaimAsked(project=filters.project)
    narrowing = _narrowing(request.auth, asked)
    alive(agent)
    projects = None if narrowing.project_ids is None else list(narrowing.project_ids)
    found = long_poll(lambda: next_for(agent, projects), _queued_for(agent, narrowing), filters.wait)
    return polled(request, task_told(found[0]), version=found[0].version) if found else nothing()
