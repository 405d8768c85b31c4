from django.http import HttpResponse
from django.urls import reverse

from coordination.operations import keys
from coordination.queries.access import Permission, find_project
from coordination.queries.project_settings import find_key_among, keys_of
from webui.forms.key import KeyForm
from webui.requests import Request, actor_of, acts, done, typed
from webui.views.settings import settings_page


@acts
def create(request: Request, slug: str) -> HttpResponse:
    """Make a key and show it, this once: it is in the answer to this request and nowhere else."""
    project = find_project(request.caller, slug, Permission.ADMIN)
    _, raw = keys.create_key(**typed(KeyForm(request.POST)), projects=[project], actor=actor_of(request))
    return settings_page(request, project, new_key=raw)


@acts
def revoke(request: Request, slug: str, key_id: int) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.ADMIN)
    key = find_key_among(keys_of(project), key_id)
    keys.revoke_key(key, actor=actor_of(request))
    return done(request, f"The key {key.name} is revoked.", reverse("project_settings", args=[slug]))
