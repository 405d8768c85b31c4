from django.http import HttpResponse
from django.urls import reverse

from coordination.operations import agents as operations
from coordination.queries import agents_page
from coordination.queries.access import Permission, find_agent, require_everywhere
from webui.requests import Request, Undo, actor_of, acts, done, page, shows


@shows
def agents(request: Request) -> HttpResponse:
    with_retired = "retired" in request.GET
    return page(
        request,
        "agents/agents.html",
        part="agents/_agents.html",
        section="agents",
        fleet=agents_page.fleet(request.caller, with_retired=with_retired),
        with_retired=with_retired,
        may_retire=request.caller.may_everywhere(Permission.ADMIN),
        server=f"{request.scheme}://{request.get_host()}",
    )


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
