"""/projects/{slug}/views and /views: filters that have a name."""

from django.http import HttpResponse
from ninja import Router

from coordination.api.answers import nothing, page, polled
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.views import NewView, ViewChanges, ViewPage, ViewTold, view_told
from coordination.models import SavedView
from coordination.operations import saved_views
from coordination.operations.idempotency import Answer
from coordination.queries.access import find_project
from coordination.queries.saved_views import SYSTEM_VIEWS, SystemView, find_own_view, require_may_keep, views_of

router = Router(tags=["views"])


@router.get("/projects/{slug}/views", response=ViewPage, operation_id="listViews")
def list_views(request: Request, slug: str) -> HttpResponse:
    """List the views of a project: those that every project has, the shared ones, and your own."""
    project = find_project(request.auth, slug)
    found: list[SavedView | SystemView] = [*SYSTEM_VIEWS, *views_of(request.auth, project)]
    return page(request, [view_told(each, project.slug) for each in found], None)


@router.post("/projects/{slug}/views", response={201: ViewTold}, operation_id="saveView")
def save_view(request: Request, slug: str, body: NewView) -> HttpResponse:
    """Keep a filter under a name, for yourself or for everybody in the project."""
    project = find_project(request.auth, slug)
    require_may_keep(request.auth, project.pk, shared=body.shared)

    def run() -> Answer:
        owner = None if body.shared else request.auth.user
        fields = body.model_dump(exclude={"shared"})
        return Answer(201, view_told(saved_views.save_view(project, owner=owner, actor=request.auth.actor, **fields), project.slug))

    return once_only(request, run)


@router.patch("/views/{int:view_id}", response=ViewTold, operation_id="changeView")
def change_view(request: Request, view_id: int, body: ViewChanges) -> HttpResponse:
    """Change the fields that you send."""
    view = find_own_view(request.auth, view_id)
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    view = saved_views.change_view(view, changes, actor=request.auth.actor)
    return polled(request, view_told(view, view.project.slug))


@router.delete("/views/{int:view_id}", response={204: None}, operation_id="deleteView")
def delete_view(request: Request, view_id: int) -> HttpResponse:
    """Forget a view. The tasks that it showed are not touched."""
    saved_views.delete_view(find_own_view(request.auth, view_id), actor=request.auth.actor)
    return nothing()
