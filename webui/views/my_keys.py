"""A person's own keys, for git and the API. Each acts as that person, and never does more than they may."""

from datetime import timedelta

from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import NotFound
from coordination.models.clock import now
from coordination.operations import keys
from coordination.queries.project_settings import keys_of_person
from webui.forms import PersonalKeyForm
from webui.requests import Request, actor_of, acts, done, page, typed


@acts
def create(request: Request) -> HttpResponse:
    """Make a key and show it, this once: it is in the answer to this request and nowhere else."""
    wanted = typed(PersonalKeyForm(request.POST))
    ends = now() + timedelta(days=days) if (days := wanted.pop("days")) else None
    key, raw = keys.create_key(**wanted, user=request.caller.user, expires_at=ends, actor=actor_of(request))
    server = f"{request.scheme}://{request.get_host()}"
    with_key = f"{request.scheme}://{request.caller.actor.name}:{raw}@{request.get_host()}"
    return page(request, "account/new_key.html", section="account", key=key, raw=raw, server=server, with_key=with_key)


@acts
def revoke(request: Request, key_id: int) -> HttpResponse:
    key = keys_of_person(request.caller.user).filter(pk=key_id).first() if request.caller.user else None
    if key is None:
        raise NotFound("You have no such key.")
    keys.revoke_key(key, actor=actor_of(request))
    return done(request, f"The key {key.name} is revoked. Whatever used it is locked out.", reverse("account"))
