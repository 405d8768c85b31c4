"""Projects, tasks and agents to measure with: made by the operations, then multiplied in the database."""

from dataclasses import dataclass

from django.db import connection

from coordination.actor import SYSTEM
from coordination.models import Agent, Phase, Project, Task
from coordination.operations.agents import register
from coordination.operations.creation import NewTask, create_task
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project


@dataclass(frozen=True)
class Plan:
    project: Project
    phase: Phase


@dataclass(frozen=True)
class Hand:
    """An agent and its key."""

    agent: Agent
    key_id: int
    key: str


def plan(slug: str = "bench", *, gate: str = "auto") -> Plan:
    project = create_project(slug=slug, name=slug.title(), actor=SYSTEM)
    return Plan(project, create_phase(project, name="Build", actor=SYSTEM, gate=gate))


def tasks(on: Plan, count: int, *, capabilities: tuple[str, ...] = (), instructions: str = "") -> Task:
    """Put `count` tasks into the plan and return the first, which the operations made; the others are copies of its row."""
    first = create_task(
        on.project,
        NewTask(
            title="Task", phase=on.phase, capabilities=capabilities, instructions=instructions, objective="Do it.", criteria=["It is done."]
        ),
        actor=SYSTEM,
    )
    columns = [field.column for field in Task._meta.concrete_fields if field.column != "id"]
    values = ", ".join({"sort_key": "sort_key + n", "title": "'Task ' || n"}.get(name, name) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO coordination_task ({', '.join(columns)}) "
            f"SELECT {values} FROM coordination_task, generate_series(1, %s) AS n WHERE id = %s",
            [count - 1, first.pk],
        )
        cursor.execute("VACUUM ANALYZE coordination_task")
    return first


def hands(count: int, *, capabilities: tuple[str, ...] = ()) -> list[Hand]:
    """Register agents, each with a key of its own."""
    found = []
    fleet, _ = create_key(name="fleet", scope="agent", actor=SYSTEM)
    for number in range(count):
        agent = register(name=f"agent-{'-'.join(capabilities)}{number}", capabilities=capabilities, actor=SYSTEM, key=fleet)
        key, raw = create_key(name=agent.name, scope="agent", actor=SYSTEM, agent=agent)
        found.append(Hand(agent, key.pk, raw))
    return found
