"""The cast of the API's tests: a shop to work in, a lab nobody here may see, and the keys of those who ask."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.test import Client

from coordination.actor import SYSTEM
from coordination.api import claims, signs
from coordination.hub import hub
from coordination.models import Agent, Phase, Project, Task, User
from coordination.operations import admission, agents, creation, keys, phases, projects
from coordination.operations.creation import NewTask
from coordination.throttle import wrong_keys
from tests.coordination.api.shapes import check_shape


@pytest.fixture(autouse=True)
def _forget_what_other_tests_left() -> Iterator[None]:
    """Each test has a database of its own; what this process remembers of the last one's rows must go."""
    claims.lane_numbered.cache_clear()
    admission._noted.clear()
    signs._noted.clear()
    wrong_keys.clear()
    cache.clear()
    yield
    hub.rest()


class Answer:
    """What came back: `status`, `json` and headers, checked against the shape that the description promises."""

    def __init__(self, response: HttpResponseBase) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.content = b"" if response.streaming else response.content

    @property
    def json(self) -> Any:
        return orjson.loads(self.content)

    def __repr__(self) -> str:
        return f"{self.status} {self.content[:2000]!r}"


@dataclass
class Caller:
    """Somebody with a key, who speaks JSON."""

    key: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """Send a request; paths without a leading /api are of version 1. Header names are written with underscores."""
        if not path.startswith(("/", "http")):
            path = f"/api/v1/{path}"
        content = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        meta = {f"HTTP_{name.upper()}": value for name, value in {**self.headers, **headers}.items()}
        if "HTTP_CONTENT_TYPE" in meta:
            content_type = meta.pop("HTTP_CONTENT_TYPE")
        else:
            content_type = "application/json"
        if self.key:
            meta.setdefault("HTTP_AUTHORIZATION", f"Bearer {self.key}")
        client = Client(raise_request_exception=True)
        answer = Answer(client.generic(method, path, content, content_type, **meta))
        check_shape(method, path, answer)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.ask("DELETE", path, **headers)


def key_for(
    scope: str, *, agent: Agent | None = None, user: User | None = None, projects: list[Project] | None = None, name: str = ""
) -> Caller:
    _, raw = keys.create_key(name=name or f"a {scope}'s key", scope=scope, actor=SYSTEM, agent=agent, user=user, projects=projects)
    return Caller(raw)


@pytest.fixture
def shop(db: None) -> Project:
    return projects.create_project(slug="shop", name="Shop", actor=SYSTEM)


@pytest.fixture
def build(shop: Project) -> Phase:
    return phases.create_phase(shop, name="Build", actor=SYSTEM)


@pytest.fixture
def lab(db: None) -> Project:
    """A project that only the stranger may see."""
    project = projects.create_project(slug="lab", name="Lab", actor=SYSTEM)
    phases.create_phase(project, name="Secret", actor=SYSTEM)
    return project


AddTask = Callable[..., Task]


@pytest.fixture
def add(build: Phase) -> AddTask:
    def add(title: str = "Write the schema", **fields: Any) -> Task:
        return creation.create_task(build.project, NewTask(title=title, **{"phase": build, **fields}), actor=SYSTEM)

    return add


@pytest.fixture
def jared(shop: Project) -> Caller:
    """An agent's own key, of the shop only."""
    agent = agents.register(name="jared", actor=SYSTEM, capabilities=["python", "sql"])
    return key_for("agent", agent=agent, projects=[shop])


@pytest.fixture
def jean(shop: Project) -> Caller:
    agent = agents.register(name="jean", actor=SYSTEM, capabilities=["design"])
    return key_for("agent", agent=agent, projects=[shop])


@pytest.fixture
def fleet(shop: Project) -> Caller:
    """A key of many agents; it names the one that speaks."""
    return key_for("agent", projects=[shop])


@pytest.fixture
def stranger(lab: Project) -> Caller:
    """An agent of another project."""
    agent = agents.register(name="stranger", actor=SYSTEM)
    return key_for("agent", agent=agent, projects=[lab])


@pytest.fixture
def planner(shop: Project) -> Caller:
    """A coordinator's key of the shop."""
    return key_for("coordinator", projects=[shop])


@pytest.fixture
def vera(shop: Project) -> Caller:
    return key_for("reader", projects=[shop])


@pytest.fixture
def ada(db: None) -> Caller:
    """The admin's key opens everything."""
    user = User.objects.create_superuser("ada", password="a long password")
    return key_for("admin", user=user)


@pytest.fixture
def nobody() -> Caller:
    return Caller("")
