"""Who may see and do what: the one place that every door asks (keys, scopes, project limits, roles).

What a caller may not see does not exist for it: the answer is the same 404. What it sees but may not do is a 403.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from coordination.actor import SYSTEM, Actor
from coordination.errors import NotFound, Refused, ScopeMissing, Unauthenticated
from coordination.models import Agent, ApiKey, Attempt, Event, Membership, Message, Phase, Project, Role, Scope, Task, User
from coordination.models.agent import AgentQuerySet
from coordination.models.event import EventQuerySet
from coordination.models.prepared import Prepared
from coordination.models.sql import planned, rows

T = TypeVar("T")


class Permission(IntEnum):
    """What a caller may do in a project; each includes those before it."""

    READ = 1
    WORK = 2
    PLAN = 3
    ADMIN = 4


OF_SCOPE = {Scope.READER: Permission.READ, Scope.AGENT: Permission.WORK, Scope.COORDINATOR: Permission.PLAN, Scope.ADMIN: Permission.ADMIN}
OF_ROLE = {Role.VIEWER: Permission.READ, Role.PLANNER: Permission.PLAN, Role.ADMIN: Permission.ADMIN}
IN_WORDS = {
    Permission.READ: "reading",
    Permission.WORK: "an agent or coordinator key",
    Permission.PLAN: "the planner role or a coordinator key",
    Permission.ADMIN: "the admin role",
}
EVERY_PROJECT = 0
# Of a project's settings, those that only say what is planned and how its board is worked with; a plan's directory holds them too.
# The others decide what agents may do and spend, and are an admin's.
SETTINGS_OF_PLANNERS = frozenset({"name", "description", "wip_limits"})


@dataclass(frozen=True)
class Caller:
    """Whoever asks, with the permission it has in each project; the entry EVERY_PROJECT counts for all."""

    actor: Actor
    permissions: dict[int, Permission]
    user: User | None = None
    key: ApiKey | None = None
    # The versions of the rows of its key and its agent; None where other rows count too.
    as_of: str | None = None

    def permission_in(self, project_id: int) -> Permission | None:
        return self.permissions.get(project_id, self.permissions.get(EVERY_PROJECT))

    def may(self, need: Permission, project_id: int) -> bool:
        has = self.permission_in(project_id)
        return has is not None and has >= need

    def may_everywhere(self, need: Permission) -> bool:
        return self.permissions.get(EVERY_PROJECT, Permission.READ - 1) >= need

    @property
    def project_ids(self) -> list[int] | None:
        """The projects this caller may see, or None for all of them."""
        return None if EVERY_PROJECT in self.permissions else list(self.permissions)

    @property
    def identity(self) -> str:
        """A name for whoever owns an idempotency key or a rate."""
        return f"key:{self.key.pk}" if self.key else f"user:{self.user.pk}" if self.user else "nobody"


OPERATOR = Caller(SYSTEM, {EVERY_PROJECT: Permission.ADMIN})  # whoever runs manage.py on the server

OPENED = "SELECT project_id FROM coordination_apikey_projects WHERE apikey_id = %s"
LIVE_KEY = Prepared(
    lambda public_id: (
        ApiKey.objects.select_related("agent", "user")
        .filter(revoked_at=None, public_id=public_id)
        .exclude(expires_at__lte=Now())
        .order_by()
    ),
    sample="the public id",
)


# Which versions of its rows a live key has: any change of the key or of its agent makes a new one.
_LIVE = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())"
_VERSIONS = "(k.xmin, k.ctid, a.xmin, a.ctid)::text"
VERSIONS_OF_KEY = f"""
    SELECT {_VERSIONS} FROM coordination_apikey k LEFT JOIN coordination_agent a ON a.id = k.agent_id
    WHERE k.public_id = %(public_id)s AND {_LIVE}"""
# The same, for a statement that asks for its agent's key itself.
AS_BELIEVED = f"""EXISTS (
        SELECT 1 FROM coordination_apikey k JOIN coordination_agent a ON a.id = k.agent_id
        WHERE k.id = %(key)s AND {_LIVE} AND {_VERSIONS} = %(as_of)s
    )"""
MAX_KNOWN = 10_000

_known: dict[str, Caller] = {}  # by public id; all requests with a key share its caller


def caller_of_key(raw: str) -> Caller:
    """Return the caller whose key this is; every wrong key gets the same refusal.

    On PostgreSQL a caller is read once, and then only asked for the versions of its rows: at every request, so that a key
    that was revoked opens nothing more, in any process.
    """
    _, public_id, secret = raw.split("_", 2) if _is_clean(raw) else ("", "", "")
    if connection.vendor == "postgresql":
        caller = _caller_as_of(public_id, planned(VERSIONS_OF_KEY, {"public_id": public_id}))
    else:
        caller = _read_caller(public_id)
    if caller is None or caller.key is None or not caller.key.matches(secret):
        raise Unauthenticated("This key is unknown, revoked or expired; ask an admin for a new one.")
    return caller


def _caller_as_of(public_id: str, versions: Sequence[tuple[Any, ...]]) -> Caller | None:
    if not versions:
        return None
    known = _known.get(public_id)
    if known and known.as_of == versions[0][0]:
        return known
    caller = _read_caller(public_id)
    # What a person may do, and which projects a limited key opens, stands in other rows.
    if caller and caller.key and not caller.user and not caller.key.is_limited:
        caller = replace(caller, as_of=versions[0][0])
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        _known[public_id] = caller
    return caller


def believed(raw: str) -> Caller | None:
    """Return the caller that this key, of an agent that works, was when it was last asked for; None when that is not known.

    Nothing may be done or told on this word alone: it is for a statement with AS_BELIEVED in it.
    """
    caller = _known.get(raw.split("_", 2)[1]) if _is_clean(raw) else None
    if caller is None or caller.key is None or caller.key.agent is None or not caller.may_everywhere(Permission.WORK):
        return None
    return caller if caller.key.matches(raw.split("_", 2)[2]) else None


def _read_caller(public_id: str) -> Caller | None:
    key = LIVE_KEY.first(public_id)
    return _caller(key) if key else None


def _is_clean(raw: str) -> bool:
    return raw.startswith("mst_") and raw.count("_") > 1 and raw.isascii() and raw.isprintable() and len(raw) < 200


def _caller(key: ApiKey) -> Caller:
    permission = OF_SCOPE[Scope(key.scope)]
    limit = [pk for (pk,) in rows(OPENED, [key.pk])] if key.is_limited else [EVERY_PROJECT]
    if key.user:
        person = caller_of_user(key.user, key=key)
        return replace(person, permissions=_within(person, permission, limit))
    return Caller(key.actor if key.agent is None else key.agent.actor, dict.fromkeys(limit, permission), key=key)


def _within(person: Caller, scope: Permission, limit: list[int]) -> dict[int, Permission]:
    """Return what a person's own key may do: never more than its scope, its projects or the person."""
    projects = person.permissions if EVERY_PROJECT in limit else limit
    may = {project: person.permission_in(project) for project in projects}
    return {project: min(scope, permission) for project, permission in may.items() if permission is not None}


