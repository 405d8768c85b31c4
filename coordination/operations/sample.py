"""A sample project for people who want to look around: planned, claimed and finished through the same operations as a real one."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from coordination.actor import Actor
from coordination.lifecycle import Gate, ReviewPolicy, Tier
from coordination.models import Agent, ApiKey, Attempt, Phase, Project, Scope, Task
from coordination.operations import agents, claims, finish, keys, leases, messages, phases, projects
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.events import record
from coordination.operations.files import save_files
from coordination.operations.holding import attempt_of
from coordination.operations.report import Report
from coordination.operations.seals import follow_attempt
from coordination.operations.tokens import Holder, holder_of
from coordination.queries.repositories import author_of, store

SLUG = "tally"
INSTRUCTIONS = """\
# {title}

Work in the scratch directory that your runner gives you. Do not touch anything outside it.

## Steps

1. Read `context/decisions.md` first; it says which names are settled.
2. Write the code and its tests together. `pytest -q` must pass.
3. Report what you did in **two or three sentences**, and name every file you changed.

| Case | Expected |
|---|---|
| empty input | exit code 2 and one line on stderr |
| `--json` | one JSON object a line, nothing else |

```python
def main(argv: list[str]) -> int:
    options = parse(argv)
    return run(options)
```

> Ask if something contradicts the decisions. Do not guess.
"""
STDIN = {
    "src/tally.py": b"""import sys


def lines(names):
    for name in names or ["-"]:
        source = sys.stdin if name == "-" else open(name, encoding="utf-8")
        yield from source
""",
    "tests/test_stdin.py": b"""def test_a_closed_pipe_is_no_error(run):
    assert run("tally", stdin=b"").returncode == 0
""",
}
STDIN_REPORT = """- [x] `pytest -q` passes
- [x] The report lists every changed file
- [ ] `tally --help` names the new option
  `-` is an argument, so the help did not change

