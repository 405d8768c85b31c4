"""The supervisor as a process of its own: what `manage.py up` becomes once everything is prepared.

It lives for months and knows nothing of Django, so that it weighs a tenth of what prepared it.
"""

import json
import logging
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NoReturn

from worker.supervisor import Child, Supervisor

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True)
class Orders:
    """What to keep running. `children` are name, command and stop signal; `public_url` is empty where nothing is served."""

    children: Sequence[tuple[str, Sequence[str], int]]
    host: str
    port: int
    public_url: str
    log_level: str
    directory: str

    def follow(self) -> NoReturn:
        """Become the supervisor that carries these orders out: the same process, with another program in it."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir(self.directory)
        os.execv(sys.executable, [sys.executable, "-m", "worker.supervise", json.dumps(asdict(self))])


class Watch:
    """Says once when the server answers."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._is_ready = not orders.public_url

    def look(self) -> None:
        if not self._is_ready and _answers(self._orders.host, self._orders.port):
            self._is_ready = True
            print(f"Muster is ready at {self._orders.public_url}", flush=True)


def _answers(host: str, port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        # Cheap while nothing listens: the supervisor must not wait for an answer that cannot come.
        socket.create_connection((host, port), timeout=0.2).close()
        with urllib.request.urlopen(f"http://{f'[{host}]' if ':' in host else host}:{port}/livez", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def main(told: str) -> None:
    orders = Orders(**json.loads(told))
    logging.basicConfig(format=LOG_FORMAT, level=orders.log_level)
    children = [Child(name, command, signal.Signals(number)) for name, command, number in orders.children]
    Supervisor(children, cwd=orders.directory).run(Watch(orders).look)
    print("Muster has stopped.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
