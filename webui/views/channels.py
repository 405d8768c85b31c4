from django.http import HttpResponse
from django.urls import reverse

from coordination.models import Project, Webhook
from coordination.operations import webhooks
from coordination.queries.access import Permission, find_project
from coordination.queries.channels import find_channel
from webui.forms.channel import ChannelForm
from webui.requests import Request, Undo, actor_of, acts, done, typed
from webui.views.settings import settings_page


@acts
def create(request: Request, slug: str) -> HttpResponse:
    """Make a webhook and show its signing secret, this once."""
    project = find_project(request.caller, slug, Permission.ADMIN)
    hook, secret = webhooks.create_webhook(**typed(ChannelForm(request.POST)), project=project, actor=actor_of(request))
    return settings_page(request, project, new_secret=secret, of_hook=hook)


@acts
def save(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    webhooks.edit_webhook(hook, typed(ChannelForm(request.POST)), actor=actor_of(request))
    return done(request, "The webhook is saved.", _back(project))


@acts
def pause(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    webhooks.edit_webhook(hook, {"enabled": False}, actor=actor_of(request))
    undo: Undo = ("Undo", reverse("resume_channel", args=[slug, hook_id]), {})
    return done(request, "The webhook is paused. It gets what happens meanwhile once it goes on.", _back(project), undo=undo)


@acts
def resume(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    webhooks.edit_webhook(hook, {"enabled": True}, actor=actor_of(request))
    return done(request, "The webhook goes on.", _back(project))


@acts
def test(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    webhooks.send_test(hook, actor=actor_of(request))
    return done(request, "A test is on its way. This page shows when it has arrived.", _back(project))


@acts
def renew(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    return settings_page(request, project, new_secret=webhooks.renew_secret(hook, actor=actor_of(request)), of_hook=hook)


@acts
def delete(request: Request, slug: str, hook_id: int) -> HttpResponse:
    project, hook = _channel(request, slug, hook_id)
    webhooks.delete_webhook(hook, actor=actor_of(request))
    return done(request, "The webhook is deleted.", _back(project))


def _channel(request: Request, slug: str, hook_id: int) -> tuple[Project, Webhook]:
    project = find_project(request.caller, slug, Permission.ADMIN)
    return project, find_channel(project, hook_id)


def _back(project: Project) -> str:
    return reverse("project_settings", args=[project.slug]) + "#channels"
