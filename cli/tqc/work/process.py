"""A command under its guard, seen from the worker: its output line by line, its end, and the ways to end it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqc.work import guard

# What a command gets of the worker's own environment: enough to find its tools, and no secret.
PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"),
    *("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "SYSTEMROOT", "PATHEXT", "COMSPEC", "MUSTER_CONFIG"),
)
LOG_LIMIT = 10_000_000  # bytes of output that are kept
LINE_LIMIT = 20_000  # bytes of one line


@dataclass(frozen=True)
class Ended:
    """`reason` exited: by itself, with `code`; anything else: it was ended, and why."""

    code: int
    reason: str
    error: str = ""


def environment(passed: Sequence[str], more: dict[str, str]) -> dict[str, str]:
    """Return the environment of a command: an allow-list of ours, what the caller names (`*` for all), and what the task adds."""
    names = set(os.environ) if "*" in passed else {*PASSED, *passed, *(name for name in os.environ if name.startswith("LC_"))}
    return {name: os.environ[name] for name in names if name in os.environ} | more


class Process:
    """One running command."""

    def __init__(
        self,
        command: str | list[str],
        *,
        cwd: Path,
        env: dict[str, str],
        stdin: Path,
        log: Path,
        seconds: float,
        margin: float,
        grace: float,
        on_line: Callable[[str], None],
    ) -> None:
        self._on_line = on_line
        self._sending = threading.Lock()
        self._ended: Ended | None = None
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        order = {"command": command, "cwd": str(cwd), "env": env, "stdin": str(stdin)}
        self._send({**order, "seconds": seconds, "grace": grace, "margin": margin})
        self._output = threading.Thread(target=self._pump, args=(log,), name="output", daemon=True)
        self._output.start()
        self.tail: list[str] = []

    def trust(self, seconds: float) -> None:
        """Let it run for so many seconds from now, unless it is told again."""
        self._send({"until": seconds})

    def stop(self, reason: str, grace: float | None = None) -> None:
        """End it and all its descendants: SIGTERM, the grace, SIGKILL."""
        self._send({"stop": reason} if grace is None else {"stop": reason, "grace": grace})

    def wait(self) -> Ended:
        """Wait until it and all its descendants are gone."""
        assert self._guard.stdout is not None
        last: dict[str, Any] = {}
        for line in self._guard.stdout:
            with contextlib.suppress(ValueError):
                last = json.loads(line)
        self._guard.wait()
        self._output.join(timeout=5.0)
        for stream in (self._guard.stdin, self._guard.stdout, self._guard.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if "code" not in last:
            return Ended(-1, "guard_lost", "The guard of the command was killed.")
        return Ended(int(last["code"]), str(last["reason"]), str(last.get("error", "")))

    def _send(self, message: dict[str, Any]) -> None:
        assert self._guard.stdin is not None
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._guard.stdin.write(json.dumps(message).encode() + b"\n")
            self._guard.stdin.flush()

    def _pump(self, log: Path) -> None:
        assert self._guard.stderr is not None
        with contextlib.suppress(OSError, ValueError), log.open("wb") as file:
            while line := self._guard.stderr.readline(LINE_LIMIT):
                if file.tell() < LOG_LIMIT:
                    file.write(line)
                    file.flush()
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                self.tail = [*self.tail[-199:], text]
                self._on_line(text)
