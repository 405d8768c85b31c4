"""The numbers in the head of every page."""

from dataclasses import dataclass

from coordination.models import Project
from coordination.models.sql import counts
from coordination.queries.access import Caller
from coordination.queries.needs_you import all_that_waits
from coordination.queries.unread import unread


@dataclass(frozen=True)
class Head:
    """How much waits for a person, and how many messages of the project that they look at they have not read."""

    needs_you: int
    unread: int = 0


def head(caller: Caller, project: Project | None = None) -> Head:
    """Return the numbers in one statement."""
    waits = all_that_waits(caller)
    news = unread(project, caller.user).values("pk") if project and caller.user else None
    found = [each for each in (waits, news) if each is not None]
    told = counts(*found) if found else []
    return Head(0 if waits is None else told[0], 0 if news is None else told[-1])
