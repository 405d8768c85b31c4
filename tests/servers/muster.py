"""The real Muster as its users start it: own process, own directory, free port, awaited until it answers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.process import (
    ServerError,
    is_alive,
    kill_tree,
    log_tail,
    release_guard,
    short_tempdir,
    start_guard,
    wait_until,
)

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = (sys.executable, "manage.py", "up")
SECRET_KEY = "for-throw-away-servers-only-0123456789-abcdefghijklmnop"
# A busy machine may need this long; what hangs needs longer still. What must be fast is measured by the bench and `make chaos`.
START_SECONDS = 300
STOP_SECONDS = 120
ANSWER_SECONDS = 20
# What a person's shell may hold and a test's server must not see.
FOREIGN = (
    *("DATABASE_URL", "REDIS_URL", "MUSTER_HOME", "REPO_ROOT", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "PORT", "DEBUG"),
    *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "PUBLIC_URL", "LOG_LEVEL", "MUSTER_CONFIG", "SECOND_FACTOR_FOR"),
)


def muster_environment(home: Path, *, database_url: str = "", redis_url: str = "", port: int = 0) -> dict[str, str]:
    """Return the environment of a Muster process whose every file is below `home`; no database_url means SQLite there."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN and not name.startswith("PYTEST_")}
    chosen = {
        "DJANGO_SETTINGS_MODULE": "coordination.settings",
        "MUSTER_HOME": str(home),
        "HOME": str(home / "home"),
        "XDG_CONFIG_HOME": str(home / "home" / ".config"),
        "SECRET_KEY": SECRET_KEY,
        "PYTHONUNBUFFERED": "1",
        "PORT": str(port) if port else "",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    return kept | {name: value for name, value in chosen.items() if value}


class Beside:
    """A process with Django on the data of a server; it ends with its starter, whose end of its input closes."""

    def __init__(self, environment: Mapping[str, str], log_path: Path) -> None:
        self.log_path = log_path
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.beside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=dict(environment),
                start_new_session=True,
                text=True,
            )

    def run(self, code: str) -> str:
        """Run the code and return what it printed; ServerError if it raised."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        if not (answer := self.process.stdout.readline()):
            raise ServerError(f"The process beside the server ended. Its log ends:\n{log_tail(self.log_path)}")
        printed, failure = json.loads(answer)
        if failure:
            raise ServerError(f"Code beside the server failed:\n{printed}{failure}")
        return str(printed)

    def close(self) -> None:
        kill_tree(self.process)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class MusterServer:
    """One Muster under one directory; `url` and the data stay the same over kill() and start()."""

    def __init__(
        self,
        *,
        database_url: str = "",
        redis_url: str = "",
        home: Path | None = None,
        port: int = 0,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
        ready_path: str = "/livez",
        contents: Path | None = None,
    ) -> None:
        """Without `home` a temporary one is made, and removed by close(); `environment` is laid over the usual one.

        `contents` names a directory with whose files the home begins.
        """
        self.scratch = short_tempdir("muster-")
        self.home = home or self.scratch / "var"
        if contents is not None:
            shutil.copytree(contents, self.home)
        (self.home / "home").mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.log_path = self.scratch / "muster.log"
        self.command = [str(part) for part in command]
        self.environment = muster_environment(self.home, database_url=database_url, redis_url=redis_url, port=self.port)
        self.environment |= dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self._ready_url = f"{self.url}{ready_path}"
        self._beside: Beside | None = None
        self._pid_file = self.scratch / "pid"
        self._guard = start_guard(self._pid_file, self.scratch, whole_group=True)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything the server has printed so far, on both streams, over all its starts."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def start(self, *, seconds: float = START_SECONDS) -> None:
        """Start the server on the data it has and wait until it says that it is ready."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=self.environment, start_new_session=True
            )
        self._pid_file.write_text(str(self.process.pid))
        wait_until(self._answers, seconds=seconds, what=f"The start of Muster ({self._ready_url})")

    def manage(self, *arguments: str) -> str:
        """Run a manage.py command, from its arguments to its exit code, in the process beside the server; return what it printed."""
        command = ["manage.py", *arguments]
        return self.shell(f"from django.core.management import execute_from_command_line as run; run({command!r})")

    def shell(self, code: str) -> str:
        """Run Python beside the server, with its settings, and return what it printed; one process serves all calls."""
        if self._beside is None:
            self._beside = Beside(self.environment, self.scratch / "beside.log")
        return self._beside.run(code)

    def kill(self) -> None:
        """`kill -9` the server and every process it started, at once."""
        if self.process is not None:
            kill_tree(self.process)
            self.process = None

    def terminate(self, *, seconds: float = STOP_SECONDS) -> int:
        """Ask the server to stop as a service manager does (SIGTERM) and return its exit code; ServerError if it does not."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ServerError(f"Muster did not stop within {seconds:g} s of SIGTERM. Its log ends:\n{log_tail(self.log_path)}") from None
        self.process = None
        return code

    def restart(self) -> None:
        self.terminate()
        self.start()

    def close(self) -> None:
        """End the server, without ceremony, and remove what it wrote."""
        self.kill()
        if self._beside is not None:
            self._beside.close()
        release_guard(self._guard, self._pid_file)

    def _answers(self) -> bool:
        if self.process is None or not is_alive(self.process.pid):
            raise ServerError(f"Muster stopped while it started. Its log ends:\n{log_tail(self.log_path)}")
        try:
            with urllib.request.urlopen(self._ready_url, timeout=ANSWER_SECONDS) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def running_muster(
    *,
    database_url: str = "",
    redis_url: str = "",
    home: Path | None = None,
    port: int = 0,
    command: Sequence[str] = COMMAND,
    environment: Mapping[str, str] | None = None,
    ready_path: str = "/livez",
    contents: Path | None = None,
) -> Iterator[MusterServer]:
    """Yield a Muster that answers at `.url`; see MusterServer."""
    server = MusterServer(
        database_url=database_url,
        redis_url=redis_url,
        home=home,
        port=port,
        command=command,
        environment=environment,
        ready_path=ready_path,
        contents=contents,
    )
    try:
        yield server
    finally:
        server.close()
