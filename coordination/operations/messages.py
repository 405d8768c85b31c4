"""The communication log: say and acknowledge. Entries are never changed."""

from coordination.actor import Actor
from coordination.errors import Invalid, LimitExceeded
from coordination.models import Agent, Attempt, Message, MessageAck, Project, Task
from coordination.models.clock import now
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.holding import attempt_of, held
from coordination.operations.tokens import Holder

MAX_LENGTH = 100_000  # characters


@atomically
def say(
    project: Project, text: str, *, actor: Actor, task: Task | None = None, attempt: Attempt | None = None, to_agent: Agent | None = None
) -> Message:
    """Write one message, to everybody or to one agent, about the project or one of its tasks."""
    if not text.strip():
        raise Invalid("Write a message.", field="text")
    if len(text) > MAX_LENGTH:
        raise LimitExceeded(f"A message has at most {MAX_LENGTH} characters; put longer text into a file.", field="text")
    moment = now()
    message = Message.objects.create(
        project=project,
        task=task,
        attempt=attempt,
        to_agent=to_agent,
        author_kind=actor.kind,
        author_id=actor.id,
        author=actor.name,
        text=text,
        created_at=moment,
    )
    record(
        "message.said",
        actor=actor,
        project=project,
        task=task,
        at=moment,
        agent_id=to_agent.pk if to_agent else None,
        message=message.pk,
        text=text[:200],
    )
    return message


@atomically
def log(holder: Holder, text: str) -> Message:
    """Say something about the task one holds."""
    task, attempt = held(holder), attempt_of(holder)
    return say(task.project, text, actor=attempt.agent.actor, task=task, attempt=attempt)


@atomically
def acknowledge(message: Message, agent: Agent) -> None:
    """Note that the agent has read the message. Twice is no error."""
    MessageAck.objects.get_or_create(message=message, agent=agent, defaults={"acked_at": now()})
