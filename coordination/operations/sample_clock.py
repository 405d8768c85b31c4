"""The clock of the sample project: what happens in a second is dated to the days in which it would have happened.

Everything is done by the operations of any project, in the order of its days. Only the times are moved afterwards, and the
minutes in which the agents were at work are noted as their heartbeats would have noted them.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.db import models

from coordination.models import Agent, ApiKey, Attempt, Event, Lease, Message, MessageAck, Phase, Project, Question, Task
from coordination.models.clock import now
from coordination.operations.agents import note_minutes
from coordination.operations.atomic import atomically
from repo_store import dated

HOUR = timedelta(hours=1)
MISSED = 0.03  # the share of minutes in which no heartbeat arrived
# A lease lives now: only the moment at which it was taken is past.
KEPT = {"last_seen_at", "renewed_at", "expires_at"}

Shift = tuple[int, int]  # from so many minutes ago to so many minutes ago


class SampleClock:
    """Remembers which real moment stands for which moment of the past."""

    def __init__(self) -> None:
        self._turns: list[datetime] = []
        self._ago: list[timedelta] = []

    def turn(self, minutes_ago: float) -> None:
        """From now on it is so many minutes before the end."""
        self._turns.append(now())
        self._ago.append(timedelta(minutes=minutes_ago))

    def played(self, minutes_ago: float) -> AbstractContextManager[None]:
        """Turn the clock, and date the commits that are made meanwhile: git keeps what it was told, so they cannot be moved later."""
        self.turn(minutes_ago)
        return dated(now() - timedelta(minutes=minutes_ago))

    @atomically
    def settle(self, project: Project, key: ApiKey, agents: Iterable[Agent]) -> None:
        """Date all that happened to the project since the first turn."""
        end = now()
        for rows in _dated(project, key, agents):
            names = [field.name for field in rows.model._meta.fields if isinstance(field, models.DateTimeField) and field.name not in KEPT]
            found = list(rows)
            for row in found:
                for name in names:
                    setattr(row, name, self._moved(getattr(row, name), end))
            rows.model._base_manager.bulk_update(found, names, batch_size=200)

    def _moved(self, moment: datetime | None, end: datetime) -> datetime | None:
        if moment is None or not self._turns[0] <= moment <= end:
            return moment
        place = bisect_right(self._turns, moment) - 1
        following = end - self._ago[place + 1] if place + 1 < len(self._ago) else end
        return min(end - self._ago[place] + (moment - self._turns[place]), following)


def _dated(project: Project, key: ApiKey, agents: Iterable[Agent]) -> Iterator["models.QuerySet[Any]"]:
    yield Project.objects.filter(pk=project.pk)
    yield ApiKey.objects.filter(pk=key.pk)
    yield Agent.objects.filter(pk__in=[agent.pk for agent in agents])
    yield Phase.objects.filter(project=project)
    yield Task.objects.filter(project=project)
    yield Event.objects.filter(project=project)
    yield Message.objects.filter(project=project)
    yield Attempt.objects.filter(task__project=project)
    yield Question.objects.filter(task__project=project)
    yield Lease.objects.filter(task__project=project)
    yield MessageAck.objects.filter(message__project=project)


def note_shifts(agent: Agent, shifts: Iterable[Shift]) -> None:
    """Note the signs of life that an agent gave in these shifts, nearly every minute."""
    end, chance = now(), random.Random(agent.name)
    for first, last in shifts:
        minute, stop = end - timedelta(minutes=first), end - timedelta(minutes=last)
        while minute < stop:
            hour = minute.replace(minute=0, second=0, microsecond=0)
            until = min(hour + HOUR, stop)
            lived = range(minute.minute, 60 if until == hour + HOUR else until.minute + 1)
            note_minutes(agent, hour, [each for each in lived if chance.random() > MISSED])
            minute = hour + HOUR
