"""The first start on an empty database: somebody who can sign in, a key for the agents and a place for tasks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from coordination.actor import SYSTEM
from coordination.models import ApiKey, Project, Scope, User
from coordination.models.sql import run
from coordination.operations.atomic import atomically
from coordination.operations.events import record
from coordination.operations.keys import create_key
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project

ADMIN = "admin"
PROJECT = "default"
KEY_NAME = "first agent key"


@dataclass(frozen=True)
class FirstStart:
    """What the first start made. Password and key are shown now and never again."""

    username: str
    password: str
    key: str


@atomically
def bootstrap(keep: Callable[[str], None]) -> FirstStart | None:
    """Fill an empty database and return what was made, or None if somebody was here before.

    `keep` stores the key before anything is committed: a key that nobody could write down would be of no use.
    """
    if connection.vendor == "postgresql":
        run("SELECT pg_advisory_xact_lock(7236002)")  # two nodes that start at once
    if User.objects.exists() or Project.objects.exists() or ApiKey.objects.exists():
        return None
    password = secrets.token_urlsafe(15)
    admin = User.objects.create_superuser(ADMIN, password=password)
    record("user.created", actor=SYSTEM, username=admin.get_username(), superuser=True)
    project = create_project(slug=PROJECT, name="Default", actor=admin.actor)
    create_phase(project, name="Inbox", actor=SYSTEM, open_ended=True)
    _, key = create_key(name=KEY_NAME, scope=Scope.AGENT, actor=SYSTEM)
    keep(key)
    return FirstStart(ADMIN, password, key)
