"""What agents are called: events, messages and commits keep the name that an agent registered with, pages show its title."""

from coordination.models import Agent


def agent_titles() -> dict[str, str]:
    """Return the titles of the agents that have one beside their name, by name."""
    return dict(Agent.objects.exclude(display_name="").values_list("name", "display_name"))
