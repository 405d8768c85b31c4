"""The demo's table of tasks: redrawn in place on a terminal, one line for each change elsewhere."""

import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import Any, TextIO

MARKS = {
    "waiting": "·",
    "queued": "○",
    "claimed": "◐",
    "running": "◐",
    "review": "◇",
    "blocked": "?",
    "done": "●",
    "failed": "✗",
    "cancelled": "–",
}
TOLD = ("task.claimed", "task.submitted", "task.approved", "task.done", "task.failed", "task.expired", "task.cancelled", "task.released")


@dataclass
class Progress:
    percent: int = 0
    note: str = ""


@dataclass
class Board:
    """What is known of the plan so far, and how it is shown."""

    address: str
    out: TextIO = field(default_factory=lambda: sys.stdout)
    began: float = field(default_factory=time.monotonic)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    progress: dict[int, Progress] = field(default_factory=dict)
    workers: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    drawn: int = 0

    @property
    def redraws(self) -> bool:
        """Whether the table fits on a terminal; without one, or on a small one, lines are printed as things happen."""
        size = shutil.get_terminal_size()
        return self.out.isatty() and size.lines > len(self.tasks) + len(self.phases) + 8 and size.columns >= 80

    def note_event(self, event: dict[str, Any]) -> None:
        kind, task, data = event["kind"], event["task"], event["data"]
        if kind == "task.claimed":
            self.workers[task] = event["actor"]["name"]
            self.attempts[task] = data["attempt"]
            self.progress[task] = Progress()
        elif kind == "task.progress":
            self.progress[task] = Progress(data["percent"] or 0, data["note"])
        if kind in ("phase.started", "phase.completed"):
            self.say(f"Phase {self._phase(event['phase'])} {kind.split('.')[1]}")
        elif kind in TOLD and not self.redraws:
            self._print(f"#{task:<3} {self._title(task)}: {_in_words(kind, event)}")

    def say(self, sentence: str) -> None:
        """Show something that is about no single task, or that nobody should miss."""
        self.notices.append(f"{self._clock()}  {sentence}")
        if not self.redraws:
            self._print(sentence)

    def draw(self) -> None:
        if not self.redraws:
            return
        width = shutil.get_terminal_size().columns - 1
        lines = [line[:width] for line in self._lines()]
        up = f"\x1b[{self.drawn}A\x1b[J" if self.drawn else ""
        self.out.write(up + "\n".join(lines) + "\n")
        self.out.flush()
        self.drawn = len(lines)

    def _lines(self) -> list[str]:
        lines = [f"{self.address}   {self._clock().strip()}", ""]
        for phase in self.phases:
            gate = ", gate closed" if phase["gate"] == "approval" and not phase["gate_open"] else ""
            lines.append(f"{phase['name']} ({phase['state']}{gate})")
            lines += [self._row(task) for task in self.tasks if task["phase"] == phase["id"]]
        return [*lines, "", *self.notices[-4:]]

    def _row(self, task: dict[str, Any]) -> str:
        number = task["id"]
        progress = self.progress.get(number, Progress())
        percent = 100 if task["state"] in ("done", "review") else progress.percent if task["state"] in ("claimed", "running") else 0
        bar = "█" * (percent // 10) + " " * (10 - percent // 10)
        worker = self.workers.get(number, "")
        again = f" (attempt {self.attempts[number]})" if self.attempts.get(number, 0) > 1 else ""
        note = progress.note if task["state"] == "running" else ""
        return f"  {MARKS.get(task['state'], ' ')} #{number:<3} {task['title'][:28]:28} {task['state']:9} {bar} {worker + again:18} {note}"

    def _title(self, number: int) -> str:
        return next((task["title"] for task in self.tasks if task["id"] == number), "")

    def _phase(self, number: int) -> str:
        return next((phase["name"] for phase in self.phases if phase["id"] == number), str(number))

    def _clock(self) -> str:
        return f"{time.monotonic() - self.began:5.1f} s"

    def _print(self, sentence: str) -> None:
        print(f"{self._clock()}  {sentence}", file=self.out, flush=True)


def _in_words(kind: str, event: dict[str, Any]) -> str:
    data = event["data"]
    if kind == "task.claimed":
        return f"claimed by {event['actor']['name']}" + (f", attempt {data['attempt']}" if data["attempt"] > 1 else "")
    if kind == "task.failed":
        return f"failed: {data.get('error', '')}"
    words = {"task.submitted": "waits for a review", "task.expired": "its agent fell silent, so it is queued again"}
    return words.get(kind, kind.split(".")[1])