def caller_of_user(user: User, *, key: ApiKey | None = None) -> Caller:
    if not user.is_active:
        raise Unauthenticated("This account is switched off; ask an admin.")
    if user.is_superuser:
        return Caller(user.actor, {EVERY_PROJECT: Permission.ADMIN}, user=user, key=key)
    roles = Membership.objects.filter(user=user).values_list("project_id", "role")
    return Caller(user.actor, {project: OF_ROLE[Role(role)] for project, role in roles}, user=user, key=key)


def visible_projects(caller: Caller) -> QuerySet[Project]:
    projects = Project.objects.all()
    return projects if caller.project_ids is None else projects.filter(pk__in=caller.project_ids)


def visible_tasks(caller: Caller) -> QuerySet[Task]:
    tasks = Task.objects.all()
    return tasks if caller.project_ids is None else tasks.filter(project__in=caller.project_ids)


def visible_events(caller: Caller) -> EventQuerySet:
    events = Event.objects.all()
    return events if caller.project_ids is None else events.filter(Q(project__in=caller.project_ids))


def visible_agents(caller: Caller) -> AgentQuerySet:
    """Agents serve the whole installation, so everybody who may see some project sees them."""
    return Agent.objects.all() if caller.permissions else Agent.objects.none()


def find_project(caller: Caller, slug: str, need: Permission = Permission.READ) -> Project:
    project = visible_projects(caller).filter(slug=slug).first()
    if project is None:
        raise NotFound(f"There is no project {slug!r}.")
    return _permitted(caller, project, project.pk, need)


