"""What a person has collapsed on a board."""

from coordination.models import Fold, Project, User


def folded(user: User | None, project: Project) -> set[str]:
    """Return the keys of the collapsed columns and swimlanes."""
    return set(Fold.objects.filter(user=user, project=project).values_list("part", flat=True)) if user else set()
