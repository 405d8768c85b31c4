"""Runs one command, and ends it with all its descendants: when it is told to, when its time is over, or when whoever told it is gone.

A process of its own, so that the command ends in time even if the worker was killed, stopped or hangs. It imports nothing
but the standard library and starts in a few milliseconds. Spoken to by lines of JSON on standard input: first
{"command", "cwd", "env", "stdin", "seconds", "grace", "margin"}, then {"until": seconds from now} and {"stop": reason}.
It answers with {"pid"} and at the end {"code", "reason"} on standard output. Reasons: exited, lapsed, orphaned, or the one given.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any

COOKIE = "MUSTER_RUN"
LAST_WORDS = 5.0  # seconds to see that everything is gone after the kill
Message = dict[str, Any]


def clock() -> float:
    """Seconds that also pass while the machine sleeps: a lease does not wait for a lid to open."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Guard:
    """One command and the time it has."""

    def __init__(self, order: Message) -> None:
        self.grace = float(order["grace"])
        self.margin = float(order["margin"])
        self.cookie = str(order["env"].get(COOKIE, ""))
        self.deadline = clock() + float(order["seconds"])
        self.inbox: queue.Queue[Message] = queue.Queue()
        with open(order["stdin"], "rb") as stdin:
            self.child = subprocess.Popen(
                order["command"],
                shell=isinstance(order["command"], str),
                cwd=order["cwd"],
                env=order["env"],
                stdin=stdin,
                stdout=sys.stderr,
                stderr=sys.stderr,
                start_new_session=True,
            )

    def run(self) -> Message:
        """Wait for the end, whichever comes first, and return it."""
        threading.Thread(target=self._await_exit, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()
        code, reason = self._wait()
        if code is None:
            code = self._stop()
        self._signal(signal.SIGKILL)
        self._see_them_gone()
        return {"code": code, "reason": reason}

    def _wait(self) -> tuple[int | None, str]:
        while True:
            try:
                message = self.inbox.get(timeout=max(0.0, min(self.deadline - clock(), 3600.0)))
            except queue.Empty:
                if clock() >= self.deadline:
                    # What is kept of the lease is all there is to end in.
                    self.grace = min(self.grace, self.margin / 2)
                    return None, "lapsed"
                continue
            if "exit" in message:
                return message["exit"], "exited"
            if "stop" in message:
                self.grace = float(message.get("grace", self.grace))
                return None, str(message["stop"])
            self.deadline = clock() + float(message["until"])

    def _await_exit(self) -> None:
        self.inbox.put({"exit": self.child.wait()})

    def _listen(self) -> None:
        for line in sys.stdin:
            self.inbox.put(json.loads(line))
        self.inbox.put({"stop": "orphaned"})

    def _stop(self) -> int:
        self._signal(signal.SIGTERM)
        until = clock() + self.grace
        while clock() < until:
            with contextlib.suppress(queue.Empty):
                message = self.inbox.get(timeout=max(0.0, until - clock()))
                if "exit" in message:
                    return int(message["exit"])
        self._signal(signal.SIGKILL)
        return self.child.wait()

    def _signal(self, number: int) -> None:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.child.pid)], capture_output=True, check=False)
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, number)
        for pid in self._others():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _others(self) -> list[int]:
        """Find descendants that left the group: they still carry our mark in their environment."""
        if not self.cookie or not os.path.isdir("/proc/self"):
            return []
        mark = f"{COOKIE}={self.cookie}".encode()
        found = []
        for name in os.listdir("/proc"):
            if name.isdecimal() and int(name) != os.getpid():
                with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as environ:
                    if mark in environ.read().split(b"\0"):
                        found.append(int(name))
        return found

    def _see_them_gone(self) -> None:
        until = clock() + LAST_WORDS
        while self._others() and clock() < until:
            self._signal(signal.SIGKILL)
            threading.Event().wait(0.05)


def main() -> None:
    # Ctrl-C in a terminal goes to the whole group; the worker decides what it means for the command.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    try:
        guard = Guard(order)
    except OSError as error:
        print(json.dumps({"code": 127, "reason": "not_started", "error": str(error)}), flush=True)
        return
    print(json.dumps({"pid": guard.child.pid}), flush=True)
    print(json.dumps(guard.run()), flush=True)


if __name__ == "__main__":
    main()
