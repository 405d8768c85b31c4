"""/projects/{slug}/plan: a whole plan in one request."""

from django.http import HttpResponse
from ninja import Router

from coordination.api.answers import polled, reply
from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.plans import PlanAsked, PlanDiffTold, PlanFilesTold, PlanTold, diff_told, file_told, plan_told
from coordination.api.shapes.tasks import content_of
from coordination.api.tasks import cautions
from coordination.operations import plan_updates, plans
from coordination.operations.idempotency import Answer
from coordination.plan_writing import write_plan
from coordination.queries import tasks as finding
from coordination.queries.access import Permission, find_project
from coordination.queries.planned import planned

router = Router(tags=["projects"])


@router.get("/projects/{slug}/plan", response=PlanFilesTold, operation_id="exportPlan")
def export_plan(request: Request, slug: str) -> HttpResponse:
    """Return the project as a plan's directory; importing it again changes nothing."""
    files = write_plan(planned(find_project(request.auth, slug)).plan)
    return polled(request, {"project": slug, "files": {path: file_told(content) for path, content in files.items()}})


@router.post("/projects/{slug}/plan/preview", response=PlanDiffTold, operation_id="previewPlan")
def preview_plan(request: Request, slug: str, body: PlanAsked) -> HttpResponse:
    """Say what updating the project to this plan would create and change, and what it leaves alone; changes nothing."""
    project = find_project(request.auth, slug, Permission.PLAN)
    return reply(diff_told(slug, plan_updates.preview_plan(project, _files(body), caller=request.auth)))


@router.put("/projects/{slug}/plan", response=PlanDiffTold, operation_id="updatePlan")
def update_plan(request: Request, slug: str, body: PlanAsked) -> HttpResponse:
    """Make the project what the plan says: what is new is created, what differs is changed, what it leaves out is left alone."""
    project = find_project(request.auth, slug, Permission.PLAN)
    return reply(diff_told(slug, plan_updates.update_plan(project, _files(body), caller=request.auth)))


def _files(body: PlanAsked) -> dict[str, bytes]:
    return {path: content_of(file) for path, file in body.files.items()}


@router.post("/projects/{slug}/plan", response={201: PlanTold}, operation_id="importPlan")
def import_plan(request: Request, slug: str, body: PlanAsked) -> HttpResponse:
    """Make the phases, tasks and files of a plan's directory, and the project if it is new: all of it, or nothing."""
    if not request.auth.may_everywhere(Permission.PLAN):
        find_project(request.auth, slug, Permission.PLAN)
    files = _files(body)

    def run() -> Answer:
        made = plans.import_plan(slug, files, actor=request.auth.actor)
        rows = list(made.tasks.values())
        runnable = finding.agents_for(rows)
        return Answer(201, plan_told(made, runnable, cautions(rows, runnable)))

    return once_only(request, run)
