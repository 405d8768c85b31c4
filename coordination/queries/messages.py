"""The communication log of a project, newest first, and whom a message can go to."""

from dataclasses import dataclass

from coordination.models import Agent, Message, Project

PAGE = 50


@dataclass(frozen=True)
class Log:
    messages: list[Message]
    before: int | None  # the cursor of the next, older page
    agents: list[Agent]


def log(project: Project, *, before: int | None = None) -> Log:
    messages = Message.objects.filter(project=project).select_related("task", "to_agent").prefetch_related("acks__agent")
    if before:
        messages = messages.filter(pk__lt=before)
    page = list(messages.order_by("-id")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    return Log(page, page[-1].pk if more else None, list(Agent.objects.filter(retired_at=None)))
