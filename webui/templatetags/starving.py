"""The banner of starving work, for any page: with a project in the context it is about that one, else about all that are seen."""

from typing import Any

from django import template
from django.template.context import RequestContext

from coordination.queries.access import visible_projects
from coordination.queries.starved import Starvation, starved
from webui.requests import server_of

register = template.Library()


@register.simple_tag(takes_context=True)
def starvation(context: RequestContext) -> Starvation:
    """Return the queued work that no living agent could take."""
    request: Any = context["request"]
    project = context.get("project")
    return starved([project] if project else list(visible_projects(request.caller)), server=server_of(request))
