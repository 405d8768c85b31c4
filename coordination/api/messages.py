"""/messages: the communication log."""

from django.http import HttpResponse
from ninja import Query, Router

from coordination.api import cursors
from coordination.api.answers import page
from coordination.api.claims import agent_of
from coordination.api.door import Request
from coordination.api.planning import agent_named
from coordination.api.repeats import once_only
from coordination.api.shapes.filters import Number, Pages
from coordination.api.shapes.messages import AckAsked, MessageAsked, MessagePage, MessageTold, message_told
from coordination.errors import Invalid, NotFound
from coordination.models import Message, Task
from coordination.operations import messages
from coordination.operations.idempotency import Answer
from coordination.queries.access import Permission, find_message, find_project, find_task

router = Router(tags=["messages"])


class MessageQuery(Pages):
    after: Number | None = None
    task: Number | None = None
    to_agent: str | None = None
    unacked_by: str | None = None


def _read(number: int) -> Message:
    return Message.objects.select_related("project", "to_agent").prefetch_related("acks__agent").get(pk=number)


@router.get("/projects/{slug}/messages", response=MessagePage, operation_id="listMessages")
def list_messages(request: Request, slug: str, filters: Query[MessageQuery]) -> HttpResponse:
    """List the project's messages, oldest first. `unacked_by` leaves out what that agent has acknowledged."""
    found = Message.objects.filter(project=find_project(request.auth, slug)).select_related("project", "to_agent")
    after = cursors.decode(filters.cursor, [int])[0] if filters.cursor else filters.after or 0
    found = found.filter(pk__gt=after)
    if filters.task is not None:
        found = found.filter(task=filters.task)
    if filters.to_agent is not None:
        found = found.filter(to_agent__name=filters.to_agent)
    if filters.unacked_by is not None:
        found = found.exclude(acks__agent__name=filters.unacked_by)
    rows = list(found.prefetch_related("acks__agent").order_by("pk")[: filters.limit + 1])
    more, rows = len(rows) > filters.limit, rows[: filters.limit]
    return page(request, [message_told(each) for each in rows], cursors.encode([rows[-1].pk]) if more else None)


@router.post("/projects/{slug}/messages", response={201: MessageTold}, operation_id="sayMessage")
def say_message(request: Request, slug: str, body: MessageAsked) -> HttpResponse:
    """Write a message to everybody, or to one agent."""
    project = find_project(request.auth, slug, Permission.WORK)

    def run() -> Answer:
        task = _task_of(request, project.pk, body.task)
        to_agent = agent_named(body.to_agent, request.auth, "to_agent")
        said = messages.say(project, body.text, actor=request.auth.actor, task=task, to_agent=to_agent)
        return Answer(201, message_told(_read(said.pk)))

    return once_only(request, run)


def _task_of(request: Request, project_id: int, number: int | None) -> Task | None:
    if number is None:
        return None
    try:
        task: Task | None = find_task(request.auth, number)
    except NotFound:
        task = None
    if task is None or task.project_id != project_id:
        raise Invalid(f"This project has no task #{number}.", field="task")
    return task


@router.post("/messages/{int:message_id}/ack", response=MessageTold, operation_id="acknowledgeMessage")
def acknowledge(request: Request, message_id: int, body: AckAsked | None = None) -> HttpResponse:
    """Note that the agent has read the message. Twice is no error."""
    message = find_message(request.auth, message_id, Permission.WORK)
    agent = agent_of(request, body.agent if body else None)

    def run() -> Answer:
        messages.acknowledge(message, agent)
        return Answer(200, message_told(_read(message.pk)))

    return once_only(request, run)
