from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from coordination.operations import projects
from coordination.queries import plan
from coordination.queries.access import Permission, require_everywhere, visible_projects
from webui.forms import ProjectForm
from webui.requests import Request, actor_of, acts, page, shows, typed


@shows
def home(request: Request) -> HttpResponse:
    overviews = plan.overviews(visible_projects(request.caller))
    return page(
        request,
        "home/home.html",
        part="home/_home.html",
        section="home",
        overviews=overviews,
        gates=plan.gates_waiting(overviews),
        tasks=plan.tasks_in_need(overview.project for overview in overviews),
        needs=sum(overview.needs for overview in overviews),
        form=ProjectForm(),
        may_create=request.caller.may_everywhere(Permission.PLAN),
    )


@acts
def create_project(request: Request) -> HttpResponse:
    require_everywhere(request.caller, Permission.PLAN)
    project = projects.create_project(**typed(ProjectForm(request.POST)), actor=actor_of(request))
    url = reverse("plan", args=[project.slug])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
