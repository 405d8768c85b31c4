"""Messages, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from coordination.api.shapes.base import Asked, Id, Text, Told, asks
from coordination.api.shapes.tasks import AgentName
from coordination.models import Message


class MessageAsked(Asked):
    model_config = asks({"text": "The staging host is back.", "task": 1, "to_agent": "jared"})

    text: Annotated[Text, Field(min_length=1)]
    task: Id | None = None
    to_agent: AgentName | None = None


class AckAsked(Asked):
    model_config = asks({"agent": "jared"})

    agent: AgentName | None = None


class MessageTold(Told):
    id: int
    project: str
    task: int | None
    attempt: int | None
    to_agent: str | None
    author: str
    author_kind: str
    text: str
    created_at: datetime
    acks: list[str]


class MessagePage(Told):
    items: list[MessageTold]
    next_cursor: str | None


def message_told(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "project": message.project.slug,
        "task": message.task_id,
        "attempt": message.attempt_id,
        "to_agent": message.to_agent.name if message.to_agent else None,
        "author": message.author,
        "author_kind": message.author_kind,
        "text": message.text,
        "created_at": message.created_at,
        "acks": [ack.agent.name for ack in message.acks.all()],
    }
