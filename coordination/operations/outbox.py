"""Delivering events to webhooks (P16): at least once, in order for each address, off when an address stays dead."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from django.db.models import F, Q, QuerySet

from coordination.actor import SYSTEM
from coordination.models import Event, Webhook
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.webhooks import signing_secrets
from coordination.queries.channels import TEST

ENDPOINTS_AT_ONCE = 8
LONGEST_RUN = timedelta(seconds=30)
CLAIMED_FOR = timedelta(seconds=15)  # longer than one delivery takes; after a crash the next consumer goes on then
GIVE_UP_AFTER = timedelta(hours=75)
DELAYS = (5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600)  # seconds before each next try, the last one again and again
JITTER = 0.2


class DeliveryError(Exception):
    """An address did not take a delivery; `gone` says that it never will again."""

    def __init__(self, sentence: str, *, gone: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.gone = gone


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one address; `secrets` sign it, the current one first."""

    url: str
    event_id: int
    kind: str
    at: str  # ISO 8601, UTC
    data: dict[str, object]
    secrets: tuple[str, ...]


class Channel(Protocol):
    """A way out of Muster. `send` returns once the other side has taken the delivery, or raises DeliveryError."""

    def send(self, delivery: Delivery) -> None: ...


@dataclass(frozen=True)
class DeliveryReport:
    delivered: int = 0
    failed: int = 0
    disabled: int = 0


def deliver_due(channel: Channel) -> DeliveryReport:
    """Send every webhook what it has not had yet, several addresses at once, each in the order of the log.

    A cursor moves only after its address said yes: a crash in between sends one event twice and loses none (B2).
    """
    end = now() + LONGEST_RUN
    delivered = failed = disabled = 0
    with ThreadPoolExecutor(ENDPOINTS_AT_ONCE, thread_name_prefix="deliver") as pool:
        hooks = _claim_due()
        while hooks:
            ready = [(hook, event) for hook in hooks if (event := _next_event(hook)) is not None]
            # No thread of the pool touches the database: a hanging address must not hold a connection.
            answers = pool.map(lambda pair: _try(channel, pair), [(_delivery(hook, event), event) for hook, event in ready])
            going_on = []
            for (hook, event), error in zip(ready, answers, strict=True):
                if error is None:
                    delivered += 1
                    going_on += [hook] if _note_success(hook, event) else []
                else:
                    failed += 1
                    disabled += _note_failure(hook, error)
            _release([hook for hook in hooks if hook not in going_on])
            hooks = going_on if now() < end else _release(going_on)
    return DeliveryReport(delivered, failed, disabled)


def _claim_due() -> list[Webhook]:
    moment = now()
    free = Webhook.objects.filter(
        Q(next_try_at=None) | Q(next_try_at__lte=moment), Q(busy_until=None) | Q(busy_until__lte=moment), enabled=True
    )
    return [hook for hook in free if _has_news(hook) and _claim(hook)]


def _has_news(hook: Webhook) -> bool:
    return _unread(hook).exists()


@atomically
def _claim(hook: Webhook) -> bool:
    moment = now()
    free = Webhook.objects.filter(Q(busy_until=None) | Q(busy_until__lte=moment), pk=hook.pk, enabled=True, cursor_id=hook.cursor_id)
    hook.busy_until = moment + CLAIMED_FOR
    return bool(free.update(busy_until=hook.busy_until))


def _release(hooks: Sequence[Webhook]) -> list[Webhook]:
    for hook in hooks:
        Webhook.objects.filter(pk=hook.pk, busy_until=hook.busy_until).update(busy_until=None)
    return []


def _unread(hook: Webhook) -> QuerySet[Event]:
    later = Q(txid__gt=hook.cursor_txid) | Q(txid=hook.cursor_txid, id__gt=hook.cursor_id)
    # The cursor of a new webhook stands before transactions that were in flight then; what they did happened before it.
    events = Event.objects.settled().filter(later, at__gte=hook.created_at).order_by("txid", "id")
    return events.filter(project=hook.project_id) if hook.project_id else events


def _next_event(hook: Webhook) -> Event | None:
    """Return the next event that the webhook asked for. What it did not ask for is passed for good."""
    newest = _unread(hook).last()
    event = _unread(hook).filter(_asked_for(hook)).first()
    if event is None and newest is not None:
        _move_cursor(hook, newest)
    return event


def _asked_for(hook: Webhook) -> Q:
    asked = Q(kind__in=[kind for kind in hook.kinds if not kind.endswith("*")])
    for kind in hook.kinds:
        if kind.endswith("*"):
            asked |= Q(kind__startswith=kind[:-1])
    # A test is for the one webhook that is tested.
    others = asked & ~Q(kind=TEST) if hook.kinds else ~Q(kind=TEST)
    return others | Q(kind=TEST, data__webhook=hook.pk)


def _delivery(hook: Webhook, event: Event) -> Delivery:
    data: dict[str, object] = {
        "id": event.pk,
        "project_id": event.project_id,
        "phase_id": event.phase_id,
        "task_id": event.task_id,
        "agent_id": event.agent_id,
        "attempt_id": event.attempt_id,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "details": event.data,
    }
    return Delivery(hook.url, event.pk, event.kind, event.at.isoformat().replace("+00:00", "Z"), data, signing_secrets(hook))


def _try(channel: Channel, pair: tuple[Delivery, Event]) -> DeliveryError | None:
    try:
        channel.send(pair[0])
    except DeliveryError as error:
        return error
    return None


@atomically
def _move_cursor(hook: Webhook, event: Event, **changes: object) -> bool:
    """Move the cursor if nobody else did, and keep the claim for the next delivery."""
    moved = Webhook.objects.filter(pk=hook.pk, cursor_txid=hook.cursor_txid, cursor_id=hook.cursor_id).update(
        cursor_txid=event.txid, cursor_id=event.pk, **changes
    )
    hook.cursor_txid, hook.cursor_id = event.txid, event.pk
    return bool(moved)


def _note_success(hook: Webhook, event: Event) -> bool:
    """Record that the address took the event; return whether this consumer goes on with it."""
    moment = now()
    until = moment + CLAIMED_FOR
    moved = _move_cursor(
        hook, event, failures=0, failing_since=None, last_error="", next_try_at=None, delivered_at=moment, busy_until=until
    )
    hook.busy_until = until
    return moved and Webhook.objects.filter(pk=hook.pk, enabled=True).exists()


@atomically
def _note_failure(hook: Webhook, error: DeliveryError) -> bool:
    """Count the failure and choose the time of the next try; return whether the webhook was switched off instead."""
    moment = now()
    since = hook.failing_since or moment
    # Jitter keeps addresses on one dead machine from being tried in step; it guards nothing.
    delay = DELAYS[min(hook.failures, len(DELAYS) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)
    Webhook.objects.filter(pk=hook.pk).update(
        failures=F("failures") + 1, failing_since=since, last_error=error.sentence[:300], next_try_at=moment + timedelta(seconds=delay)
    )
    if not error.gone and moment - since < GIVE_UP_AFTER:
        return False
    reason = error.sentence if error.gone else f"Nothing arrived for {GIVE_UP_AFTER.total_seconds() / 3600:.0f} hours: {error.sentence}"
    switched_off = Webhook.objects.filter(pk=hook.pk, enabled=True).update(enabled=False, disabled_reason=reason[:300])
    if switched_off:
        record("webhook.disabled", actor=SYSTEM, project=hook.project_id, webhook=hook.pk, reason=reason[:300])
    return bool(switched_off)
