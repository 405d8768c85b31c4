"""A person's own keys, for git and the API. Each acts as that person, and never does more than they may."""

from datetime import timedelta
from typing import cast

from django.http import HttpResponse
from django.urls import reverse

from coordination.models import User
from coordination.models.clock import now
from coordination.operations import keys
from coordination.queries.project_settings import find_key_among, keys_of_person
from webui.forms.key import PersonalKeyForm
from webui.requests import Request, actor_of, acts, done, page, server_of, typed


@acts
def create(request: Request) -> HttpResponse:
    """Make a key and show it, this once: it is in the answer to this request and nowhere else."""
    wanted = typed(PersonalKeyForm(request.POST))
    ends = now() + timedelta(days=days) if (days := wanted.pop("days")) else None
    key, raw = keys.create_key(**wanted, user=request.caller.user, expires_at=ends, actor=actor_of(request))
    with_key = f"{request.scheme}://{request.caller.actor.name}:{raw}@{request.get_host()}"
    return page(request, "account/new_key.html", section="account", key=key, raw=raw, server=server_of(request), with_key=with_key)


@acts
def revoke(request: Request, key_id: int) -> HttpResponse:
    key = find_key_among(keys_of_person(cast(User, request.user)), key_id)
    keys.revoke_key(key, actor=actor_of(request))
    return done(request, f"The key {key.name} is revoked. Whatever used it is locked out.", reverse("account"))
