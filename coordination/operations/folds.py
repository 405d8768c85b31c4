"""What a person has collapsed on a board. Nobody else's business, so no event tells of it."""

from coordination.errors import LimitExceeded
from coordination.models import Fold, Project, User

MOST = 200  # parts of one board


def fold(user: User, project: Project, part: str) -> None:
    """Collapse a column or a swimlane for this person."""
    if Fold.objects.filter(user=user, project=project).count() >= MOST:
        raise LimitExceeded(f"{MOST} parts of this board are collapsed already; open one first.")
    Fold.objects.get_or_create(user=user, project=project, part=part)


def unfold(user: User, project: Project, part: str) -> None:
    Fold.objects.filter(user=user, project=project, part=part).delete()
