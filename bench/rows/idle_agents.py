"""1,000 idle agents that wait for work and 20 open boards: how fast one task wakes an agent, and what all of it weighs."""

import json
import selectors
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.test import Client as Browser

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most, note
from bench.fleet import percentile
from bench.http import Client
from coordination.actor import SYSTEM
from coordination.models import User
from coordination.operations.keys import create_key
from tests.servers import MusterServer
from tests.servers.process import descendants

AGENTS, BOARDS, WAKES = 1000, 20, 20
CLAIM = b'{"wait":30,"brief":false}'


@dataclass(frozen=True)
class _Agent:
    url: str
    key: str


def measure(bed: Bed) -> list[Figure]:
    plan, hands = seed.plan(), seed.hands(AGENTS)
    planner = create_key(name="planner", scope="coordinator", actor=SYSTEM)[1]
    User.objects.create_superuser("ada", password="a password of a bench")
    found: list[Figure] = []
    for redis, limit in ((True, 0.3), (False, 1.0)):
        with bed.muster(redis=redis) as muster:
            words = f"{AGENTS:,} agents wait, {BOARDS} boards are open, {'with' if redis else 'without'} Redis"
            took, megabytes = _wake(muster, [hand.key for hand in hands], planner, plan)
            found += [
                at_most(f"{words}: a task wakes one, p99", percentile(took, 0.99) * 1000, "ms", limit * 1000),
                at_most(f"{words}: memory of all processes", megabytes, "MB", 400),
                note(f"{words}: woken", len(took), f"of {WAKES}"),
            ]
    return found


def _wake(muster: MusterServer, keys: list[str], planner: str, plan: seed.Plan) -> tuple[list[float], float]:
    """Return the seconds from the creation of a task to the answer of a waiting claim, for each task, and the weight in MB."""
    with selectors.DefaultSelector() as waiting:
        boards = _boards(muster)
        for key in keys:
            waiting.register(_wait_for_work(muster.url, key), selectors.EVENT_READ, _Agent(muster.url, key))
        time.sleep(5)  # until the last of them waits; nothing tells a client that its request has begun to wait
        creator, took = Client(muster.url, planner), []
        for number in range(WAKES):
            body = json.dumps({"tasks": [{"title": f"Wake {number}"}]})
            began = time.perf_counter()
            status, answer = creator.post(f"/api/v1/projects/{plan.project.slug}/tasks", body)
            assert status == 201, answer
            if _answered(waiting, until=began + 2):
                took.append(time.perf_counter() - began)
        megabytes = sum(_weight(pid) for pid in (_pid(muster), *descendants(_pid(muster)))) / 1e6
        for each in [*(key.fileobj for key in list(waiting.get_map().values())), *boards]:
            each.close()
    return took, megabytes


def _answered(waiting: selectors.BaseSelector, until: float) -> bool:
    """Wait until one client has its task. A client that hears of none asks again, as an agent does."""
    while (left := until - time.perf_counter()) > 0:
        for key, _ in waiting.select(left):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            answer = _received(client)
            if b" 204 " in answer[:20]:
                _ask(client, key.data.key)
                continue
            waiting.unregister(client)
            client.close()
            if b" 200 " in answer[:20]:
                return True
            # A server at its limit hangs up; an agent calls again.
            waiting.register(_wait_for_work(key.data.url, key.data.key), selectors.EVENT_READ, key.data)
    return False


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionError:
        return b""


def _wait_for_work(url: str, key: str) -> socket.socket:
    client = _connect(url)
    _ask(client, key)
    return client


def _ask(client: socket.socket, key: str) -> None:
    head = f"POST /api/v1/tasks/claim HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    client.sendall(head.encode() + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(CLAIM), CLAIM))


def _boards(muster: MusterServer) -> list[socket.socket]:
    """Open the streams by which boards hear of changes."""
    browser = Browser(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.get(username="ada"))
    cookie = browser.cookies["sessionid"].value
    boards = []
    for _ in range(BOARDS):
        board = _connect(muster.url)
        board.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={cookie}\r\nAccept: text/event-stream\r\n\r\n".encode())
        boards.append(board)
    return boards


def _connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def _pid(muster: MusterServer) -> int:
    assert muster.process is not None
    return muster.process.pid


def _weight(pid: int) -> int:
    """Return the bytes that a process has for itself, and its share of what it has with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
