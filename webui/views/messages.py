from django.http import HttpResponse
from django.urls import reverse

from coordination.operations import messages as operations
from coordination.queries.access import Permission, find_agent, find_project
from coordination.queries.messages import log
from webui.forms import TextForm
from webui.requests import Request, actor_of, acts, done, number, page, shows, typed


@shows
def messages(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    found = log(project, before=number(request.GET.get("before")))
    return page(request, "messages/messages.html", part="messages/_messages.html", project=project, section="messages", log=found)


@acts
def say(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug, Permission.WORK)
    to = request.POST.get("to", "")
    agent = find_agent(request.caller, to) if to else None
    operations.say(project, typed(TextForm(request.POST))["text"], actor=actor_of(request), to_agent=agent)
    return done(request, "Said.", reverse("messages", args=[slug]))
