"""/projects"""

from django.http import HttpResponse
from ninja import Query, Router

from coordination.api import cursors
from coordination.api.answers import expected_version, nothing, page, polled
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Nothing
from coordination.api.shapes.filters import Pages
from coordination.api.shapes.projects import NewProject, Pause, ProjectChanges, ProjectPage, ProjectTold, project_told
from coordination.operations import draining, projects
from coordination.operations.idempotency import Answer
from coordination.queries.access import Permission, find_project, find_project_to_set, require_everywhere, visible_projects

router = Router(tags=["projects"])


@router.get("/projects", response=ProjectPage, operation_id="listProjects")
def list_projects(request: Request, filters: Query[Pages]) -> HttpResponse:
    """List the projects that your key opens, by slug."""
    found = visible_projects(request.auth).order_by("slug")
    if filters.cursor:
        found = found.filter(slug__gt=cursors.decode(filters.cursor, [str])[0])
    rows = list(found[: filters.limit + 1])
    more, rows = len(rows) > filters.limit, rows[: filters.limit]
    return page(request, [project_told(each) for each in rows], cursors.encode([rows[-1].slug]) if more else None)


@router.post("/projects", response={201: ProjectTold}, operation_id="createProject")
def create_project(request: Request, body: NewProject) -> HttpResponse:
    """Create a project."""
    require_everywhere(request.auth, Permission.PLAN)
    settings = {name: value for name, value in body.model_dump(exclude_unset=True).items() if name not in ("slug", "name")}

    def run() -> Answer:
        return Answer(201, project_told(projects.create_project(slug=body.slug, name=body.name, actor=request.auth.actor, **settings)))

    return once_only(request, run)


@router.get("/projects/{slug}", response=ProjectTold, operation_id="getProject")
def get_project(request: Request, slug: str) -> HttpResponse:
    """Read a project."""
    project = find_project(request.auth, slug)
    return polled(request, project_told(project), version=project.version)


@router.patch("/projects/{slug}", response=ProjectTold, operation_id="editProject")
def edit_project(request: Request, slug: str, body: ProjectChanges) -> HttpResponse:
    """Change the fields that you send. With If-Match, only if nobody changed the project meanwhile.

    A planner changes `name`, `description` and `wip_limits`; everything else is an admin's.
    """
    changes = body.model_dump(exclude_unset=True)
    project = find_project_to_set(request.auth, slug, changes)
    edited = projects.edit_project(project, changes, actor=request.auth.actor, expected_version=expected_version(request))
    return polled(request, project_told(edited), version=edited.version)


@router.delete("/projects/{slug}", response={204: None}, operation_id="deleteProject")
def delete_project(request: Request, slug: str) -> HttpResponse:
    """Delete a project with its tasks and their repositories. Refused while an agent works in it."""
    projects.delete_project(find_project(request.auth, slug, Permission.ADMIN), actor=request.auth.actor)
    return nothing()


@router.post("/projects/{slug}/pause", response=ProjectTold, operation_id="pauseProject")
def pause_project(request: Request, slug: str, body: Pause | None = None) -> HttpResponse:
    """Hold every queued task of the project. Running ones go on."""
    project = find_project(request.auth, slug, Permission.PLAN)
    reason = body.reason if body else ""
    return once_only(request, lambda: Answer(200, project_told(projects.pause_project(project, actor=request.auth.actor, reason=reason))))


@router.post("/projects/{slug}/drain", response=ProjectTold, operation_id="drainProject")
def drain_project(request: Request, slug: str, body: Pause | None = None) -> HttpResponse:
    """Start nothing new in the project and let running attempts end; the event `project.drained` tells when the last one has."""
    project = find_project(request.auth, slug, Permission.PLAN)
    reason = body.reason if body else ""
    return once_only(request, lambda: Answer(200, project_told(draining.drain_project(project, actor=request.auth.actor, reason=reason))))


@router.post("/projects/{slug}/stop", response=ProjectTold, operation_id="stopProject")
def stop_project(request: Request, slug: str, body: Pause | None = None) -> HttpResponse:
    """Pause the project and take back what its agents hold; those tasks begin anew when it is resumed."""
    project = find_project(request.auth, slug, Permission.PLAN)
    reason = body.reason if body else ""
    return once_only(request, lambda: Answer(200, project_told(draining.stop_project(project, actor=request.auth.actor, reason=reason))))


@router.post("/projects/{slug}/resume", response=ProjectTold, operation_id="resumeProject")
def resume_project(request: Request, slug: str, body: Nothing | None = None) -> HttpResponse:
    """Let the project's tasks be claimed again."""
    project = find_project(request.auth, slug, Permission.PLAN)
    return once_only(request, lambda: Answer(200, project_told(projects.resume_project(project, actor=request.auth.actor))))
