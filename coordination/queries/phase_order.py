"""Tasks in the order of their phases. Each phase is a stretch of an index; the order of phases is in no row of a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Count, QuerySet

from coordination.models import Phase, Task
from coordination.queries.tasks import beyond


@dataclass(frozen=True)
class Stretch:
    """The phases at one position, with how many of the tasks they hold."""

    position: int
    phases: list[Phase]
    count: int


@dataclass(frozen=True)
class ByPhase:
    """The phases that hold any of the tasks, in their order, and how many each of them holds."""

    phases: list[Phase]
    counts: dict[int, int]

    @property
    def totals(self) -> dict[str, int]:
        return {phase.name: self.counts[phase.pk] for phase in self.phases}

    def places(
        self, tasks: QuerySet[Task], columns: Sequence[str], place: Sequence[Any] | None, limit: int, *, falls: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return the first `limit` tasks behind `place`, each as the position of its phase and its `columns`; three queries at most.

        What follows in a phase that was begun, phases that are shown whole, and the first tasks of the next: only the last may be
        long, and only as much of it is read as is wanted.
        """
        found: list[tuple[Any, ...]] = []
        whole: list[Phase] = []
        wanted = limit
        for stretch in self._stretches(place[0] if place else None, falls=falls):
            within = tasks.filter(phase__in=[phase.pk for phase in stretch.phases])
            begun = place is not None and stretch.position == place[0]
            if not begun and stretch.count <= wanted:
                whole += stretch.phases
                wanted -= stretch.count
                continue
            if place is not None and begun:
                within = within.filter(beyond(columns, place[1:]))
            found += _whole(tasks, whole, columns, falls=falls)
            rows = within.order_by(*columns).values_list(*_names(columns))[:wanted]
            found += [(stretch.position, *row) for row in rows]
            whole, wanted = [], limit - len(found)
            if not wanted:
                break
        return [*found, *_whole(tasks, whole, columns, falls=falls)][:limit]

    def _stretches(self, start: int | None, *, falls: bool) -> list[Stretch]:
        placed = [(position, list(phases)) for position, phases in groupby(self.phases, lambda phase: phase.position)]
        stretches = [Stretch(position, phases, sum(self.counts[phase.pk] for phase in phases)) for position, phases in placed]
        stretches = stretches[::-1] if falls else stretches
        return [each for each in stretches if start is None or (each.position <= start if falls else each.position >= start)]


def by_phase(tasks: QuerySet[Task]) -> ByPhase:
    """Count the tasks of each phase, in two queries."""
    counts = dict(tasks.order_by().values_list("phase_id").annotate(Count("pk")))
    return ByPhase(list(Phase.objects.filter(pk__in=counts)), counts)


def _whole(tasks: QuerySet[Task], phases: Sequence[Phase], columns: Sequence[str], *, falls: bool) -> list[tuple[Any, ...]]:
    if not phases:
        return []
    first = "-phase__position" if falls else "phase__position"
    shown = tasks.filter(phase__in=[phase.pk for phase in phases]).order_by(first, *columns)
    return list(shown.values_list("phase__position", *_names(columns)))


def _names(columns: Sequence[str]) -> list[str]:
    return [column.lstrip("-") for column in columns]
