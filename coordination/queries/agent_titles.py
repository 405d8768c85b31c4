"""What agents are called: events, messages and commits keep the name that an agent registered with, pages show its title."""

from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from coordination.models import Agent, Message


def agent_titles() -> dict[str, str]:
    """Return the titles of the agents that have one beside their name, by name."""
    return dict(Agent.objects.exclude(display_name="").values_list("name", "display_name"))


def with_author_title(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Return the messages, each with the title of the agent of its author's name as `author_title`, for a page with many queries."""
    title = Coalesce(NullIf("display_name", Value("")), "name", output_field=CharField())
    agents = Agent.objects.filter(name=OuterRef("author")).annotate(shown=title)
    return messages.annotate(author_title=Subquery(agents.values("shown")[:1]))
