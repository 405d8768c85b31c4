from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import Invalid
from coordination.operations import messages as operations
from coordination.queries.access import Permission, find_agent, find_project, find_task
from coordination.queries.messages import log
from webui.forms import TextForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed


@shows
def messages(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    found = log(project, before=number(request.GET.get("before")), thread=request.GET.get("thread", ""))
    return page(
        request,
        "messages/messages.html",
        part="messages/_messages.html",
        project=project,
        section="messages",
        log=found,
        address=f"?{urlencode({'thread': found.thread.key})}&" if found.thread else "?",
    )


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
