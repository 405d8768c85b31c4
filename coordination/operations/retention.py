"""Dropping what is kept for a limited time: stored answers, ended sessions, heartbeats and, if the settings say so, old events."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from coordination.models import AgentHour, Event
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.sweep import forget_old_answers

BATCH = 5_000
KEEP_HEARTBEATS = timedelta(days=7)


@dataclass(frozen=True)
class Forgotten:
    answers: int
    sessions: int
    events: int
    heartbeats: int = 0  # hours of an agent


def forget_old() -> Forgotten:
    """Drop everything whose time is over and return how much it was."""
    return Forgotten(forget_old_answers(), _forget_sessions(), _forget_events(settings.KEEP_EVENTS_DAYS), _forget_heartbeats())


@atomically
def _forget_sessions() -> int:
    return Session.objects.filter(expire_date__lt=now()).delete()[0]


@atomically
def _forget_heartbeats() -> int:
    return AgentHour.objects.filter(hour__lt=now() - KEEP_HEARTBEATS).delete()[0]


def _forget_events(days: int) -> int:
    """Drop events older than `days`, 0 for none, in short transactions. An event that makes something happen once stays."""
    if not days:
        return 0
    dropped = 0
    old = Event.objects.filter(at__lt=now() - timedelta(days=days), once=None)
    while batch := list(old.order_by("txid", "id").values_list("pk", flat=True)[:BATCH]):
        dropped += _drop(batch)
    return dropped


@atomically
def _drop(ids: list[int]) -> int:
    return Event.objects.filter(pk__in=ids).delete()[0]
