"""What happens in the sample project in two days: who claimed what and when, what came of it, and who said what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from coordination.actor import Actor
from coordination.models import Agent, ApiKey, Attempt, Phase, Task
from coordination.operations import claims, finish, leases, messages, phases, tasks
from coordination.operations.events import record
from coordination.operations.files import save_files
from coordination.operations.holding import attempt_of
from coordination.operations.report import Report
from coordination.operations.sample_clock import SampleClock, Shift
from coordination.operations.sample_text import INSTRUCTIONS, STDIN, STDIN_REPORT, STDIN_RESULT
from coordination.operations.seals import follow_attempt
from coordination.operations.tokens import Holder, holder_of
from coordination.queries.repositories import author_of, store

BEGAN = 46 * 60  # minutes ago
SHIFTS: dict[str, list[Shift]] = {
    "Jared": [(2740, 2080), (1330, 980), (640, 0)],
    "Jean": [(2740, 2010), (1330, 830), (560, 0)],
    "Quill": [(1250, 1090), (130, 0)],
}
MISSING_CATALOGUE = "The catalogue of messages is not in the context files, so there is nothing to translate."
NO_OFFSET = "Two of the sample logs name a zone (`CEST`) and no offset; the decisions do not say how to read it."
ZSTD = "May I use the `zstandard` package, or must it be the standard library only?\n\nWith it, *zstd* logs work too."


@dataclass
class Cast:
    key: ApiKey
    jared: Agent
    jean: Agent
    quill: Agent

    @property
    def agents(self) -> list[Agent]:
        return [self.jared, self.jean, self.quill]


@dataclass
class SampleDays:
    """Plays the days: everything by the operations that any agent or person calls."""

    tasks: dict[str, Task]
    stages: list[Phase]
    cast: Cast
    actor: Actor
    clock: SampleClock
    _beats: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    _held: dict[str, Holder] = field(default_factory=dict)

    def play(self) -> None:
        self._first_day()
        self._second_day()
        self._last_hours()
        for minutes_ago, happen in sorted(self._beats, key=lambda beat: -beat[0]):
            with self.clock.played(minutes_ago):
                happen()
        self.clock.turn(0)

    def _first_day(self) -> None:
        jared, jean = self.cast.jared, self.cast.jean
        self._done("options", jean, 2690, 95, "Options are in `options.py`. **Exit codes** 0, 2 and 4, as decided.")
        self._done("collect", jared, 2685, 33, "Three logs of each format are in `samples/`, with the host names made up.")
        self._done("formats", jared, 2645, 42, "Common, combined and JSON lines. The old format is read if `--old` is given.")
        self._done("gaps", jean, 2590, 51, "It cannot read compressed files, and it counts a broken line as a request.")
        self._at(2538, partial(phases.advance, self.stages[0].pk))
        self._done("package", jared, 2525, 28, "`tally` installs and prints its version; `pytest -q` passes.")
        self._failed(
            "dates", jean, 2520, 64, "Two of the sample logs name a zone (`CEST`) and no offset; the decisions do not say how to read it."
        )
        self._at(2440, partial(self._say, "A zone without an offset is read as UTC; I wrote it into the decisions.", about="dates"))
        self._at(2438, partial(self._again, "dates"))
        self._done("dates", jean, 2430, 87, "Reads offsets; a zone that has only a name is read as UTC and counted.")
        self._done("parser", jared, 2480, 118, "The parser reads 400,000 lines a second. Changed: `parse.py`, `tests/test_parse.py`.")
        self._done("broken", jared, 2350, 46, "A broken line is skipped and counted; `--strict` ends with exit code 2.")

    def _second_day(self) -> None:
        jared, jean = self.cast.jared, self.cast.jean
        self._done("hosts", jared, 1310, 19, "Host names are folded to lower case; addresses are left alone.")
        self._done("bytes", jean, 1302, 71, "Counts the bytes of each path; a dash counts as nothing.")
        self._at(1270, partial(self._claim, "sort", jared))
        self._at(1256, partial(self._release, "sort", "The table is not in yet, and I cannot sort what is not printed."))
        self._done("table", jared, 1248, 54, "The table shrinks its widest column first and never wraps.")
        self._done("sort", jean, 1180, 62, "`--sort` takes the name of any column, a minus before it turns the order.")
        self._done("took", jared, 1060, 24, "`--time` prints how long reading and counting took.")
        self._at(1040, partial(self._ask_jared, "Please keep the widest column last when you touch the table again."))
        self._at(1033, partial(self._acknowledge, jared))
        self._at(900, partial(self._by_agent, "Anyone who prints: `table.print_rows()` takes an iterator now.", jean))

    def _last_hours(self) -> None:
        jared, jean, quill = self.cast.jared, self.cast.jean, self.cast.quill
        self._at(260, partial(self._claim, "stdin", jared))
        self._at(201, lambda: self._push("stdin", STDIN, "Read standard input when no file is named"))
        self._at(199, lambda: finish.complete(self._held["stdin"], _report(61, result=STDIN_RESULT, report=STDIN_REPORT)))
        self._at(96, partial(self._claim, "counters", jared))
        self._at(41, partial(self._progress, "counters", 60, "host and path are done, status is next"))
        counting = "Counting by path needs a normal form for query strings; I drop everything after `?`."
        self._at(40, lambda: messages.log(self._held["counters"], counting))
        self._at(74, partial(self._claim, "json", jean))
        self._at(52, partial(self._progress, "json", 25, "reading the sample lines"))
        self._at(50, partial(self._claim, "gzip", jean))
        self._at(38, lambda: finish.ask(self._held["gzip"], ZSTD))
        self._at(29, partial(self._claim, "errors", quill))
        failed = _report(5, error=MISSING_CATALOGUE)
        self._at(24, lambda: finish.fail(self._held["errors"], failed, retryable=False))
        self._at(16, self._reword)
        self._at(11, partial(self._say, "Please keep the names in `context/decisions.md`; the manual page is written from it."))
        blockers = ["Sample logs of the old format are missing"]
        line = "Parser is in; reports follow today."
        self._at(6, lambda: phases.set_status(self.stages[1], actor=self.actor, status_line=line, blockers=blockers))

    def _at(self, minutes_ago: float, happen: Callable[[], object]) -> None:
        self._beats.append((minutes_ago, happen))

    def _done(self, ref: str, agent: Agent, claimed: float, took: float, result: str) -> None:
        self._at(claimed, partial(self._claim, ref, agent))
        self._at(claimed - took, lambda: finish.complete(self._held[ref], _report(took, result=result)))

    def _failed(self, ref: str, agent: Agent, claimed: float, took: float, error: str) -> None:
        self._at(claimed, partial(self._claim, ref, agent))
        self._at(claimed - took, lambda: finish.fail(self._held[ref], _report(took, error=error), retryable=False))

    def _claim(self, ref: str, agent: Agent) -> None:
        task, key = self.tasks[ref], self.cast.key
        claimed = claims.claim_task(task.pk, agent, key_id=key.pk)
        self._held[ref] = holder_of(claimed.lease_token, task.pk, key.pk)
        leases.start(self._held[ref])

    def _push(self, ref: str, files: dict[str, bytes], message: str) -> None:
        """Put work on the branch of the attempt, as a push of its agent would."""
        holder, attempt = self._held[ref], attempt_of(self._held[ref])
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

    def _release(self, ref: str, reason: str) -> None:
        leases.release(self._held[ref], reason=reason)

    def _progress(self, ref: str, percent: int, note: str) -> None:
        leases.progress(self._held[ref], percent=percent, note=note)

    def _again(self, ref: str) -> None:
        tasks.requeue(Task.objects.get(pk=self.tasks[ref].pk), actor=self.actor)

    def _say(self, text: str, about: str = "") -> None:
        project = self.stages[0].project
        messages.say(project, text, actor=self.actor, task=self.tasks[about] if about else None)

    def _ask_jared(self, text: str) -> None:
        messages.say(self.stages[0].project, text, actor=self.actor, to_agent=self.cast.jared)

    def _by_agent(self, text: str, agent: Agent) -> None:
        messages.say(self.stages[0].project, text, actor=agent.actor)

    def _acknowledge(self, agent: Agent) -> None:
        for message in agent.inbox.filter(project=self.stages[0].project):
            messages.acknowledge(message, agent)

    def _reword(self) -> None:
        text = INSTRUCTIONS.format(title="Print JSON for other programs").replace("two or three sentences", "one sentence")
        task = Task.objects.get(pk=self.tasks["as-json"].pk)
        save_files(task, {"instructions.md": text.encode()}, base=task.head, actor=self.actor, message="Ask for a shorter report")


def _report(minutes: float, *, result: str = "", error: str = "", report: str = "") -> Report:
    """Return a report with the usage and cost of so many minutes of work."""
    usage = {"input_tokens": int(4_700 * minutes), "output_tokens": int(310 * minutes), "turns": int(2 + minutes / 3)}
    cost = (Decimal("0.019") * Decimal(minutes)).quantize(Decimal("0.01"))
    return Report(result=result, error=error, report=report, usage=usage, cost_usd=cost)
