from typing import cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import Invalid
from coordination.models import User
from coordination.operations import messages as operations
from coordination.operations import reading
from coordination.queries.access import Permission, find_agent, find_project, find_task
from coordination.queries.messages import Log, Place, log
from webui.forms.message import TextForm
from webui.requests import Request, actor_of, acts, changed, done, number, page, shows, typed


@shows
def messages(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    asked = {name: number(request.GET.get(name)) for name in ("before", "since", "upto")}
    found = log(project, Place(**asked, thread=request.GET.get("thread", "")), reader=cast(User, request.user))
    return page(
        request,
        "messages/messages.html",
        part="messages/_messages.html",
        project=project,
        section="messages",
        log=found,
        here=_address(found, asked["before"]),
        older=_address(found, found.before) if found.before else "",
    )


def _address(found: Log, before: int | None) -> str:
    """Return the address of a page of the log as it was opened: what was new to the reader then stays new on it."""
    shown = found.shown
    place = {"thread": shown.thread, "before": before, "since": shown.since, "upto": shown.upto if before else None}
    return f"?{urlencode({name: value for name, value in place.items() if value not in (None, '')})}"


@acts
def read(request: Request, slug: str) -> HttpResponse:
    """Note that the reader has seen a thread, or all messages, as far as a message."""
    project = find_project(request.caller, slug)
    reading.read_messages(cast(User, request.user), project, request.POST.get("thread", ""), number(request.POST.get("upto")) or 0)
    return changed(request, reverse("messages", args=[slug]))


@acts
def say(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.WORK)
    to, about = request.POST.get("to", ""), request.POST.get("about", "").strip().lstrip("#")
    if about and number(about) is None:
        raise Invalid("Write the number of a task, such as #12, or leave the field empty.", field="about")
    task = find_task(request.caller, int(about), slug=slug) if about else None
    agent = find_agent(request.caller, to) if to else None
    operations.say(project, typed(TextForm(request.POST))["text"], actor=actor_of(request), task=task, to_agent=agent)
    return done(request, f"Said to {agent.title if agent else 'everybody'}.", reverse("messages", args=[slug]))
