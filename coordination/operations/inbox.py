"""The project for tasks that name none: what simple clients add lands in its inbox."""

from coordination.actor import SYSTEM
from coordination.errors import Conflict
from coordination.models import Project
from coordination.operations.atomic import atomically
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project

SLUG = "default"
PHASE = "Inbox"


def default_project() -> Project:
    """Return the project `default`, made with its open-ended phase when it is needed for the first time."""
    found = Project.objects.filter(slug=SLUG).first()
    if found:
        return found
    try:
        return _make()
    except Conflict:  # somebody made it at this moment
        return Project.objects.get(slug=SLUG)


@atomically
def _make() -> Project:
    project = create_project(slug=SLUG, name="Default", actor=SYSTEM, description="Tasks that were added without a project.")
    create_phase(project, name=PHASE, actor=SYSTEM, open_ended=True)
    return project