def find_project_to_set(caller: Caller, slug: str, settings: Iterable[str]) -> Project:
    """Return a project whose settings of these names the caller may change."""
    project = find_project(caller, slug, Permission.PLAN)
    require_may_set(caller, project, settings)
    return project


def find_phase(caller: Caller, phase_id: int, need: Permission = Permission.READ) -> Phase:
    phase = Phase.objects.select_related("project").filter(pk=phase_id).first() if _is_id(phase_id) else None
    if phase is None or not caller.may(Permission.READ, phase.project_id):
        raise NotFound(f"There is no phase {phase_id}.")
    return _permitted(caller, phase, phase.project_id, need)


def find_task(caller: Caller, task_id: int, need: Permission = Permission.READ, *, slug: str = "") -> Task:
    """Return a task, of the project `slug` if one is given."""
    task = Task.objects.select_related("project", "phase", "assigned_to").filter(pk=task_id).first() if _is_id(task_id) else None
    if task is None or not caller.may(Permission.READ, task.project_id) or slug not in ("", task.project.slug):
        raise NotFound(f"There is no task #{task_id}.")
    return _permitted(caller, task, task.project_id, need)


def find_attempt(caller: Caller, attempt_id: int, need: Permission = Permission.READ) -> Attempt:
    attempt = Attempt.objects.select_related("task__project", "agent").filter(pk=attempt_id).first() if _is_id(attempt_id) else None
    if attempt is None or not caller.may(Permission.READ, attempt.task.project_id):
        raise NotFound(f"There is no attempt {attempt_id}.")
    return _permitted(caller, attempt, attempt.task.project_id, need)


def find_message(caller: Caller, message_id: int, need: Permission = Permission.READ) -> Message:
    message = Message.objects.select_related("project").filter(pk=message_id).first() if _is_id(message_id) else None
    if message is None or not caller.may(Permission.READ, message.project_id):
        raise NotFound(f"There is no message {message_id}.")
    return _permitted(caller, message, message.project_id, need)


def find_agent(caller: Caller, name: str) -> Agent:
    agent = visible_agents(caller).filter(name=name).first()
    if agent is None:
        raise NotFound(f"There is no agent {name!r}.")
    return agent


def acting_agent(caller: Caller, name: str = "") -> Agent:
    """Return the agent that this caller works as: the one its key is bound to, or one that its key registered (H5)."""
    key = caller.key
    if key is None or key.user_id or OF_SCOPE[Scope(key.scope)] < Permission.WORK:
        raise ScopeMissing("Only an agent's or a coordinator's key can work on tasks; ask an admin for one.")
    if key.agent:
        if name and name != key.agent.name:
            raise Refused(f"This key belongs to agent {key.agent.name}; it cannot act as {name}.")
        return key.agent
    if not name:
        raise Refused("This key serves several agents; say which one: send `agent`, or the header X-Agent.", field="agent")
    agent = Agent.objects.filter(name=name).first()
    if agent is None:
        raise NotFound(f"Agent {name!r} is not registered; register it first.")
    if agent.registered_by_id != key.pk:
        raise Refused(f"Agent {name} was registered with another key.")
    return agent


def require_everywhere(caller: Caller, need: Permission) -> None:
    """Refuse unless the caller has this permission in the whole installation."""
    if not caller.may_everywhere(need):
        raise ScopeMissing(f"This needs {IN_WORDS[need]} for the whole installation.")


def require(caller: Caller, need: Permission, project_id: int) -> None:
    if not caller.may(need, project_id):
        raise ScopeMissing(f"This needs {IN_WORDS[need]} in this project.")


