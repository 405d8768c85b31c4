from django.http import HttpResponse
from django.urls import reverse

from coordination.operations import projects
from coordination.queries.access import Permission, find_project
from webui.forms import RerunForm
from webui.requests import Request, actor_of, acts, done, typed


@acts
def save(request: Request, slug: str) -> HttpResponse:
    """Save what a project does about instructions that change and about tasks that run again."""
    project = find_project(request.caller, slug, Permission.ADMIN)
    wanted = typed(RerunForm(request.POST))
    before = {"rerun": project.rerun, "on_change": project.on_change}
    project = projects.edit_project(project, wanted, actor=actor_of(request), expected_version=wanted.pop("version"))
    undo = ("Undo", reverse("save_reruns", args=[slug]), before | {"version": project.version})
    return done(request, "The settings of re-runs are saved.", reverse("project_settings", args=[slug]), undo)
