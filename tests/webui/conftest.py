"""The cast: ada (admin), pat (planner), vera (viewer), and a project with a phase and a task that has instructions."""

import pytest
from django.test import Client

from coordination.models import Agent, ApiKey, Phase, Project, Role, Scope, Task, User
from coordination.operations import agents, claims, keys, leases, phases, projects
from coordination.operations.creation import NewTask, create_task
from coordination.operations.tokens import Holder, holder_of

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada", "ada@example.org", PASSWORD)


@pytest.fixture
def pat(project: Project, ada: User) -> User:
    return member("pat", Role.PLANNER, project, ada)


@pytest.fixture
def vera(project: Project, ada: User) -> User:
    return member("vera", Role.VIEWER, project, ada)


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("mallory", password=PASSWORD)


@pytest.fixture
def project(ada: User) -> Project:
    return projects.create_project(slug="tally", name="Tally", actor=ada.actor)


@pytest.fixture
def phase(project: Project, ada: User) -> Phase:
    return phases.create_phase(project, name="Build", actor=ada.actor)


@pytest.fixture
def task(project: Project, phase: Phase, ada: User) -> Task:
    new = NewTask(
        title="Write the parser", phase=phase, instructions="# Parse\n\nRead **every** line.\n", files={"context/names.md": b"# Names\n"}
    )
    return create_task(project, new, actor=ada.actor)


@pytest.fixture
def key(project: Project, ada: User) -> ApiKey:
    return keys.create_key(name="fleet", scope=Scope.AGENT, projects=[project], actor=ada.actor)[0]


@pytest.fixture
def jared(key: ApiKey) -> Agent:
    return agents.register(name="jared", display_name="Jared", capabilities=["python"], key=key, actor=key.actor)


def member(name: str, role: Role, project: Project, by: User) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    projects.grant_role(project, user, role, actor=by.actor)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def started(task: Task, agent: Agent, key: ApiKey) -> Holder:
    """Claim and start a task as an agent does."""
    claimed = claims.claim_task(task.pk, agent, key_id=key.pk)
    holder = holder_of(claimed.lease_token, task.pk, key.pk)
    leases.start(holder)
    return holder
