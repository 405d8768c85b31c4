"""/projects/{slug}/plan: a whole plan in one request."""

from django.http import HttpResponse
from ninja import Router

from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.plans import PlanAsked, PlanTold, plan_told
from coordination.api.shapes.tasks import content_of
from coordination.api.tasks import cautions
from coordination.operations import plans
from coordination.operations.idempotency import Answer
from coordination.queries import tasks as finding
from coordination.queries.access import Permission, find_project

router = Router(tags=["projects"])


@router.post("/projects/{slug}/plan", response={201: PlanTold}, operation_id="importPlan")
def import_plan(request: Request, slug: str, body: PlanAsked) -> HttpResponse:
    """Make the phases, tasks and files of a plan's directory, and the project if it is new: all of it, or nothing."""
    if not request.auth.may_everywhere(Permission.PLAN):
        find_project(request.auth, slug, Permission.PLAN)
    files = {path: content_of(file) for path, file in body.files.items()}

    def run() -> Answer:
        made = plans.import_plan(slug, files, actor=request.auth.actor)
        rows = list(made.tasks.values())
        runnable = finding.agents_for(rows)
        return Answer(201, plan_told(made, runnable, cautions(rows, runnable)))

    return once_only(request, run)
