"""Webhooks: create, edit, delete. Sending is in outbox.py."""

import base64
import hmac
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from coordination.actor import Actor
from coordination.errors import Invalid, WrongState
from coordination.models import Event, Project, Webhook
from coordination.models.clock import now
from coordination.operations.addresses import AddressRefused, refuse_near
from coordination.operations.atomic import atomically
from coordination.operations.editing import apply_changes, check
from coordination.operations.events import record
from coordination.queries.channels import TEST
from coordination.queries.event_kinds import known_kinds

EDITABLE = {"url", "kinds", "enabled"}
MAX_KINDS = 50


@atomically
def create_webhook(*, url: str, actor: Actor, project: Project | None = None, kinds: Sequence[str] = ()) -> tuple[Webhook, str]:
    """Return the webhook and its signing secret. It gets the events from now on; `project` None means of all projects."""
    newest = Event.objects.settled().order_by("txid", "id").values_list("txid", "id").last() or (0, 0)
    hook = Webhook(
        project=project,
        url=_clean_url(url),
        kinds=_clean_kinds(kinds),
        salt=secrets.token_hex(16),
        cursor_txid=newest[0],
        cursor_id=newest[1],
        created_by=str(actor),
        created_at=now(),
    )
    check(hook)
    hook.save()
    record("webhook.created", actor=actor, project=project, webhook=hook.pk, host=urlsplit(hook.url).hostname, kinds=hook.kinds)
    return hook, signing_secrets(hook)[0]


@atomically
def edit_webhook(webhook: Webhook, changes: Mapping[str, Any], *, actor: Actor, expected_version: int | None = None) -> Webhook:
    """Change the address, the kinds, or switch it on or off. Switched on again, it gets what happened meanwhile."""
    hook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    wanted = dict(changes)
    if "url" in wanted:
        wanted["url"] = _clean_url(wanted["url"])
    if "kinds" in wanted:
        wanted["kinds"] = _clean_kinds(wanted["kinds"])
    if differences := apply_changes(hook, wanted, EDITABLE, expected_version):
        fresh = Webhook.objects.filter(pk=hook.pk)
        fresh.update(failures=0, failing_since=None, next_try_at=None, last_error="", disabled_reason="")
        # The address may hold a password of the receiver's; the log names the fields only.
        record("webhook.edited", actor=actor, project=hook.project_id, webhook=hook.pk, fields=sorted(differences))
    hook.refresh_from_db()
    return hook


@atomically
def send_test(webhook: Webhook, *, actor: Actor) -> Event:
    """Put an event in the log that only this webhook gets, whatever kinds it asked for, and end its pause between two tries.

    It travels the way of every other event, behind what is due before it, so that it proves that way.
    """
    if not webhook.enabled:
        raise WrongState("This webhook is paused; let it go on first.")
    Webhook.objects.filter(pk=webhook.pk).update(next_try_at=None)
    return record(TEST, actor=actor, project=webhook.project_id, webhook=webhook.pk)


@atomically
def renew_secret(webhook: Webhook, *, actor: Actor) -> str:
    """Replace the signing secret and return the new one."""
    webhook.salt = secrets.token_hex(16)
    webhook.save(update_fields=["salt"])
    record("webhook.secret_renewed", actor=actor, project=webhook.project_id, webhook=webhook.pk)
    return signing_secrets(webhook)[0]


@atomically
def delete_webhook(webhook: Webhook, *, actor: Actor) -> None:
    record("webhook.deleted", actor=actor, project=webhook.project_id, webhook=webhook.pk)
    webhook.delete()


def signing_secrets(webhook: Webhook) -> tuple[str, ...]:
    """Return the secrets that sign for this webhook, `whsec_` and base64: the current one, then those of older server secrets."""
    return tuple(_derived(webhook, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def _derived(webhook: Webhook, key: str) -> str:
    mac = hmac.new(key.encode(), f"webhook:{webhook.pk}:{webhook.salt}".encode(), sha256).digest()
    return f"whsec_{base64.b64encode(mac).decode()}"


def _clean_url(url: str) -> str:
    """Refuse an address that could never be called, or is plainly near the server. Where it leads is checked at each delivery (G14)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("The webhook's address is not a URL; write https://host/path.", field="url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid("The webhook's address must be an http:// or https:// URL in plain letters.", field="url")
    if parts.username is not None or parts.password is not None:
        raise Invalid("The webhook's address must not hold a user or a password.", field="url")
    if port == 0:
        raise Invalid("The webhook's address has an impossible port.", field="url")
    if not settings.WEBHOOKS_ALLOW_PRIVATE:
        try:
            refuse_near(url)
        except AddressRefused as refused:
            raise Invalid(str(refused), field="url") from None
    return url


def _clean_kinds(kinds: Sequence[str]) -> list[str]:
    if isinstance(kinds, str) or len(kinds) > MAX_KINDS:
        raise Invalid(f"`kinds` is a list of at most {MAX_KINDS} kinds of events.", field="kinds")
    return known_kinds(str(kind) for kind in kinds)
