from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.models import Project
from coordination.operations import projects
from coordination.operations.sample import make_another
from coordination.queries import home as query
from coordination.queries.access import Permission, require_everywhere
from webui.forms.project import ProjectForm
from webui.requests import Request, actor_of, acts, page, server_of, shows, typed


@shows
def home(request: Request) -> HttpResponse:
    found = query.home(request.caller)
    return page(
        request,
        "home/home.html",
        part="home/_home.html",
        section="home",
        home=found,
        needs_you=found.inbox.total,
        form=ProjectForm(),
        may_create=request.caller.may_everywhere(Permission.PLAN),
        may_retire=request.caller.may_everywhere(Permission.ADMIN),
        server=server_of(request),
    )


@acts
def create_project(request: Request) -> HttpResponse:
    require_everywhere(request.caller, Permission.PLAN)
    return _led_to(request, "plan", projects.create_project(**typed(ProjectForm(request.POST)), actor=actor_of(request)))


@acts
def create_sample(request: Request) -> HttpResponse:
    """Make a project to look around in, with agents that have worked on it."""
    require_everywhere(request.caller, Permission.PLAN)
    return _led_to(request, "board", make_another(actor_of(request)))


def _led_to(request: Request, name: str, project: Project) -> HttpResponse:
    url = reverse(name, args=[project.slug])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
