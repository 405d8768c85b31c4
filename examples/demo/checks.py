"""What must be true when the demo is over. Each check looks for itself: in the API, in git, and by running the product."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muster_client import Muster

FILES = (
    *("csvpeek/__init__.py", "csvpeek/__main__.py", "csvpeek/cli.py", "csvpeek/kinds.py", "csvpeek/model.py", "csvpeek/output.py"),
    *("csvpeek/reader.py", "csvpeek/summary.py", "tests/test_command.py", "tests/test_reader.py", "samples/harvest.csv"),
    *("docs/usage.md", "docs/style-report.md", "docs/test-report.md", "docs/release-report.md", "README.md", "CHANGELOG.md"),
    *("dist/csvpeek-1.0.0.pyz", "dist/csvpeek-1.0.0.tar.gz", "dist/SHA256SUMS"),
)
CALLED_OFF = "Find out why tests failed"
LIFE = ("task.created", "task.queued", "task.claimed", "task.started")


class NotAsPlanned(Exception):
    """Something is not as it must be; the text says what."""


@dataclass
class Story:
    """What happened, as far as the checks need it."""

    muster: Muster
    project: str
    product: Path
    repositories: Path
    scratch: Path
    victim: str
    taken_over: int
    capabilities: dict[str, set[str]]
    server_log: str = ""

    def __post_init__(self) -> None:
        self.tasks: list[dict[str, Any]] = self.muster.items(f"/tasks?project={self.project}&limit=200")
        self.phases: list[dict[str, Any]] = self.muster.items(f"/projects/{self.project}/phases")
        self.events = self._events()
        self.attempts = {task["id"]: self.muster.items(f"/tasks/{task['id']}/attempts") for task in self.tasks}

    def _events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.muster.get(f"/events?project={self.project}&after={found[-1]['id'] if found else 0}&limit=200")
            found += page["items"]
            if not page["items"]:
                return found

    def first(self, kind: str, **where: Any) -> int:
        """Return the place in the log of the first event of a kind, or refuse."""
        for place, event in enumerate(self.events):
            if event["kind"] == kind and all(event[name] == value for name, value in where.items()):
                return place
        raise NotAsPlanned(f"there is no event {kind} with {where}")

    def end_of(self, task: dict[str, Any]) -> int:
        """Return the place in the log of the event with which a task was done: a review's, if it had one."""
        return self.first("task.approved" if task["review_policy"] == "required" else "task.done", task=task["id"])

    @property
    def done(self) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["title"] != CALLED_OFF]


def _demand(truth: bool, otherwise: str) -> None:
    if not truth:
        raise NotAsPlanned(otherwise)


def every_task_is_done(story: Story) -> str:
    _demand(len(story.tasks) == 16, f"the project has {len(story.tasks)} tasks")
    for task in story.tasks:
        expected = "cancelled" if task["title"] == CALLED_OFF else "done"
        _demand(task["state"] == expected, f"#{task['id']} {task['title']} is {task['state']}: {task['reason']}")
        _demand(expected == "cancelled" or bool(task["result"]), f"#{task['id']} has no result")
    return "15 done with a result; the one that runs only if tests fail was cancelled"


def every_task_was_claimed_once(story: Story) -> str:
    for task in story.done:
        claims = [event for event in story.events if event["kind"] == "task.claimed" and event["task"] == task["id"]]
        expected = 2 if task["id"] == story.taken_over else 1
        _demand(len(claims) == len(story.attempts[task["id"]]) == expected, f"#{task['id']} was claimed {len(claims)} times")
    return "except the one that was taken over"


def the_task_of_the_killed_agent_was_taken_over(story: Story) -> str:
    first, second = sorted(story.attempts[story.taken_over], key=lambda attempt: attempt["number"])
    _demand(
        first["agent"] == story.victim and first["outcome"] == "expired", f"the first attempt is {first['outcome']} by {first['agent']}"
    )
    _demand(second["agent"] != story.victim and second["outcome"] == "done", f"the second is {second['outcome']} by {second['agent']}")
    _demand(second["fence"] > first["fence"], "the fence did not grow")
    return f"#{story.taken_over} from {story.victim} by {second['agent']}"


def every_agent_could_do_what_it_did(story: Story) -> str:
    workers = set()
    for task in story.done:
        for attempt in story.attempts[task["id"]]:
            missing = set(task["capabilities"]) - story.capabilities[attempt["agent"]]
            _demand(not missing, f"{attempt['agent']} worked on #{task['id']} without {missing}")
            workers.add(attempt["agent"])
    _demand(workers == set(story.capabilities), f"only {', '.join(sorted(workers))} worked")
    return f"{len(workers)} agents"


def nothing_began_before_what_it_needs(story: Story) -> str:
    edges = 0
    by_number = {task["id"]: task for task in story.tasks}
    for task in story.done:
        for need in story.muster.get(f"/tasks/{task['id']}")["needs"]:
            before, after = story.end_of(by_number[need["on"]]), story.first("task.claimed", task=task["id"])
            _demand(before < after, f"#{task['id']} was claimed before #{need['on']} was done")
            edges += 1
    return f"{edges} dependencies"


