"""Three agents of a journey: real `tqc work` processes whose work does what the test tells it, when the test tells it."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.machines import Machine
from tests.servers.process import kill_tree, wait_until

# It says that it began and then reads its result from a pipe: it ends when the test writes, and no earlier.
WORK = 'echo "::progress 40 Half way"; cat "$ORDERS" > "$MUSTER_RESULT"'


class Worker:
    """One agent at work on a project; `does` decides how its running task ends."""

    def __init__(self, home: Path, *, name: str, can: str, url: str, key: str, project: str) -> None:
        self.name = name
        self.machine = Machine(home, url=url, key=key, agent=name)
        self._orders = home / "orders"
        os.mkfifo(self._orders)
        options = ("--project", project, "--capabilities", can, "--heartbeat", "2", "--env", "ORDERS", "--exec", WORK)
        self.process: subprocess.Popen[str] = self.machine.start("work", *options, ORDERS=str(self._orders))

    def does(self, **result: object) -> None:
        """End the task that runs with this result file; waits until there is one that runs."""
        opened: list[int] = []

        def runs() -> bool:
            assert self.process.poll() is None, self.machine.log
            try:
                opened.append(os.open(self._orders, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody reads: the work has not begun
                return False
            return True

        wait_until(runs, what=f"The work of {self.name}")
        with os.fdopen(opened[0], "w") as pipe:
            pipe.write(json.dumps(result))


@contextmanager
def crew(directory: Path, *, url: str, key: str, project: str) -> Iterator[dict[str, Worker]]:
    """Start jared, who knows python, jean, who designs, and quill, who writes; end them afterwards."""
    workers: dict[str, Worker] = {}
    try:
        for name, can in (("jared", "python"), ("jean", "design"), ("quill", "writing")):
            workers[name] = Worker(directory / name, name=name, can=can, url=url, key=key, project=project)
        yield workers
    finally:
        for worker in workers.values():
            kill_tree(worker.process)
