"""The numbers in the head of every page."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from coordination.models import Message, Project
from coordination.models.sql import rows
from coordination.queries.access import Caller
from coordination.queries.needs_you import capped, count_of_needs
from coordination.queries.unread import unread


@dataclass(frozen=True)
class Head:
    """How much waits for a person, and how many messages of the project that they look at they have not read."""

    needs_you: int
    unread: int = 0


def head(caller: Caller, project: Project | None = None) -> Head:
    """Return the numbers in one statement."""
    nothing: tuple[str, list[Any]] = ("0", [])
    waits, params = count_of_needs(caller) or nothing
    news, more = _count_of(unread(project, caller.user)) if project and caller.user else nothing
    if waits == news == "0":
        return Head(0)
    ((needs_you, new),) = rows(f"SELECT {waits}, {news}", [*params, *more])
    return Head(capped(needs_you), int(new))


def _count_of(found: QuerySet[Message]) -> tuple[str, list[Any]]:
    statement, params = found.values("pk").query.sql_with_params()
    return f"(SELECT COUNT(*) FROM ({statement}) AS news)", list(params)
