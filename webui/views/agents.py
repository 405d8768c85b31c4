from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from coordination.models import Agent, Project
from coordination.operations import agents as operations
from coordination.operations import keys, messages
from coordination.queries import agents_page
from coordination.queries.access import Permission, find_agent, find_project, require_everywhere, visible_projects
from coordination.queries.project_settings import find_key_among, keys_of_agent
from webui.forms.key import AgentKeyForm
from webui.forms.message import TextForm
from webui.requests import Request, Undo, actor_of, acts, done, page, server_of, shows, typed


@shows
def agents(request: Request) -> HttpResponse:
    with_retired = "retired" in request.GET
    fleet = agents_page.fleet(request.caller, with_retired=with_retired)
    return page(
        request,
        "agents/agents.html",
        part="agents/_agents.html",
        section="agents",
        fleet=fleet,
        keys_in=None if fleet.groups else _keys_in(request),
        may_create=request.caller.may_everywhere(Permission.PLAN),
        with_retired=with_retired,
        moment=timezone.now(),
        may_retire=request.caller.may_everywhere(Permission.ADMIN),
        server=server_of(request),
    )


def _keys_in(request: Request) -> Project | None:
    """Return a project whose keys the person may make, if there is one."""
    return next((project for project in visible_projects(request.caller) if request.caller.may(Permission.ADMIN, project.pk)), None)


@shows
def agent(request: Request, name: str) -> HttpResponse:
    return agent_page(request, find_agent(request.caller, name))


def agent_page(request: Request, agent: Agent, *, new_key: str = "") -> HttpResponse:
    caller = request.caller
    projects = [project for project in visible_projects(caller) if caller.may(Permission.WORK, project.pk)]
    shown = agents_page.agent_page(caller, agent)
    return page(
        request,
        "agents/agent.html",
        part="agents/_agent.html",
        section="agents",
        agent=agent,
        shown=shown,
        projects=projects,
        working_in=next((lease.task.project_id for lease in shown.worker.current), None),
        may_retire=caller.may_everywhere(Permission.ADMIN),
        key_form=AgentKeyForm(auto_id="key_%s", among=projects),
        new_key=new_key,
        server=server_of(request),
        moment=timezone.now(),
    )


@shows
def starving(request: Request) -> HttpResponse:
    """The banner of queued work that no living agent could take, for it to keep itself up to date."""
    slug = request.GET.get("project", "")
    project = find_project(request.caller, slug) if slug else None
    return render(request, "agents/_starving.html", {"project": project})


@acts
def make_key(request: Request, name: str) -> HttpResponse:
    """Make a key that acts as this agent alone and show it, this once."""
    require_everywhere(request.caller, Permission.ADMIN)
    agent = find_agent(request.caller, name)
    wanted = typed(AgentKeyForm(request.POST))
    projects = list(wanted["projects"]) or None
    _, raw = keys.create_key(name=wanted["name"], scope="agent", agent=agent, projects=projects, actor=actor_of(request))
    return agent_page(request, agent, new_key=raw)


@acts
def revoke_key(request: Request, name: str, key_id: int) -> HttpResponse:
    require_everywhere(request.caller, Permission.ADMIN)
    key = find_key_among(keys_of_agent(find_agent(request.caller, name)), key_id)
    keys.revoke_key(key, actor=actor_of(request))
    return done(request, f"The key {key.name} is revoked.", reverse("agent", args=[name]))


@acts
def say(request: Request, name: str) -> HttpResponse:
    agent = find_agent(request.caller, name)
    project = find_project(request.caller, request.POST.get("project", ""), Permission.WORK)
    messages.say(project, typed(TextForm(request.POST))["text"], actor=actor_of(request), to_agent=agent)
    return done(request, f"Said to {agent.title}.", reverse("agent", args=[name]))


@acts
def retire(request: Request, name: str) -> HttpResponse:
    require_everywhere(request.caller, Permission.ADMIN)
    agent = operations.retire(find_agent(request.caller, name), actor=actor_of(request))
    undo: Undo = ("Undo", reverse("unretire_agent", args=[name]), {})
    return done(request, f"{agent.title} is retired.", reverse("agents"), undo=undo)


@acts
def unretire(request: Request, name: str) -> HttpResponse:
    require_everywhere(request.caller, Permission.ADMIN)
    agent = operations.unretire(find_agent(request.caller, name), actor=actor_of(request))
    return done(request, f"{agent.title} may work again.", reverse("agents"))
