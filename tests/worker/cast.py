"""Ready-made plans for the tests of the jobs: a project, an agent with a task in its hands."""

import itertools
from collections.abc import Mapping
from datetime import timedelta

from coordination.actor import SYSTEM
from coordination.models import Agent, ApiKey, Event, Lease, Project, Task
from coordination.models.clock import now
from coordination.operations.agents import register
from coordination.operations.claims import Claimed, claim_task
from coordination.operations.creation import Need, NewTask, create_task
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project
from tests.servers.process import wait_until

_numbers = itertools.count(1)


def make_project(slug: str = "") -> Project:
    number = next(_numbers)
    project = create_project(slug=slug or f"plan-{number}", name=f"Plan {number}", actor=SYSTEM)
    create_phase(project, name="Inbox", actor=SYSTEM, open_ended=True)
    return project


def make_task(
    project: Project | None = None, *, text: str = "", files: Mapping[str, bytes] | None = None, needs: tuple[Task, ...] = ()
) -> Task:
    waits = [Need(task.pk) for task in needs]
    new = NewTask(title="Write the manual", instructions=text, files=files or {}, needs=waits)
    return create_task(project or make_project(), new, actor=SYSTEM)


def make_agent(name: str = "jared") -> tuple[Agent, ApiKey]:
    key, _ = create_key(name=f"key of {name}", scope="agent", actor=SYSTEM)
    return register(name=name, actor=key.actor, key=key), key


def make_claim(task: Task, name: str = "jared") -> Claimed:
    agent, key = make_agent(name)
    return claim_task(task.pk, agent, key_id=key.pk)


def let_lease_expire(task: Task, seconds: int = 1) -> None:
    Lease.objects.filter(task=task).update(expires_at=now() - timedelta(seconds=seconds))


def let_log_settle() -> None:
    """Wait until readers of the log may see all of it: PostgreSQL's readers wait for every transaction in flight in the server."""
    wait_until(lambda: Event.objects.settled().count() == Event.objects.count(), what="The end of all transactions in flight")
