"""The Python client against a live server: its examples run, both flavours do the same, and refusals have names."""

import doctest
import inspect
import threading
from collections.abc import Iterator

import pytest
from tqc import AsyncClient, Client
from tqc.client import sync
from tqc.client.plain import PlainTransport
from tqc.errors import Forbidden, HeldByAnother, Invalid, LeaseLost, NotFound, ServerAway, StaleVersion, Unauthenticated

from tests import asynchronous
from tests.journeys.machines import Engine
from tests.servers.process import LONG


@pytest.fixture
def muster(engine: Engine) -> Iterator[Client]:
    with engine.client(agent="jared") as client:
        yield client


def test_the_examples_in_the_docstrings_run(engine: Engine) -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    with engine.client("agent", agent="jared") as muster:
        muster.register("jared")
        if not muster.tasks()["items"]:
            with engine.client() as planner:
                planner.add_task("shop", "Write the schema", instructions="# Write it")
        names = {"Client": Client, "url": engine.url, "key": engine.keys["agent"], "muster": muster}
        examples = 0
        for name, method in inspect.getmembers(Client, inspect.isfunction):
            for each in finder.find(method, name, module=False, globs=dict(names)):
                examples += len(each.examples)
                runner.run(each)
    assert examples >= 4
    assert runner.summarize(verbose=False).failed == 0


def test_the_commands_transport_and_httpx_hear_the_same(engine: Engine) -> None:
    with engine.client() as one, engine.client(transport=PlainTransport()) as other:
        assert one.projects() == other.projects()
        assert one.me()["actor"] == other.me()["actor"]


def test_both_flavours_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") and name not in ("close", "aclose")
        }

    assert methods(Client) == methods(AsyncClient)
    assert sync.Client.__doc__ is not None


def test_every_endpoint_has_a_method(engine: Engine) -> None:
    """Whatever the API describes, the client can ask for."""
    with engine.client() as muster:
        described = muster.ask("GET", "/openapi.json")["paths"]
    source = inspect.getsource(inspect.getmodule(sync.Planning)) + inspect.getsource(inspect.getmodule(sync.Reading))  # type: ignore[arg-type]
    source += inspect.getsource(inspect.getmodule(sync.Working))  # type: ignore[arg-type]
    last_words = {path.rstrip("/").rsplit("/", 1)[-1] for path in described}
    missing = sorted(word for word in last_words if not word.startswith("{") and word not in source)
    assert missing == []


def test_the_asynchronous_client_claims_and_completes(engine: Engine) -> None:
    async def work() -> str:
        async with AsyncClient(engine.url, engine.keys["coordinator"], agent="jean") as muster:
            await muster.register("jean")
            task = await muster.add_task("shop", "Asynchronously", assigned_to="jean", priority=0)
            claim = await muster.claim_task(task["id"])
            await muster.start(task["id"], claim["lease_token"])
            done = await muster.complete(task["id"], claim["lease_token"], result="Awaited.")
            assert [each["id"] async for each in muster.all_tasks(q="Asynchronously")] == [task["id"]]
            return done["state"]

    assert asynchronous.run(work) == "done"


def test_events_are_followed_without_a_gap(engine: Engine, muster: Client) -> None:
    opened = threading.Event()
    heard: list[str] = []

    def listen() -> None:
        with engine.client() as listener:
            for event in listener.follow_events(project="shop", kind=["task.created"], opened=opened.set):
                heard.append(event["data"]["title"])
                if len(heard) == 2:
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert opened.wait(LONG)
    for title in ("Heard first", "Heard second"):
        muster.add_task("shop", title)
    thread.join(timeout=LONG)
    assert heard == ["Heard first", "Heard second"]


def test_refusals_have_names(engine: Engine) -> None:
    muster = engine.client(agent="jean")
    muster.register("jean")
    task = muster.add_task("shop", "Refuse me", instructions="one", assigned_to="jean")
    number = task["id"]
    with pytest.raises(NotFound):
        muster.task(999_999)
    with pytest.raises(Invalid, match="priority"):
        muster.edit_task(number, {"priority": 1000})
    muster.save_file(number, "instructions.md", "two", base=task["head"])
    with pytest.raises(StaleVersion):
        muster.save_file(number, "instructions.md", "three", base=task["head"])
    with pytest.raises(Unauthenticated), Client(engine.url, "mst_wrong_key") as stranger:
        stranger.me()
    with pytest.raises(Forbidden), engine.client("reader") as reader:
        reader.add_task("shop", "Not mine to add")
    claim = muster.claim_task(number)
    with pytest.raises(HeldByAnother) as held:
        muster.claim_task(number)
    assert held.value.holder == "jean"
    muster.release(number, claim["lease_token"], "Enough")
    with pytest.raises(LeaseLost) as lost:
        muster.complete(number, claim["lease_token"], result="Late")
    assert lost.value.reason == "finished"
    muster.cancel(number)
    muster.close()


def test_a_refusal_is_never_repeated_and_an_absence_is(engine: Engine) -> None:
    class Counting(PlainTransport):
        sent = 0

        def send(self, request):  # type: ignore[no-untyped-def]
            self.sent += 1
            return super().send(request)

    refused, away = Counting(), Counting()
    with pytest.raises(NotFound), engine.client(transport=refused) as client:
        client.task(999_999)
    assert refused.sent == 1
    with pytest.raises(ServerAway), Client("http://127.0.0.1:1", "mst_a_b", patience=1.0, transport=away) as client:
        client.me()
    assert away.sent > 1
