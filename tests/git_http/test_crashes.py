"""What is left when something dies, or is taken away, in the middle."""

import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop, run_git
from tests.servers.process import LONG, wait_until


def repository_of(shop: Shop, task: int) -> Path:
    (found,) = shop.server.home.glob(f"repos/*/*/{task}.git")
    return found


def test_a_branch_that_a_crash_left_behind_its_row_catches_up_before_it_is_cloned(shop: Shop, task: int, tmp_path: Path) -> None:
    old = shop.head(task)
    shop.api("PUT", f"/tasks/{task}/files/context/a.md", {"content": "two\n", "base": old})
    subprocess.run(["git", "update-ref", "refs/heads/main", old], cwd=repository_of(shop, task), check=True)
    clone = shop.clone(task, "vera", tmp_path / "c")
    assert clone.git("rev-parse", "HEAD") == shop.head(task) != old


def test_a_push_on_top_of_a_branch_that_stayed_behind_is_taken(shop: Shop, task: int, pats: Clone) -> None:
    old = shop.head(task)
    new = pats.commit(context__a="two\n")
    assert pats.push().succeeded
    subprocess.run(["git", "update-ref", "refs/heads/main", old], cwd=repository_of(shop, task), check=True)
    newer = pats.commit(context__a="three\n")
    assert pats.push().succeeded
    assert shop.head(task) == newer != new


def test_a_key_that_is_revoked_during_a_push_moves_nothing(shop: Shop, task: int, tmp_path: Path) -> None:
    """The push waits for the repository's lock, which the test holds; meanwhile the key goes (A10)."""
    made = shop.server.shell("from coordination.actor import SYSTEM; from coordination.operations.keys import create_key; "
        "print('KEY', create_key(name='short', scope='coordinator', actor=SYSTEM)[1])",
    )  # fmt: skip
    shop.keys["short"] = made.partition("KEY ")[2].strip()
    before = shop.head(task)
    clone = shop.clone(task, "short", tmp_path / "c")
    clone.commit(context__a="two\n")
    proxy = Pausing(shop.server.port, lambda: revoke(shop))
    proxy.start()
    pushed = clone.push(f"http://short:{shop.keys['short']}@127.0.0.1:{proxy.port}/git/tasks/{task}.git", "main")
    assert not pushed.succeeded
    assert proxy.has_happened
    proxy.join(timeout=LONG)
    assert shop.head(task) == before


REVOKE = """
from coordination.actor import SYSTEM
from coordination.models import ApiKey
from coordination.operations.keys import revoke_key
revoke_key(ApiKey.objects.get(name="short"), actor=SYSTEM)
"""


def revoke(shop: Shop) -> None:
    shop.server.shell(REVOKE)


class Pausing(threading.Thread):
    """A way to the server that sends all but the last byte of a push, lets something happen, and sends the rest."""

    def __init__(self, server: int, happens: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.happens = happens
        self.has_happened = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        with self.listener, suppress(OSError):
            while not self.has_happened:
                with self.listener.accept()[0] as client, socket.create_connection(("127.0.0.1", self.server)) as server:
                    back = threading.Thread(target=pour, args=(server, client), daemon=True)
                    back.start()
                    self._carry(client, server)
                    back.join()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        while piece := client.recv(65536):
            if b"PACK" in piece:
                server.sendall(piece[:-1])
                self.happens()
                self.has_happened = True
                piece = piece[-1:]
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


def pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)


def test_a_client_that_goes_away_leaves_no_git_behind(shop: Shop, task: int, tmp_path: Path) -> None:
    asked = f"0032want {shop.head(task)}\n0000"
    run_git(tmp_path, "ls-remote", shop.url(task, "vera"))
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", shop.server.port)) as client:
            head = f"POST /git/tasks/{task}.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
            key = shop.basic("vera")["Authorization"]
            client.sendall(f"{head}Authorization: {key}\r\nContent-Type: application/x-git-upload-pack-request\r\n\r\n{asked}".encode())
    assert run_git(tmp_path, "ls-remote", shop.url(task, "vera")).returncode == 0
    wait_until(lambda: running(shop) == [], what="The end of every git process")


def running(shop: Shop) -> list[str]:
    """The git processes of this server."""
    home = str(shop.server.home)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if home in str((process / "cwd").readlink()) and b"git" in (process / "cmdline").read_bytes():
                found.append(process.name)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


@pytest.mark.parametrize("number", range(3))
def test_a_server_that_is_killed_in_a_push_serves_a_whole_repository_afterwards(shop: Shop, task: int, pats: Clone, number: int) -> None:
    old, new = shop.head(task), pats.commit(context__a=f"{number}\n")
    killer = threading.Timer(0.03 + 0.05 * number, shop.server.kill)
    killer.start()
    pats.push()
    killer.join()
    shop.server.start()
    assert shop.head(task) in (old, new)

    def is_served() -> bool:
        return pats.git("ls-remote", "origin", "refs/heads/main", check=False).split()[:1] == [shop.head(task)]

    # A lock that the kill left behind is taken for a writer's until it is a minute old.
    wait_until(is_served, what="An answer about the branch")
    assert pats.push().succeeded
    assert shop.head(task) == new
