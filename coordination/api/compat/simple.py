"""What the simple clients of the seeds have in common: no lease tokens, no projects, agents that never registered.

They name their agent, and Muster finds the lease that this agent holds under this key. Every write still goes through
the lease's fence, so a client that lost its task hears so like any other (P2).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.http import HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from pydantic import BaseModel

from coordination.api import bodies
from coordination.api.door import Request
from coordination.errors import HeldByAnother, Invalid, Malformed, NotFound, Refused, WrongState
from coordination.models import Agent, Attempt, Lease, Project, Task
from coordination.operations import agents
from coordination.operations.inbox import default_project
from coordination.operations.tokens import Holder
from coordination.queries.access import Caller, acting_agent, find_project, may_register, visible_projects

Shape = TypeVar("Shape", bound=BaseModel)
Handler = Callable[..., HttpResponseBase]


def methods(**handlers: Handler) -> Handler:
    """Return a view that answers each HTTP method with its own function."""

    def view(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        handler = handlers.get((request.method or "").lower())
        if handler is None:
            return HttpResponseNotAllowed([name.upper() for name in handlers])
        return handler(request, *args, **kwargs)

    return view


def asked(request: Request, shape: type[Shape]) -> Shape:
    """Read the body; nothing at all is the same as {}."""
    content = bodies.parse(request.body) if request.body else {}
    if not isinstance(content, dict):
        raise Malformed("Send a JSON object.")
    return shape.model_validate(content)


def query(request: Request, allowed: Sequence[str]) -> dict[str, str]:
    """Return the query parameters; refuse any that is not among those allowed, or there twice."""
    for name, values in request.GET.lists():
        if name not in allowed:
            raise Invalid(f"There is no parameter {name[:60]!r} here; it takes {', '.join(allowed)}.", field=name[:60])
        if len(values) > 1:
            raise Invalid(f"{name!r} is there twice; send it once.", field=name)
    return {name: str(value) for name, value in request.GET.items()}


def name_of(request: Request, *named: str | None) -> str:
    """Return the name of the agent that speaks: from the body, a header, the key's own agent, or else the key's name."""
    key = request.auth.key
    given = next((name for name in named if name), "") or request.META.get("HTTP_X_AGENT", "") or request.META.get("HTTP_X_INSTANCE", "")
    if given or key is None:
        return given
    return key.agent.name if key.agent else key.name


def agent_of(request: Request, name: str, *, display_name: str = "", host: str = "") -> Agent:
    """Return the agent of this name, registered on the spot if nobody has heard of it, for every tier."""
    try:
        return acting_agent(request.auth, name)
    except NotFound:
        may_register(request.auth, name)
        return agents.register(name=name, actor=request.auth.actor, key=request.auth.key, display_name=display_name, host=host)


def project_of(caller: Caller, slug: str | None) -> Project:
    """Return the project that a new task goes to: the one named, else the key's only one, else `default`."""
    if slug:
        return find_project(caller, slug)
    if caller.project_ids is not None and len(caller.project_ids) == 1:
        return visible_projects(caller).get()
    if caller.project_ids is None:
        return default_project()
    return find_project(caller, "default")


def holder_for(request: Request, task: Task, name: str) -> Holder:
    """Return the right to write about the task that this agent has or had; the operation finds out whether it still counts."""
    key = request.auth.key
    lease = Lease.objects.select_related("agent", "attempt").filter(task=task).first()
    if lease and key and lease.attempt.key_id == key.pk and name in ("", lease.agent.name):
        return Holder(task.pk, lease.fence, key.pk)
    mine = Attempt.objects.filter(task=task, key=key, agent__name=name).order_by("-number").first() if key else None
    if mine and key:
        return Holder(task.pk, mine.fence, key.pk)
    if lease:
        raise HeldByAnother(f"#{task.pk} is held by {lease.agent.name}.", holder=lease.agent.name, expires_at=lease.expires_at.isoformat())
    raise WrongState(f"#{task.pk} is {task.state}; claim it first.", state=task.state)


def speaker(request: Request, *named: str | None) -> str:
    """Return the agent named in the request, "" when it names none: then whoever holds the task under this key is meant."""
    name = next((each for each in named if each), "") or request.META.get("HTTP_X_AGENT", "") or request.META.get("HTTP_X_INSTANCE", "")
    key = request.auth.key
    if name and key and key.agent and key.agent.name != name:
        raise Refused(f"This key belongs to agent {key.agent.name}; it cannot act as {name}.")
    return name