def _is_id(number: int) -> bool:
    return 0 < number < 2**63


def _permitted(caller: Caller, thing: T, project_id: int, need: Permission) -> T:
    require(caller, need, project_id)
    return thing


def require_may_add(caller: Caller, project: Project) -> None:
    """Refuse unless the caller may add tasks: a planner always, an agent's key where the project lets agents add some."""
    if not project.agents_may_add:
        require(caller, Permission.PLAN, project.pk)


def kept_for_admins(caller: Caller, project: Project, settings: Iterable[str]) -> list[str]:
    """Return which of these settings of the project only an admin changes; none if the caller is one."""
    return [] if caller.may(Permission.ADMIN, project.pk) else sorted(set(settings) - SETTINGS_OF_PLANNERS)


def require_may_set(caller: Caller, project: Project, settings: Iterable[str]) -> None:
    """Refuse unless the caller may change these settings: a planner its words and the limits of columns, an admin all of them."""
    require(caller, Permission.PLAN, project.pk)
    if kept := kept_for_admins(caller, project, settings):
        raise ScopeMissing(
            f"Changing {', '.join(kept)} needs {IN_WORDS[Permission.ADMIN]} in this project: leave it as it is, or ask an admin."
            f" Planners change {', '.join(sorted(SETTINGS_OF_PLANNERS))}."
        )


def may_register(caller: Caller, name: str) -> None:
    """Refuse unless the caller may register an agent of this name: a key of one agent registers that one only."""
    key = caller.key
    if key is None or OF_SCOPE[Scope(key.scope)] < Permission.WORK:
        raise ScopeMissing("Only an agent's or a coordinator's key can register agents; ask an admin for one.")
    if key.agent and key.agent.name != name:
        raise Refused(f"This key belongs to agent {key.agent.name}; it cannot register {name}.")


def require_looks_after(caller: Caller, agent: Agent) -> None:
    """Refuse unless the caller registered this agent, is it, or plans the whole installation."""
    key = caller.key
    if key and not key.user_id and OF_SCOPE[Scope(key.scope)] >= Permission.WORK and key.pk == agent.registered_by_id:
        return
    if not (key and key.agent_id == agent.pk):
        require_everywhere(caller, Permission.PLAN)


def visible_keys(caller: Caller) -> QuerySet[ApiKey]:
    """An admin of the installation sees every key; an admin of projects sees those that open nothing else, and its own."""
    keys = ApiKey.objects.select_related("agent", "user").prefetch_related("projects")
    if caller.may_everywhere(Permission.ADMIN):
        return keys
    administered = [pk for pk, permission in caller.permissions.items() if permission >= Permission.ADMIN]
    foreign = Project.objects.exclude(pk__in=administered)
    within = keys.filter(is_limited=True, user=None, projects__in=administered).exclude(projects__in=foreign)
    return keys.filter(Q(pk__in=within) | Q(user__isnull=False, user=caller.user)) if caller.user else keys.none()


def require_may_issue(caller: Caller, projects: Sequence[Project] | None) -> None:
    """Refuse unless the caller administers every project that a new key would open."""
    if projects is None:
        require_everywhere(caller, Permission.ADMIN)
    for project in projects or ():
        require(caller, Permission.ADMIN, project.pk)


def find_key(caller: Caller, key_id: int) -> ApiKey:
    key = visible_keys(caller).filter(pk=key_id).first() if _is_id(key_id) else None
    if key is None:
        raise NotFound(f"There is no key {key_id}.")
    return key


def require_sees_keys(caller: Caller) -> None:
    """Refuse whoever administers nothing."""
    if not any(permission >= Permission.ADMIN for permission in caller.permissions.values()):
        raise ScopeMissing(f"Keys need {IN_WORDS[Permission.ADMIN]}.")


def require_may_cancel(caller: Caller, task: Task) -> None:
    """Refuse unless the caller plans in the task's project, or added the task itself."""
    if task.created_by != str(caller.actor) or not caller.may(Permission.WORK, task.project_id):
        require(caller, Permission.PLAN, task.project_id)
