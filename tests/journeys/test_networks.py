"""Agents behind bad networks (C7, C8): nothing is lost, nothing happens twice, and nobody works on a task that is not theirs any more."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tqc import Client
from tqc.client.plain import PlainTransport
from tqc.errors import ServerAway
from tqc.shapes import Task

from tests.journeys.machines import Engine, Machine
from tests.servers.process import LONG, wait_until
from tests.servers.proxy import Proxy, running_proxy

LEASE = 25  # seconds, of which the agent keeps a fifth back: as long as a busy machine may keep it from ending a command
WAIT_FOR_GO = "touch $HOME/started; while [ ! -e $HOME/go ]; do sleep 0.05; done; echo through"


@pytest.fixture
def network(engine: Engine) -> Iterator[Proxy]:
    with running_proxy(engine.url) as proxy:
        yield proxy


@pytest.fixture
def jared(engine: Engine, network: Proxy, tmp_path: Path) -> Machine:
    return Machine(tmp_path, url=network.url, key=engine.keys["agent"], agent=tmp_path.name[-30:])


def add(engine: Engine, agent: str, title: str) -> Task:
    with engine.client("agent") as muster:
        muster.register(agent)
    with engine.client() as muster:
        return muster.add_task("shop", title, assigned_to=agent)


def task(engine: Engine, number: int) -> Task:
    with engine.client() as muster:
        return muster.task(number)


def far_client(engine: Engine, network: Proxy, agent: str, **options: Any) -> Client:
    return Client(network.url, engine.keys["coordinator"], agent=agent, transport=PlainTransport(), **options)


@pytest.fixture
def short_leases(engine: Engine) -> Iterator[Callable[[int], None]]:
    yield lambda seconds: engine.hand_out_leases_of(seconds)
    engine.hand_out_leases_of(150)


def test_a_report_made_while_the_server_is_away_arrives_when_it_is_back(engine: Engine, network: Proxy, jared: Machine) -> None:
    new = add(engine, jared.agent, "Finish in the dark")
    worker = jared.start("work", "--once", "--heartbeat", "0.3", "--exec", WAIT_FOR_GO)
    wait_until((jared.home / "started").exists, what="The command")
    network.cut()
    (jared.home / "go").touch()
    wait_until(lambda: "is kept until the server answers" in jared.log, what="The report in the outbox")
    assert len(list((jared.state / "outbox").glob("*.json"))) == 1
    network.mend()
    assert worker.wait(timeout=LONG) == 0, jared.log
    done = task(engine, new["id"])
    assert (done["state"], done["result"], done["attempts_made"]) == ("done", "through", 1)


def test_a_report_survives_the_worker_and_a_restart_of_the_server(engine: Engine, network: Proxy, jared: Machine) -> None:
    new = add(engine, jared.agent, "Survive")
    worker = jared.start("work", "--once", "--exec", WAIT_FOR_GO)
    wait_until((jared.home / "started").exists, what="The command")
    engine.server.kill()
    (jared.home / "go").touch()
    assert worker.wait(timeout=LONG) == 69, jared.log
    assert "reports wait to be sent" in jared.log
    engine.server.start()
    assert jared.tqc("doctor").code == 1
    said = jared.tqc("work", "--flush")
    assert (said.code, said.out) == (0, "Every report is sent.\n")
    assert (task(engine, new["id"])["state"], task(engine, new["id"])["attempts_made"]) == ("done", 1)
    assert list((jared.state / "outbox").glob("*.json")) == []


def test_a_short_cut_costs_nothing(engine: Engine, network: Proxy, jared: Machine, short_leases: Callable[[int], None]) -> None:
    short_leases(60)
    new = add(engine, jared.agent, "Short cut")
    worker = jared.start("work", "--once", "--heartbeat", "0.3", "--exec", WAIT_FOR_GO)
    wait_until((jared.home / "started").exists, what="The command")
    network.cut()
    threading.Event().wait(2)
    network.mend()
    threading.Event().wait(1)
    (jared.home / "go").touch()
    assert worker.wait(timeout=LONG) == 0, jared.log
    done = task(engine, new["id"])
    assert (done["state"], done["attempts_made"]) == ("done", 1)


@pytest.mark.once("sqlite", "the agent's machine decides alone")
@pytest.mark.parametrize("how", ["cut", "one_way", "drip"])
def test_a_long_cut_stops_the_command_before_the_lease_can_end(
    engine: Engine, network: Proxy, jared: Machine, short_leases: Callable[[int], None], how: str
) -> None:
    short_leases(LEASE)
    new = add(engine, jared.agent, f"Long cut, {how}")
    line = "echo $$ > $HOME/pid; touch $HOME/started; sleep 600"
    worker = jared.start("work", "--once", "--heartbeat", "0.3", "--grace", "0.5", "--exec", line)
    wait_until((jared.home / "started").exists, what="The command")
    cut_at = time.monotonic()
    if how == "cut":
        network.cut()
    elif how == "one_way":
        network.weather.one_way = True
    else:
        network.weather.bytes_per_second = 1.0
    gone = Path("/proc") / (jared.home / "pid").read_text().strip()
    wait_until(lambda: not gone.exists(), what="The end of the command")
    assert time.monotonic() - cut_at < LEASE
    # Nobody else has it yet: the server takes it back later, or has just heard that we gave it up.
    assert task(engine, new["id"])["attempts_made"] == 1
    with engine.client() as muster:
        assert muster.attempts(new["id"])["items"][0]["outcome"] in ("", "released")
    network.cut()
    network.mend()
    worker.wait(timeout=LONG)
    after = task(engine, new["id"])
    assert "release" in jared.log, jared.log + after["reason"]
    assert (after["state"], after["failures"]) == ("queued", 0), jared.log
    with engine.client() as muster:
        muster.cancel(new["id"])


def test_every_answer_may_be_lost_once(engine: Engine, network: Proxy) -> None:
    agent = "loser"
    with engine.client("agent") as near, far_client(engine, network, agent, patience=30.0) as far:

        def losing(call: Callable[[], Any]) -> Any:
            network.weather.lose_answers = 1
            try:
                return call()
            finally:
                assert network.weather.lose_answers == 0, "the answer was not lost"

        losing(lambda: far.register(agent))
        made = losing(lambda: far.add_task("shop", "Lose me", assigned_to=agent, objective="once"))
        number = made["id"]
        assert len([each for each in far.all_tasks(project="shop") if each["title"] == "Lose me"]) == 1
        claim = losing(lambda: far.claim(wait=1))[0]
        assert claim["task"]["id"] == number
        token = claim["lease_token"]
        losing(lambda: far.start(number, token))
        losing(lambda: far.beat(number, token))
        losing(lambda: far.progress(number, token, 50, "half"))
        losing(lambda: far.log(number, token, "only once"))
        done = losing(lambda: far.complete(number, token, result="once"))
        assert done["state"] == "done"
        told = losing(lambda: far.say("shop", "said once", task=number))
        events: list[str] = []

        def is_told() -> bool:
            # On PostgreSQL an event is told once every older transaction has ended.
            events[:] = [event["kind"] for event in near.events(task=number, limit=200)["items"]]
            return "task.done" in events

        wait_until(is_told, what="The last event")
        assert [events.count(kind) for kind in ("task.created", "task.claimed", "task.progress", "task.done")] == [1, 1, 1, 1]
        messages = [each["text"] for each in near.messages("shop", task=number)["items"]]
        assert messages == ["only once", "said once"]
        assert told["text"] == "said once"
        assert near.task(number)["attempts_made"] == 1


def test_the_commands_lose_no_task_when_an_answer_is_lost(engine: Engine, network: Proxy, jared: Machine) -> None:
    new = add(engine, jared.agent, "By hand")
    network.weather.lose_answers = 1
    claim = jared.json("claim", str(new["id"]))
    assert claim["attempt"]["number"] == 1
    network.weather.lose_answers = 1
    assert jared.tqc("complete", str(new["id"]), "--result", "yes").code == 0
    done = task(engine, new["id"])
    assert (done["state"], done["result"], done["attempts_made"]) == ("done", "yes", 1)


def test_a_claim_of_a_process_that_died_waiting_is_found_again(engine: Engine, network: Proxy, jared: Machine) -> None:
    new = add(engine, jared.agent, "Killed while claiming")
    network.weather.one_way = True
    process = jared.start("claim", str(new["id"]))
    wait_until(lambda: task(engine, new["id"])["state"] == "claimed", what="The claim")
    process.kill()
    process.wait()
    network.mend()
    claim = jared.json("claim", str(new["id"]))
    assert claim["attempt"]["number"] == 1
    assert jared.tqc("complete", str(new["id"])).code == 0


@pytest.mark.chaos
def test_resets_and_latency_change_no_outcome(engine: Engine, network: Proxy) -> None:
    agent = "stormy"
    network.weather.resets, network.weather.latency = 0.3, 0.02
    with far_client(engine, network, agent, patience=120.0) as far:
        far.register(agent)
        numbers = [
            each["id"] for each in far.add_tasks("shop", [{"title": f"Storm {n}", "assigned_to": agent} for n in range(10)])["items"]
        ]
        while claims := far.claim():
            claim = claims[0]
            far.complete(claim["task"]["id"], claim["lease_token"], result="dry")
    for number in numbers:
        done = task(engine, number)
        assert (done["state"], done["attempts_made"]) == ("done", 1)


def test_a_server_that_drips_is_given_up_in_time(engine: Engine, network: Proxy) -> None:
    network.weather.bytes_per_second = 1.0
    began = time.monotonic()
    with far_client(engine, network, "", timeout=1.0, patience=0.0) as far, pytest.raises(ServerAway, match="within 1 s"):
        far.me()
    assert time.monotonic() - began < 30, "each byte takes a second"


def test_nobody_listening_is_exit_code_69(tmp_path: Path) -> None:
    with running_proxy("http://127.0.0.1:1") as nowhere:
        nowhere.cut()
        said = Machine(tmp_path, url=nowhere.url, key="mst_a_b", agent="jared").tqc("doctor", "--json")
    assert said.code == 1
    assert [each["name"] for each in said.data["findings"] if not each["ok"]] == ["server"]
