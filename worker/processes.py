"""Child processes that cannot outlive their parent."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

PR_SET_PDEATHSIG = 1
SUPERVISED = "MUSTER_SUPERVISED"


@functools.cache
def _prctl() -> Callable[[int, int], int] | None:
    """Return Linux's prctl; other systems have nothing like it, and there `kill -9` of a parent leaves its children."""
    if not sys.platform.startswith("linux"):
        return None
    function: Callable[[int, int], int] = ctypes.CDLL(None, use_errno=True).prctl
    return function


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Ask the kernel to send this process `number` when its parent, whose pid is given, dies."""
    if (prctl := _prctl()) is None:
        return
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), number)


def start(command: Sequence[str], *, number: signal.Signals, cwd: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches the parent alone, which then stops all in order."""
    parent = os.getpid()
    _prctl()  # loaded before the fork
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=environment | {SUPERVISED: "1"},
        start_new_session=True,
        preexec_fn=lambda: end_with_parent(number, parent),  # the supervisor has one thread
    )


def end_with_supervised_parent() -> None:
    """Called in a web worker: its parent is Granian's main process, whose sudden death must free the port at once."""
    if os.environ.get(SUPERVISED):
        end_with_parent(signal.SIGKILL, os.getppid())