Files are not closed yet when the reader stops early."""
DECISIONS = "# Decisions\n\n- The command is called `tally`.\n- Exit codes: 0 good, 2 usage, 4 nothing to do.\n- No network.\n"


@dataclass
class Cast:
    key: ApiKey
    jared: Agent
    jean: Agent
    quill: Agent


def make_another(actor: Actor) -> Project:
    """Make a sample project under the first free name."""
    taken = set(Project.objects.filter(slug__startswith=SLUG).values_list("slug", flat=True))
    free = next(slug for slug in (SLUG, *(f"{SLUG}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)
    return make(free, actor)


def make(slug: str, actor: Actor) -> Project:
    """Make the project and play the first hours of its life."""
    project = projects.create_project(
        slug=slug,
        name="Tally, a small command" if slug == SLUG else f"Tally, a small command ({slug})",
        actor=actor,
        description="Count what a log file holds, in three phases and a release.",
    )
    stages = _phases(project, actor)
    tasks = _tasks(project, stages, actor)
    cast = _cast(project, actor)
    _play(tasks, cast, actor)
    blockers = ["Sample logs of the old format are missing"]
    phases.set_status(stages[1], actor=actor, status_line="Parser is in; reports follow today.", blockers=blockers)
    return project


def _phases(project: Project, actor: Actor) -> list[Phase]:
    names = [
        ("Design", Gate.AUTO, "Settle names, formats and exit codes."),
        ("Build", Gate.AUTO, "Parser, counters and reports, in parallel."),
        ("Verify", Gate.AUTO, "Try it on real logs."),
        ("Release", Gate.APPROVAL, "Package and publish, once a person has approved."),
    ]
    return [phases.create_phase(project, name=name, gate=gate, description=text, actor=actor) for name, gate, text in names]


def _new(title: str, phase: Phase, ref: str, *needs: str, **facts: object) -> NewTask:
    settled: dict[str, object] = {
        "instructions": INSTRUCTIONS.format(title=title),
        "files": {"context/decisions.md": DECISIONS.encode()},
        "objective": f"{title}, with tests, so that the next task can rely on it.",
        "criteria": ["`pytest -q` passes", "`tally --help` names the new option", "The report lists every changed file"],
        "capabilities": ["python"],
        "kind": "code",
    }
    return NewTask(title=title, phase=phase, ref=ref, needs=[Need(on) for on in needs], **(settled | facts))  # type: ignore[arg-type]


def _tasks(project: Project, stages: list[Phase], actor: Actor) -> dict[str, Task]:
    design, build, verify, release = stages
    news = [
        _new("Settle the command's options and exit codes", design, "options", priority=10, tier=Tier.HEAVY),
        _new("Choose the log formats to support", design, "formats", priority=30),
        _new("Write the parser for common log lines", build, "parser", priority=15),
        _new("Write the parser for JSON lines", build, "json", priority=25),
        _new("Count by host, path and status", build, "counters", "parser", priority=20),
        _new("Print a table that fits the terminal", build, "table", priority=40, tier=Tier.LIGHT),
        _new("Print JSON for other programs", build, "as-json", priority=45, tier=Tier.LIGHT),
        _new("Read compressed files without a copy on disk", build, "gzip", "parser", priority=60),
        _new("Draw the daily curve in the browser", build, "curve", priority=55, capabilities=["python", "browser", "design"]),
        _new("Stream from standard input", build, "stdin", priority=50, review_policy=ReviewPolicy.REQUIRED),
        _new("Measure one million lines", build, "speed", "counters", priority=70, tier=Tier.HEAVY),
        _new("Write the manual page", build, "manual", priority=80, tier=Tier.LIGHT, kind="docs", capabilities=["writing"]),
        _new("Translate the error texts", build, "errors", tier=Tier.LIGHT, kind="docs", capabilities=["writing"], max_attempts=1),
        _new("Run it on last month's logs", verify, "logs", priority=20),
        _new("Compare its figures with the old script", verify, "compare", "logs", priority=20, review_policy=ReviewPolicy.REQUIRED),
        _new("Try it with a full disk and a closed pipe", verify, "faults", priority=35),
        _new("Build the wheel and check it on a clean machine", release, "wheel", priority=30),
        _new("Announce the release", release, "announce", "wheel", priority=60, tier=Tier.LIGHT, kind="docs", capabilities=["writing"]),
    ]
    tasks = create_tasks(project, news, actor=actor)
    return {new.ref: task for new, task in zip(news, tasks, strict=True)}


def _cast(project: Project, actor: Actor) -> Cast:
    key, _ = keys.create_key(name="Sample agents", scope=Scope.AGENT, projects=[project], actor=actor)

    def join(name: str, title: str, tiers: list[Tier], *capabilities: str) -> Agent:
        taken = Agent.objects.filter(name=name).exclude(registered_by=key).exists()
        name = f"{name}-{project.slug}" if taken else name
        return agents.register(
            name=name,
            display_name=title,
            capabilities=capabilities,
            tiers=tiers,
            host="worker-1",
            software="sample 1.0",
            key=key,
            actor=key.actor,
        )

    return Cast(
        key,
        join("jared", "Jared", [Tier.LIGHT, Tier.STANDARD], "python", "git"),
        join("jean", "Jean", [Tier.STANDARD, Tier.HEAVY], "python", "sql"),
        join("quill", "Quill", [Tier.LIGHT], "writing"),
    )


def _claim(task: Task, agent: Agent, key: ApiKey) -> Holder:
    claimed = claims.claim_task(task.pk, agent, key_id=key.pk)
    holder = holder_of(claimed.lease_token, task.pk, key.pk)
    leases.start(holder)
    return holder


def _push(holder: Holder, files: dict[str, bytes], message: str) -> None:
    """Put work on the branch of the attempt, as a push of its agent would."""
    attempt = attempt_of(holder)
    made = store().write_seal(
        holder.task_id, parents=[attempt.commit], files=dict(files), author=author_of(attempt.agent.actor), message=message
    )
    Attempt.objects.filter(pk=attempt.pk).update(tip=made.commit)
    told: dict[str, Any] = {
        "attempt": attempt.number,
        "old": "",
        "new": made.commit,
        "files": sorted(files),
        "message": message,
        "commits": 1,
    }
    record("attempt.pushed", actor=attempt.agent.actor, task=attempt.task, agent_id=attempt.agent_id, attempt_id=attempt.pk, **told)
    transaction.on_commit(partial(follow_attempt, holder.task_id, attempt.number, made.commit), robust=True)


def _finish(task: Task, agent: Agent, key: ApiKey, result: str) -> None:
    usage = {"input_tokens": 41_200, "output_tokens": 3_810, "turns": 14}
    finish.complete(_claim(task, agent, key), Report(result=result, usage=usage, cost_usd=Decimal("0.42")))


def _play(tasks: dict[str, Task], cast: Cast, actor: Actor) -> None:
    key = cast.key
    _finish(tasks["options"], cast.jean, key, "Options are in `options.py`. **Exit codes** 0, 2 and 4, as decided.")
    _finish(tasks["formats"], cast.jared, key, "Common, combined and JSON lines. The old format is read if `--old` is given.")
    phases.advance(tasks["formats"].phase_id)  # at once, also inside a transaction of the caller's
    _finish(tasks["parser"], cast.jared, key, "The parser reads 400,000 lines a second. Changed: `parse.py`, `tests/test_parse.py`.")
    _finish(tasks["table"], cast.jared, key, "The table shrinks its widest column first and never wraps.")
    reviewed = _claim(tasks["stdin"], cast.jared, key)
    _push(reviewed, STDIN, "Read standard input when no file is named")
    result = "Reads standard input until it ends; a closed pipe ends the program quietly. Changed: `src/tally.py`, `tests/test_stdin.py`."
    finish.complete(reviewed, Report(result=result, report=STDIN_REPORT, usage={"input_tokens": 18_900, "output_tokens": 2_140}))
    counting = _claim(tasks["counters"], cast.jared, key)
    leases.progress(counting, percent=60, note="host and path are done, status is next")
    messages.log(counting, "Counting by path needs a normal form for query strings; I drop everything after `?`.")
    reading = _claim(tasks["json"], cast.jean, key)
    leases.progress(reading, percent=25, note="reading the sample lines")
    question = "May I use the `zstandard` package, or must it be the standard library only?\n\nWith it, *zstd* logs work too."
    finish.ask(_claim(tasks["gzip"], cast.jean, key), question)
    finish.fail(
        _claim(tasks["errors"], cast.quill, key),
        Report(error="The catalogue of messages is not in the context files, so there is nothing to translate."),
        retryable=False,
    )
    changed = INSTRUCTIONS.format(title="Print JSON for other programs").replace("two or three sentences", "one sentence")
    task = Task.objects.get(pk=tasks["as-json"].pk)
    save_files(task, {"instructions.md": changed.encode()}, base=task.head, actor=actor, message="Ask for a shorter report")
    messages.say(task.project, "Please keep the names in `context/decisions.md`; the manual page is written from it.", actor=actor)
