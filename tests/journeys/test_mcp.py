"""`tqc mcp`, driven over standard input and output by the SDK's own client, as an agent drives it."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from tqc.shapes import Task

from tests import asynchronous
from tests.journeys.machines import Engine, Machine
from tests.servers.process import LONG

TOKENS = 4000
CHARACTERS_A_TOKEN = 4

pytestmark = pytest.mark.once("sqlite", "what `tqc mcp` does on the agent's machine; what it asks of the server is tested on both")


@pytest.fixture
def jared(engine: Engine, tmp_path: Path) -> Machine:
    return Machine(tmp_path, url=engine.url, key=engine.keys["agent"], agent=tmp_path.name[-30:], more={"MUSTER_PROJECT": "shop"})


def add(engine: Engine, machine: Machine, title: str, **fields: Any) -> Task:
    with engine.client("agent") as muster:
        muster.register(machine.agent)
    with engine.client() as muster:
        return muster.add_task("shop", title, **{"assigned_to": machine.agent, **fields})


def drive(machine: Machine, calls: Any) -> None:
    """Start the server, and let `calls` talk to it."""

    async def session() -> None:
        server = StdioServerParameters(command=sys.executable, args=["-m", "tqc", "mcp"], env=machine.environment)
        async with Client(server) as client:
            await calls(client)

    asynchronous.run(session)


async def told(client: Client, name: str, **arguments: Any) -> Any:
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def refused(client: Client, name: str, **arguments: Any) -> str:
    answer = await client.call_tool(name, arguments)
    assert answer.is_error
    return str(answer.content[0].text)  # type: ignore[union-attr]


def test_an_agent_carries_a_task_through(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Write the schema", instructions="# Schema\nThree tables.", criteria=["Three tables exist."])

    async def calls(client: Client) -> None:
        claimed = await told(client, "next_task")
        assert claimed["task"] == new["id"]
        assert "Three tables." in claimed["brief"]
        assert "complete_task" in claimed["brief"]
        assert "lease_token" not in claimed["brief"]
        assert (await told(client, "get_brief", task=new["id"]))["brief"] == claimed["brief"]
        progress = await told(client, "report_progress", task=new["id"], note="Two of three", percent=66)
        assert progress == {"task": new["id"], "state": "running", "notices": []}
        child = await told(client, "add_subtask", task=new["id"], title="Index them", instructions="# Index", tier="light")
        said = await told(client, "say", text="Nearly there.", task=new["id"])
        heard = await told(client, "read_messages", task=new["id"])
        assert [each["text"] for each in heard["messages"]] == ["Nearly there."]
        assert heard["last"] == said["last"]
        done = await told(client, "complete_task", task=new["id"], result="Three tables.", report="- [x] Three tables exist.")
        assert done["state"] == "done"
        with engine.client() as muster:
            assert muster.task(child["task"])["parent"] == new["id"]
            muster.cancel(child["task"])

    drive(jared, calls)


def test_what_goes_wrong_says_what_to_do(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Slip away")

    async def calls(client: Client) -> None:
        number = (await told(client, "next_task"))["task"]
        with engine.client() as muster:
            muster.take_back(number, "Mine now")
        lost = await refused(client, "complete_task", task=number, result="Done.")
        assert "lease_lost" in lost
        assert "do not repeat the call" in lost
        assert "no_lease" in await refused(client, "report_progress", task=number, note="Still here")
        assert "not_found" in await refused(client, "get_brief", task=999_999)
        assert (await client.call_tool("report_progress", {"task": 0, "note": ""})).is_error
        with engine.client() as muster:
            muster.cancel(new["id"])
        assert (await told(client, "next_task"))["task"] is None

    drive(jared, calls)


@pytest.mark.parametrize(
    ("tool", "arguments", "state"),
    [
        ("ask_person", {"question": "Red or blue?"}, "blocked"),
        ("fail_task", {"error": "No such host.", "retryable": False}, "failed"),
        ("release_task", {"reason": "Not my language."}, "queued"),
    ],
)
def test_every_way_to_end_a_task(engine: Engine, jared: Machine, tool: str, arguments: dict[str, Any], state: str) -> None:
    new = add(engine, jared, tool)

    async def calls(client: Client) -> None:
        number = (await told(client, "next_task", task=new["id"]))["task"]
        assert (await told(client, tool, task=number, **arguments))["state"] == state

    drive(jared, calls)
    with engine.client() as muster:
        if state != "failed":
            muster.cancel(new["id"])


def test_the_server_keeps_the_lease_and_passes_a_cancellation_on(engine: Engine, jared: Machine) -> None:
    engine.hand_out_leases_of(20)
    new = add(engine, jared, "Long thought")

    async def calls(client: Client) -> None:
        number = (await told(client, "next_task"))["task"]
        with engine.client() as muster:
            before = muster.task(number)["lease"]
            assert before is not None
            with anyio.fail_after(LONG):
                while (muster.task(number)["lease"] or before)["expires_at"] == before["expires_at"]:
                    await anyio.sleep(0.2)
            muster.cancel(number, "Not needed")
            notices: list[str] = []
            with anyio.fail_after(LONG):
                while not notices:
                    notices = (await told(client, "report_progress", task=number, note="Thinking"))["notices"]
                    await anyio.sleep(0.2)
        assert "was cancelled: Not needed" in notices[0]
        assert (await told(client, "release_task", task=number, reason="Cancelled"))["state"] == "cancelled"

    try:
        drive(jared, calls)
    finally:
        engine.hand_out_leases_of(150)
    with engine.client() as muster:
        assert muster.task(new["id"])["state"] == "cancelled"


def test_briefs_and_histories_are_resources(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Readable", instructions="# Read me")

    async def calls(client: Client) -> None:
        templates = {str(each.uri_template) for each in (await client.list_resource_templates()).resource_templates}
        assert templates == {"muster://tasks/{task}/brief", "muster://tasks/{task}/history"}
        brief = (await client.read_resource(f"muster://tasks/{new['id']}/brief")).contents[0]
        assert "# Read me" in brief.text  # type: ignore[union-attr]
        history = (await client.read_resource(f"muster://tasks/{new['id']}/history")).contents[0]
        assert len(json.loads(history.text)) == 1  # type: ignore[union-attr]

    drive(jared, calls)
    with engine.client() as muster:
        muster.cancel(new["id"])


def test_the_tools_are_few_and_small_and_say_what_they_answer(engine: Engine, jared: Machine) -> None:
    async def calls(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert len(tools) <= 12
        assert all(tool.output_schema and tool.description and tool.annotations for tool in tools)
        definitions = json.dumps([tool.model_dump(exclude_none=True, by_alias=True) for tool in tools])
        assert len(definitions) / CHARACTERS_A_TOKEN < TOKENS

    drive(jared, calls)
