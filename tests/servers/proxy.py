"""A TCP proxy on loopback that does to a connection what networks do: cut it, slow it, lose an answer."""

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK = 65536


@dataclass
class Weather:
    """How the network is at the moment. Every field may be changed while connections are open.

    `cut`: nothing passes, and new connections are refused as soon as they are made. `one_way`: requests pass, answers
    do not. `latency` in seconds for each chunk, `bytes_per_second` of answers, `resets`: the share of connections that are
    reset when their first answer comes. `lose_answers`: how many answers are still to be thrown away after the server gave them.
    """

    cut: bool = False
    one_way: bool = False
    latency: float = 0.0
    bytes_per_second: float = 0.0
    resets: float = 0.0
    lose_answers: int = 0


class Proxy:
    """Stands between an agent and a server; `url` is where the agent goes."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self.weather = Weather()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._random = random.Random(4711)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """Break every connection, and let no new one through until `mend`."""
        self.weather.cut = True
        with self._lock:
            broken = list(self._open)
        for each in broken:
            _reset(each)

    def mend(self) -> None:
        self.weather = Weather()

    def close(self) -> None:
        self._listener.close()
        with self._lock:
            for each in self._open:
                each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if self.weather.cut:
            _reset(near)
            return
        try:
            far = socket.create_connection(self._target, timeout=10)
        except OSError:
            _reset(near)
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
        self._pump(far, near, True)
        with self._lock:
            self._open -= {near, far}

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        """Carry bytes one way until either side ends."""
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                weather = self.weather
                time.sleep(weather.latency)
                if weather.cut or (answers and self._lost(weather)):
                    _reset(sink)
                    _reset(source)
                    return
                if answers and weather.one_way:
                    continue
                self._carry(data, sink, weather.bytes_per_second if answers else 0.0)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _lost(self, weather: Weather) -> bool:
        if weather.lose_answers > 0:
            weather.lose_answers -= 1
            return True
        return self._random.random() < weather.resets

    def _carry(self, data: bytes, sink: socket.socket, rate: float) -> None:
        if not rate:
            sink.sendall(data)
            return
        for byte in data:
            sink.sendall(bytes([byte]))
            time.sleep(1 / rate)


def _reset(connection: socket.socket) -> None:
    """Close with RST, as a broken network does."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def running_proxy(target: str) -> Iterator[Proxy]:
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
