"""Ports for throw-away servers, such as nobody else takes between the choice and the start, or between a kill and the next start."""

import fcntl
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

FIRST, SIZE = 10_000, 100  # each process that starts servers has as many ports of its own
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_locks: list[IO[bytes]] = []  # held as long as this process lives


def free_port() -> int:
    """Return a port at which nobody listens, which no other process of any test run is given and no outgoing connection takes."""
    ports = _own_ports()
    for _ in range(SIZE):
        port = next(ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"None of the {SIZE} ports from {port - SIZE + 1} on is free.")


@cache
def _own_ports() -> Iterator[int]:
    """Lock a block of ports for this process; its ports in turn, so that one is used again as late as possible."""
    folder = Path(tempfile.gettempdir()) / f"muster-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    blocks = list(range(FIRST, _first_outgoing() - SIZE + 1, SIZE))
    random.SystemRandom().shuffle(blocks)  # the tests seed the other one
    for block in blocks:
        lock = (folder / str(block)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return itertools.cycle(range(block, block + SIZE))
    raise RuntimeError(f"Every block of ports in {folder} is taken: {len(blocks)} processes start servers at once.")


def _first_outgoing() -> int:
    """The lowest port that the kernel gives to outgoing connections."""
    try:
        return max(int(RANGE.read_text().split()[0]), FIRST + 20 * SIZE)
    except (OSError, ValueError):
        return 32_768
