"""The webhooks of a project, with what they were sent last."""

from collections.abc import Sequence
from dataclasses import dataclass

from coordination.errors import NotFound
from coordination.models import Event, Project, Webhook

LOOKED_AT = 60  # events
SHOWN = 5  # of them, for each webhook
TEST = "webhook.tested"


@dataclass(frozen=True)
class Sent:
    event: Event
    arrived: bool


@dataclass(frozen=True)
class ChannelView:
    hook: Webhook
    recent: list[Sent]


def channels_of(project: Project) -> list[ChannelView]:
    """Return each webhook of a project with the last events that it asked for, newest first. Two statements, however many."""
    hooks = list(Webhook.objects.filter(project=project))
    if not hooks:
        return []
    events = list(Event.objects.filter(project=project).order_by("-txid", "-id")[:LOOKED_AT])
    return [ChannelView(hook, _recent(hook, events)) for hook in hooks]


def find_channel(project: Project, hook_id: int) -> Webhook:
    hook = Webhook.objects.filter(project=project, pk=hook_id).first()
    if hook is None:
        raise NotFound("This project has no such webhook.")
    return hook


def asks_for(hook: Webhook, event: Event) -> bool:
    """Say in Python what operations/outbox.py says in SQL."""
    if event.kind == TEST:
        return bool(event.data.get("webhook") == hook.pk)
    return not hook.kinds or any(event.kind == kind or (kind.endswith("*") and event.kind.startswith(kind[:-1])) for kind in hook.kinds)


def _recent(hook: Webhook, events: Sequence[Event]) -> list[Sent]:
    wanted = [event for event in events if event.at >= hook.created_at and asks_for(hook, event)]
    return [Sent(event, (event.txid, event.pk) <= (hook.cursor_txid, hook.cursor_id)) for event in wanted[:SHOWN]]
