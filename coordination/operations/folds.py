"""What a person has collapsed or opened on a board. Nobody else's business, so no event tells of it."""

from coordination.errors import LimitExceeded
from coordination.lifecycle import PhaseState
from coordination.models import Fold, Project, User
from coordination.queries.folds import OPENED
from coordination.queries.swimlanes import Kind

MOST = 200  # parts of one board


def fold(user: User, project: Project, part: str) -> None:
    """Collapse a column or a swimlane for this person."""
    _remember(user, project, part, instead_of=OPENED + part)


def unfold(user: User, project: Project, part: str) -> None:
    """Open it. The lane of a completed phase is collapsed unless somebody opens it: that is remembered instead."""
    completed = project.phases.filter(state=PhaseState.COMPLETED).values_list("pk", flat=True)
    if part in {f"{Kind.PHASE}-{pk}" for pk in completed}:
        _remember(user, project, OPENED + part, instead_of=part)
    else:
        Fold.objects.filter(user=user, project=project, part=part).delete()


def _remember(user: User, project: Project, part: str, *, instead_of: str) -> None:
    known = Fold.objects.filter(user=user, project=project)
    if known.exclude(part=instead_of).count() >= MOST:
        raise LimitExceeded(f"{MOST} parts of this board are collapsed already; open one first.")
    known.filter(part=instead_of).delete()
    Fold.objects.get_or_create(user=user, project=project, part=part)
