"""Keeping the parts of Muster running: web server and job consumer under one process."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from worker import processes

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.4, 10.0  # seconds before a child that died twice is started again, doubled each time
HEALTHY_AFTER = 30.0  # seconds after which a death counts as the first one, which is made good at once
PATIENCE = 8.0  # seconds that children get to stop by themselves
TICK = 0.2
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """One process to keep running; `stop_signal` asks it to end well."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0  # before it is started again after its next death
    due: float = field(default_factory=time.monotonic)


class Supervisor:
    """Starts the children, starts those again that die, and stops all of them when it is asked to."""

    def __init__(self, children: Sequence[Child], *, cwd: str, environment: Mapping[str, str] = os.environ) -> None:
        self.children = children
        self.cwd = cwd
        self.environment = dict(environment)
        self.stopping: signal.Signals | None = None
        self._wakeup = -1

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Run until a stop signal comes; `each_tick` is called a few times a second."""
        with self._listening():
            try:
                while self.stopping is None:
                    for child in self.children:
                        self._keep(child)
                    each_tick()
                    self._wait_a_little()
            finally:
                self._stop_all()

    def _wait_a_little(self) -> None:
        """Wait for the next tick, or less if a signal comes: the handler's wake-up byte ends the wait."""
        ready, _, _ = select.select([self._wakeup], [], [], TICK)
        if ready:
            os.read(self._wakeup, 1024)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        earlier = {number: signal.signal(number, self._note) for number in STOP_SIGNALS}
        earlier[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)  # so that a child's death ends the wait
        self._wakeup, end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(end, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            os.close(end)
            os.close(self._wakeup)
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.stopping = signal.Signals(number)

    def _keep(self, child: Child) -> None:
        moment = time.monotonic()
        if child.process is not None and (code := child.process.poll()) is not None:
            if moment - child.started > HEALTHY_AFTER:
                child.pause = 0.0
            log.warning("%s ended (%s); starting it again in %.1f s.", child.name, _in_words(code), child.pause)
            child.due = moment + child.pause
            child.pause = min(max(child.pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            child.process = None
        if child.process is None and moment >= child.due:
            child.process = processes.start(child.command, number=child.stop_signal, cwd=self.cwd, environment=self.environment)
            child.started = moment

    def _stop_all(self) -> None:
        living = [child for child in self.children if child.process is not None]
        for child in living:
            _signal(child, child.stop_signal)
        deadline = time.monotonic() + PATIENCE
        for child in living:
            with suppress(subprocess.TimeoutExpired):
                if child.process is not None:
                    child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        for child in living:
            _end_session(child)


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is not None and child.process.poll() is None:
        child.process.send_signal(number)


def _end_session(child: Child) -> None:
    """Kill what is left of a child and of everything it started: they share its session's process group."""
    if child.process is None:
        return
    if child.process.poll() is None:
        log.warning("%s did not stop within %.0f s and is killed.", child.name, PATIENCE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def _in_words(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
