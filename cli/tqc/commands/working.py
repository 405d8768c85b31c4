"""The worker loop as a command."""

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from tqc.client.sync import Client
from tqc.command import Command, Context
from tqc.commands.shared import register
from tqc.config import state_directory
from tqc.errors import AWAY, NOTHING, OK, NotFound, Problem, UsageError
from tqc.output import clean
from tqc.parsing import whole, words
from tqc.shapes import Agent
from tqc.work.attempt import Orders
from tqc.work.loop import Wishes, Worker
from tqc.work.outbox import Outbox
from tqc.work.results import MEANINGS


def work(context: Context, options: argparse.Namespace) -> int:
    if options.flush:
        left = Outbox().flush(context.client, context.url)
        context.printer.answer("outbox", {"waiting": left}, lambda: [f"{left} reports wait." if left else "Every report is sent."])
        return AWAY if left else OK
    command = _command(options)
    agent = _agent(context, options)
    client = context.open_client(patience=0.0, agent=agent)
    orders = Orders(
        command=command,
        directory=Path(options.directory).resolve() if options.directory else state_directory() / "work",
        grace=options.grace,
        passed=options.env or (),
        worktree=Path(options.worktree).resolve() if options.worktree else None,
        keep=options.keep_files,
        on_change=options.on_change,
        heartbeat=options.heartbeat,
        time_limit=options.time_limit,
        say=lambda text: context.printer.say(text),
    )
    wishes = Wishes(
        project=context.settings.project or None,
        capabilities=options.capabilities,
        tiers=options.tiers,
        parallel=options.parallel,
        once=options.once,
        max_idle=options.max_idle,
        wait=options.wait,
    )
    worker = Worker(client, wishes, orders, open_client=lambda: context.open_client(patience=0.0, agent=agent))
    _obey_signals(worker)
    context.printer.say(f"{clean(agent)} works on tasks of {context.url}. Ctrl-C drains, a second one hands back.")
    code = worker.run()
    if code == NOTHING:
        context.printer.say("Nothing to claim.")
    return code


def _command(options: argparse.Namespace) -> str | list[str]:
    if bool(options.exec) == bool(options.command):
        raise UsageError("Say what to run for each task, once.", hint="tqc work --exec './do-task.sh', or tqc work -- PROGRAM ARGUMENT ...")
    return str(options.exec) if options.exec else list(options.command)


def _agent(context: Context, options: argparse.Namespace) -> str:
    """Return the agent to work as; register it when it is new, when this says what it can do, or from another machine."""
    name = context.settings.agent or context.client.me()["agent"] or f"{os.environ.get('USER', 'agent')}@{socket.gethostname()}"[:100]
    client: Client = context.client
    known: Agent | None = None
    with contextlib.suppress(NotFound):
        known = client.agent(name)
    host = socket.gethostname()[:200]
    if options.capabilities is None and options.tiers is None:
        if known is None:
            register(context, name)
        elif known["host"] != host and not known["retired_at"]:
            # People look for it where it runs. Who is refused here hears of it with the first claim.
            with contextlib.suppress(Problem):
                client.register(name, capabilities=known["capabilities"], tiers=known["tiers"], host=host, software=known["software"])
        return name
    fields = {"display_name": context.settings.display_name, "host": host, "software": "tqc"}
    capabilities = options.capabilities if options.capabilities is not None else (known["capabilities"] if known else [])
    tiers = options.tiers or (known["tiers"] if known else ["light", "standard", "heavy"])
    client.register(name, capabilities=capabilities, tiers=tiers, **fields)
    return name


