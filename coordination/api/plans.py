"""/projects/{slug}/plan: a whole plan, written as a directory of Markdown, in one request."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from coordination.api.door import Request
from coordination.api.repeats import once_only
from coordination.api.shapes.base import Asked, Told, asks
from coordination.api.shapes.tasks import Base64, Path, content_of
from coordination.models import Project
from coordination.operations.idempotency import Answer
from coordination.operations.plans import import_plan
from coordination.queries.access import Permission, find_project, require_everywhere

router = Router(tags=["projects"])


class PlanAsked(Asked):
    model_config = asks({"files": {"phase-01-build/task-01-schema.md": "---\ntitle: Write the schema\n---\n# Write the schema\n"}})

    files: Annotated[dict[Path, str | Base64], Field(min_length=1, max_length=20_000)]


class PlanTold(Told):
    project: str
    is_new_project: bool
    phases: list[int]
    tasks: dict[str, int]


@router.post("/projects/{slug}/plan", response={201: PlanTold}, operation_id="importPlan")
def add_plan(request: Request, slug: str, body: PlanAsked) -> HttpResponse:
    """Make the phases and tasks of a plan, all or nothing; a project that is new is made too. docs/plans.md describes the files."""
    if Project.objects.filter(slug=slug).exists():
        find_project(request.auth, slug, Permission.PLAN)
    else:
        require_everywhere(request.auth, Permission.PLAN)

    def run() -> Answer:
        files = {path: content_of(file) for path, file in body.files.items()}
        made = import_plan(slug, files, actor=request.auth.actor)
        told: dict[str, Any] = {
            "project": made.project.slug,
            "is_new_project": made.is_new_project,
            "phases": [phase.pk for phase in made.phases],
            "tasks": {key: task.pk for key, task in made.tasks.items()},
        }
        return Answer(201, told)

    return once_only(request, run)
