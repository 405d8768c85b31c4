"""What every throw-away server shares: awaited conditions, process trees, and a guard that outlives a killed test run."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.02
LONG = 240.0  # seconds in which even a busy machine does what it does at all
LOG_TAIL_CHARACTERS = 4000

# Waits for a line, or for the starter's end of a pipe to close, which it does however the starter dies, then ends the server by
# the pid in its file and removes its directory. No signal handler or atexit hook can promise that after `kill -9`. The line is
# for an ordinary end: other processes that the starter forked may still hold the pipe then.
GUARD = """
read -r _
pid=$(head -n1 "$1" 2>/dev/null || true)
if [ -n "$pid" ]; then
    kill -s "$2" -- "$3$pid" 2>/dev/null
    left=300
    while [ $left -gt 0 ] && kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; do
        sleep 0.2
        left=$((left - 1))
    done
fi
rm -rf -- "$4"
"""


class ServerError(RuntimeError):
    """A server that a test needs could not be provided; the text says what to do."""


def short_tempdir(prefix: str) -> Path:
    """Return a new directory with a path short enough for a Unix socket (107 bytes) and open to other users on its way."""
    parent = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else None
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float = LONG) -> None:
    """Return once the condition holds; ServerError naming `what` when it does not within `seconds`, which only a promise names."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(f"{what} did not happen within {seconds:g} s.")
        time.sleep(POLL_SECONDS)


def is_alive(pid: int) -> bool:
    """Return whether the process runs; one that ended and was not collected yet (a zombie) does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> list[int]:
    """Return the pids of the children of a process, their children and so on, nearest first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def kill_tree(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process and everything it started at once, then wait until all are gone, as after a power cut."""
    pids = [process.pid, *descendants(process.pid)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    process.wait(timeout=LONG)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), what="The end of the killed processes")


def start_guard(pid_file: Path, directory: Path, *, signal_name: str = "KILL", whole_group: bool = False) -> subprocess.Popen[bytes]:
    """Start the guard of a server; closing its standard input, or dying, sets it off."""
    arguments = ["/bin/sh", "-c", GUARD, "guard", str(pid_file), signal_name, "-" if whole_group else "", str(directory)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/", start_new_session=True)


def release_guard(guard: subprocess.Popen[bytes], pid_file: Path) -> None:
    """Let the guard of a server that has ended clear its directory away, and wait for it."""
    pid_file.unlink(missing_ok=True)  # the pid may be somebody else's by now
    if guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.write(b"\n")
            guard.stdin.flush()
        guard.stdin.close()
    guard.wait(timeout=LONG)


def log_tail(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:] if path.exists() else ""
