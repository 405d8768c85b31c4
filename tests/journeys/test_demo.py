"""`make demo` as a user runs it: it ends well, it notices what is not as planned, and it leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.muster import ROOT, muster_environment
from tests.servers.process import descendants, is_alive, kill_tree, wait_until

PLAN = ROOT / "examples" / "plans" / "csvpeek"
SECONDS = 900
# A busy machine may need long for it all, and may keep an agent from its heartbeat for many seconds.
PATIENT = ("--deadline", str(SECONDS), "--lease", "20")


class Demo:
    """The demo in a process of its own, with everything it prints in a file."""

    def __init__(self, directory: Path, *arguments: str, database_url: str = "") -> None:
        self.output_path = directory / "demo.log"
        command = [sys.executable, "examples/demo/run.py", "--pace", "0.1", *PATIENT, *arguments]
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=muster_environment(directory, database_url=database_url),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.output_path.read_text(encoding="utf-8", errors="replace")

    def ends(self) -> int:
        return self.process.wait(timeout=SECONDS)

    def waits_for(self, words: str) -> None:
        def told() -> bool:
            assert self.process.poll() is None, self.output
            return words in self.output

        wait_until(told, what=f"{words!r} in the demo's output")

    def agents(self) -> dict[int, Path]:
        """Return the agents' process numbers and workspaces."""
        found = {}
        for pid in descendants(self.process.pid):
            try:
                arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended since it was listed
            if "--workspace" in arguments:
                found[pid] = Path(arguments[arguments.index("--workspace") + 1])
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            kill_tree(self.process)


@pytest.fixture
def demos(tmp_path: Path) -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.close()


@pytest.mark.once("sqlite", "agents at work at once, kills and lost answers are tested on both by other journeys")
def test_it_carries_the_plan_to_the_end_and_finds_everything_as_planned(tmp_path: Path, demos: list[Demo], fresh_database_url: str) -> None:
    demos.append(demo := Demo(tmp_path, database_url=fresh_database_url))
    assert demo.ends() == 0, demo.output
    assert "Everything is as planned" in demo.output
    assert "FAILED" not in demo.output
    assert "kill -9" in demo.output
    assert "the demo's planner: Ask for the Python version" in demo.output


def test_it_fails_when_an_agents_script_is_broken(tmp_path: Path, demos: list[Demo]) -> None:
    plan = shutil.copytree(PLAN, tmp_path / "plan")
    script = plan / "phase-01-ground" / "task-01-package" / "context" / "do.sh"
    script.write_text('. "$BRIEF/context/step.sh"\nstep 10 "Trying"\necho "no such compiler" >&2\nexit 3\n')
    demos.append(demo := Demo(tmp_path, "--plan", str(plan)))
    assert demo.ends() == 1, demo.output
    assert "no such compiler" in demo.output
    assert "Everything is as planned" not in demo.output


@pytest.mark.chaos
def test_it_fails_when_the_product_lacks_a_file(tmp_path: Path, demos: list[Demo]) -> None:
    plan = shutil.copytree(PLAN, tmp_path / "plan")
    script = plan / "phase-01-ground" / "task-03-usage" / "context" / "do.sh"
    script.write_text(script.read_text().replace("docs/usage.md", "docs/using.md"))
    demos.append(demo := Demo(tmp_path, "--plan", str(plan), "--long-pace", "2"))
    assert demo.ends() == 1, demo.output
    assert "missing: docs/usage.md" in demo.output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_however_it_is_ended_nothing_stays_behind(tmp_path: Path, demos: list[Demo], number: signal.Signals, code: int) -> None:
    demos.append(demo := Demo(tmp_path, "--pace", "2"))
    demo.waits_for("claimed by")
    agents, everything = demo.agents(), descendants(demo.process.pid)
    assert len(agents) == 3
    os.kill(demo.process.pid, number)
    assert demo.ends() == code, demo.output
    wait_until(lambda: not any(is_alive(pid) for pid in everything), what="The end of what the demo started")
    wait_until(lambda: not any(path.exists() for path in agents.values()), what="The removal of what the demo wrote")