def _obey_signals(worker: Worker) -> None:
    def drain(number: int, frame: FrameType | None) -> None:
        # What drains takes locks and prints, and the thread that was interrupted may be doing either.
        threading.Thread(target=worker.drain).start()

    signal.signal(signal.SIGINT, drain)
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, drain)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exec", metavar="LINE", help="what to run for each task, by the shell")
    parser.add_argument("command", nargs="*", metavar="-- PROGRAM ARGUMENT", help="the same without a shell")
    parser.add_argument("--project", metavar="SLUG", help="only tasks of this project (MUSTER_PROJECT)")
    parser.add_argument("--capabilities", type=words, metavar="A,B", help="register with these, and claim no task that needs more")
    parser.add_argument("--tiers", type=words, metavar="A,B", help="register with these tiers, and claim only those")
    parser.add_argument("--parallel", type=whole(1, 100, "--parallel"), default=1, metavar="N", help="tasks at once, 1 by default")
    parser.add_argument("--once", action="store_true", help="run one task and end")
    parser.add_argument("--max-idle", type=_seconds, metavar="SECONDS", help="end when there was nothing to do for so long")
    parser.add_argument(
        "--wait", type=whole(0, 30, "--wait"), default=15, metavar="SECONDS", help="for one request for work, 15 by default"
    )
    parser.add_argument("--directory", metavar="DIRECTORY", help="where briefs are laid out and commands run")
    parser.add_argument("--worktree", metavar="REPOSITORY", help="run in a git worktree of this repository, on a branch of its own")
    parser.add_argument("--keep-files", choices=["always", "failed", "never"], default="failed", help="when to leave the directory; failed")
    parser.add_argument("--env", action="append", metavar="NAME", help="a variable that the command gets too; * for all of them")
    parser.add_argument("--grace", type=_seconds, default=10.0, metavar="SECONDS", help="from SIGTERM to SIGKILL, 10 by default")
    parser.add_argument("--time-limit", type=_seconds, metavar="SECONDS", help="for one command; the task's own by default")
    parser.add_argument("--on-change", choices=["task", "release", "finish"], default="task", help="when the instructions change; task")
    parser.add_argument("--heartbeat", type=_seconds, metavar="SECONDS", help="between two; as the server says by default")
    parser.add_argument("--flush", action="store_true", help="send the reports that wait, and end")


CODES = "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())
COMMANDS = (
    Command(
        "work",
        "claim and run tasks with a command of yours, again and again",
        work,
        _arguments,
        description=f"""\
For each task it lays the brief out in a fresh directory, runs the command there with the brief on standard input, keeps
the lease with heartbeats, shows the last line of output as progress, and reports how the command ended. It stops the
command with all its descendants when the task is cancelled, when its time is over, and before the lease can have ended
(30 seconds, a fifth of a short lease) without an answer from the server: two agents never work on one task.

Reports are kept on disk until the server has taken them, and survive a restart of either side. SIGTERM drains: nothing more
is claimed, and what runs may end. A second one hands it back.

The command finds in its environment
  MUSTER_TASK, MUSTER_TITLE, MUSTER_KIND, MUSTER_TIER, MUSTER_ATTEMPT, MUSTER_PROJECT, MUSTER_AGENT, MUSTER_URL
  MUSTER_BRIEF        brief.md; beside it instructions.md, brief.json, context/ and results/
  MUSTER_RESULT       write the result here: text, or JSON with any of result, report, data, usage, cost_usd, and
                      outcome: complete, fail (error, retryable), release (reason) or ask (question)
  MUSTER_CHANGED      this directory appears, with the new files and changes.diff, when the instructions change meanwhile and
                      the task says that they be read again; where it says stop, the command is ended and begun anew
  MUSTER_KEEP         files in this directory are pushed to the branch attempts/<n> of the task's
                      repository; without git they go with the result, up to 512 kB
  MUSTER_LEASE_TOKEN  the proof of the lease: `tqc progress`, `tqc say` and `tqc subtask` find it
and little else: name what it needs with --env. A line `::progress 60 Wrote the parser` in its output moves the bar.

exit codes of the command:
{CODES}
  else failed: tried again later, while attempts are left""",
        examples=[
            ("tqc work --exec './do-task.sh'", "until it is stopped"),
            ("tqc work --exec 'claude -p' --env ANTHROPIC_API_KEY --parallel 3", "three agents at once, each with the brief as its prompt"),
            ("tqc work --once --max-idle 60 -- python3 solve.py", "one task, or exit code 3 after a minute without one"),
        ],
        shape="kind outbox with --flush: {waiting}",
        rest="command",
    ),
)