def the_phases_came_in_order_and_the_gate_was_opened(story: Story) -> str:
    for earlier, later in zip(story.phases, story.phases[1:], strict=False):
        completed, started = story.first("phase.completed", phase=earlier["id"]), story.first("phase.started", phase=later["id"])
        _demand(completed < started, f"{later['name']} started before {earlier['name']} was complete")
    _demand(all(phase["state"] == "completed" for phase in story.phases), "a phase is not completed")
    gated = next(phase for phase in story.phases if phase["gate"] == "approval")
    _demand(story.first("phase.gate_opened", phase=gated["id"]) < story.first("phase.started", phase=gated["id"]), "the gate did not hold")
    return " → ".join(phase["name"] for phase in story.phases)


def the_log_of_events_is_complete(story: Story) -> str:
    for task in story.done:
        places = [*(story.first(kind, task=task["id"]) for kind in LIFE), story.end_of(task)]
        _demand(places == sorted(places), f"the events of #{task['id']} are out of order")
    numbers = [event["id"] for event in story.events]
    _demand(len(set(numbers)) == len(numbers), "an event is there twice")
    return f"{len(story.events)} events"


def the_results_are_committed(story: Story) -> str:
    _git(story.scratch, "clone", "--quiet", str(story.product), "checkout")
    log = _git(story.scratch / "checkout", "log", "--format=%H %an").splitlines()
    authors = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in log}
    for task in story.done:
        last = max(story.attempts[task["id"]], key=lambda attempt: attempt["number"])
        _demand(authors.get(last["data"].get("commit", "")) == last["agent"], f"the commit of #{task['id']} is not {last['agent']}'s")
    _demand(len(log) == len(story.done) + 1, f"there are {len(log)} commits")
    missing = [name for name in FILES if not (story.scratch / "checkout" / name).is_file()]
    _demand(not missing, f"missing: {', '.join(missing)}")
    return f"{len(story.done)} commits by their agents, {len(FILES)} files looked for"


def the_program_runs(story: Story) -> str:
    where = story.scratch / "checkout"
    answer = _python(where, "dist/csvpeek-1.0.0.pyz", "samples/harvest.csv")
    _demand("6 rows, 5 columns" in answer.stdout, f"it printed: {answer.stdout}{answer.stderr}")
    _demand(_python(where, "-m", "csvpeek", "samples/broken.csv", code=2).stderr.count("\n") == 1, "it says too much about a bad file")
    return answer.stdout.splitlines()[2].strip()


def its_tests_pass(story: Story) -> str:
    told = _python(story.scratch / "checkout", "-m", "unittest").stderr.splitlines()
    ran = next((line for line in told if line.startswith("Ran ")), "")
    _demand(ran.startswith("Ran 24 tests") and told[-1] == "OK", "\n".join(told))
    return ran


def every_task_has_its_history(story: Story) -> str:
    for task in story.tasks:
        repository = repository_of(story, task["id"])
        _demand(_git(repository, "rev-parse", "refs/heads/main").strip() == task["head"], f"main of #{task['id']} is not what the API says")
        _demand("instructions.md" in _git(repository, "ls-tree", "--name-only", "main"), f"#{task['id']} has no instructions")
    return f"{len(story.tasks)} repositories"


def the_server_saw_no_error(story: Story) -> str:
    bad = [line for line in story.server_log.splitlines() if "Traceback" in line or " ERROR " in line or " CRITICAL " in line]
    _demand(not bad, "\n".join(bad[:5]))
    return f"{len(story.server_log.splitlines())} lines of log"


CHECKS: tuple[Callable[[Story], str], ...] = (
    every_task_is_done,
    every_task_was_claimed_once,
    the_task_of_the_killed_agent_was_taken_over,
    every_agent_could_do_what_it_did,
    nothing_began_before_what_it_needs,
    the_phases_came_in_order_and_the_gate_was_opened,
    the_log_of_events_is_complete,
    the_results_are_committed,
    the_program_runs,
    its_tests_pass,
    every_task_has_its_history,
    the_server_saw_no_error,
)


def check_all(story: Story) -> int:
    """Print each check with what it found and return how many failed."""
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ").capitalize()
        try:
            print(f"  ok      {name}: {check(story)}")
        except (NotAsPlanned, subprocess.SubprocessError, OSError) as problem:
            failed += 1
            print(f"  FAILED  {name}: {getattr(problem, 'stderr', None) or problem}")
    return failed


def repository_of(story: Story, task: int) -> Path:
    found = list(story.repositories.glob(f"**/{task}.git"))
    _demand(len(found) == 1, f"#{task} has {len(found)} repositories")
    return found[0]


def _git(where: Path, *arguments: str) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, check=True, timeout=300).stdout


def _python(where: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    answer = subprocess.run([sys.executable, *arguments], cwd=where, capture_output=True, text=True, check=False, timeout=300)
    _demand(answer.returncode == code, f"python {' '.join(arguments)} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
    return answer
