"""What a person has collapsed on a board, and what they have opened there."""

from collections.abc import Collection
from dataclasses import dataclass, field

from coordination.models import Fold, Project, User

OPENED = "open-"  # before the key of a lane that is collapsed unless somebody opens it


@dataclass(frozen=True)
class Folds:
    """Keys of columns and swimlanes."""

    collapsed: Collection[str] = field(default_factory=set)
    opened: Collection[str] = field(default_factory=set)


def folds_of(user: User | None, project: Project) -> Folds:
    parts = set(Fold.objects.filter(user=user, project=project).values_list("part", flat=True)) if user else set()
    opened = {part for part in parts if part.startswith(OPENED)}
    return Folds(parts - opened, {part.removeprefix(OPENED) for part in opened})
