"""/tasks/{id}/start, heartbeat, progress, complete, fail, release, ask, log, subtasks: what a lease holder writes (P2)."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from coordination.api.answers import reply
from coordination.api.door import Request, caller_of
from coordination.api.repeats import kept_work, once_only
from coordination.api.shapes.work import (
    BeatTold,
    CompleteAsked,
    FailAsked,
    LogTold,
    ProgressAsked,
    QuestionTold,
    ReleaseAsked,
    SayingAsked,
    WorkAsked,
    WorkTold,
)
from coordination.api.signs import alive_by_id
from coordination.errors import Invalid, Refused
from coordination.lifecycle import State, heartbeat_every
from coordination.operations import finish, leases, messages
from coordination.operations.admission import brake
from coordination.operations.idempotency import Answer
from coordination.operations.leases import LeaseBeat
from coordination.operations.report import Report
from coordination.operations.tokens import Holder, holder_of
from coordination.queries.access import Caller, Permission, find_task

router = Router(tags=["work"])


def hold(request: Request, task_id: int, body: WorkAsked | None) -> Holder:
    """Return the right to write that the request proves. Whoever may not see the task hears that there is none."""
    token = (body.lease_token if body else "") or request.META.get("HTTP_X_LEASE_TOKEN", "")
    key = request.auth.key
    try:
        if not token or key is None:
            raise Invalid("Send the lease_token of your claim, in the body or as X-Lease-Token.", field="lease_token")
        return holder_of(token, task_id, key.pk)
    except (Invalid, Refused) as refusal:
        find_task(request.auth, task_id, Permission.WORK)
        if isinstance(refusal, Refused) and key:
            brake("lease tokens", f"lease:{key.pk}")
        raise


def beat_told(beat: LeaseBeat) -> dict[str, Any]:
    changed = None
    if beat.instructions_changed:
        old, new = beat.instructions_from, beat.instructions_to
        start = f"from={old}&" if old else ""
        changed = {"from": old, "to": new, "diff": f"/api/v1/tasks/{beat.task_id}/diff?{start}to={new}", "policy": beat.on_change}
    return {
        "task": beat.task_id,
        "attempt": beat.attempt,
        "fence": beat.fence,
        "expires_at": beat.expires_at,
        "server_time": beat.server_time,
        "cancel_requested": beat.cancel_requested,
        "cancel_reason": beat.cancel_reason,
        "instructions_changed": changed,
        "heartbeat_every": heartbeat_every(beat.ttl),
    }


def report_of(body: CompleteAsked | FailAsked) -> Report:
    return Report(
        result=body.result,
        report=body.report,
        error=body.error if isinstance(body, FailAsked) else "",
        data=body.data,
        usage=body.usage.model_dump(exclude_none=True) if body.usage else {},
        cost_usd=body.cost_usd,
    )


def _now(task_id: int, state: str, **more: Any) -> Answer:
    return Answer(200, {"id": task_id, "state": str(state), **more})


@router.post("/tasks/{int:task_id}/heartbeat", response=BeatTold, operation_id="heartbeatTask")
def heartbeat(request: Request, task_id: int, body: WorkAsked | None = None) -> HttpResponse:
    """Renew the lease and hear whether to stop and whether the instructions changed."""
    holder = hold(request, task_id, body)

    def run() -> Answer:
        beat = leases.renew(holder)
        alive_by_id(beat.agent_id)
        return Answer(200, beat_told(beat))

    return once_only(request, run)


@router.post("/tasks/{int:task_id}/start", response=WorkTold, operation_id="startTask")
def start(request: Request, task_id: int, body: WorkAsked | None = None) -> HttpResponse:
    """Say that you begin. Saying it twice is no error."""
    holder = hold(request, task_id, body)
    return once_only(request, lambda: _now(task_id, leases.start(holder).state))


@router.post("/tasks/{int:task_id}/progress", response=WorkTold, operation_id="reportProgress")
def progress(request: Request, task_id: int, body: ProgressAsked) -> HttpResponse:
    """Say how far you are, in percent, and what you are doing."""
    holder = hold(request, task_id, body)
    return once_only(request, lambda: _now(task_id, leases.progress(holder, percent=body.percent, note=body.note).state))


@router.post("/tasks/{int:task_id}/complete", response=WorkTold, operation_id="completeTask")
def complete(request: Request, task_id: int, body: CompleteAsked | None = None) -> HttpResponse:
    """Finish the task, or hand it to review. After a lost lease: 409, and what you send is kept for a person to adopt."""
    report = report_of(body or CompleteAsked())
    if request.believed:
        if completed := _completed_as_believed(request.believed, task_id, body, report):
            return completed
        request.auth = caller_of(request)
    holder = hold(request, task_id, body)
    return kept_work(request, lambda: _now(task_id, finish.complete(holder, report)))


def _completed_as_believed(caller: Caller, task_id: int, body: CompleteAsked | None, report: Report) -> HttpResponse | None:
    """Complete in the one statement that also asks for the key; None leaves everything to the long way."""
    if caller.key is None or body is None or not body.lease_token:
        return None
    try:
        state = finish.complete_as_believed(caller, holder_of(body.lease_token, task_id, caller.key.pk), report)
    except (Invalid, Refused):
        return None
    return reply(_now(task_id, state).body) if state else None


@router.post("/tasks/{int:task_id}/fail", response=WorkTold, operation_id="failTask")
def fail(request: Request, task_id: int, body: FailAsked) -> HttpResponse:
    """Say that the attempt failed; a retryable failure is tried again while attempts are left."""
    holder, report = hold(request, task_id, body), report_of(body)
    return kept_work(request, lambda: _now(task_id, finish.fail(holder, report, retryable=body.retryable)))


@router.post("/tasks/{int:task_id}/release", response=WorkTold, operation_id="releaseTask")
def release(request: Request, task_id: int, body: ReleaseAsked | None = None) -> HttpResponse:
    """Hand the task back unfinished. This is no failure."""
    holder, reason = hold(request, task_id, body), body.reason if body else ""
    return once_only(request, lambda: _now(task_id, leases.release(holder, reason=reason).state))


@router.post("/tasks/{int:task_id}/ask", response=QuestionTold, operation_id="askPerson")
def ask(request: Request, task_id: int, body: SayingAsked) -> HttpResponse:
    """Ask a person. The lease goes back; claim the task again when it is answered."""
    holder = hold(request, task_id, body)
    return once_only(request, lambda: _now(task_id, State.BLOCKED, question=finish.ask(holder, body.text).pk))


@router.post("/tasks/{int:task_id}/log", response=LogTold, operation_id="logMessage")
def log(request: Request, task_id: int, body: SayingAsked) -> HttpResponse:
    """Say something about the task you hold, in its project's log."""
    holder = hold(request, task_id, body)

    def run() -> Answer:
        message = messages.log(holder, body.text)
        return _now(task_id, message.task.state if message.task else "", message=message.pk)

    return once_only(request, run)
