"""The door of the command line: find the command, read its arguments, run it, and turn whatever happens into an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tqc import __version__
from tqc.errors import INTERRUPTED, OK, USAGE, TqcError

if TYPE_CHECKING:
    import argparse

    from tqc.command import Command

HEAD = """\
usage: tqc COMMAND [ARGUMENT ...] [FLAG ...]

Work on Muster's tasks from a terminal, a script or an agent.
"""
TAIL = """
`tqc COMMAND --help` shows a command's page with examples. Every command takes --json.

The server's address, the key and the agent come from the environment
  MUSTER_URL, MUSTER_API_KEY, MUSTER_AGENT, MUSTER_PROJECT
  TASK_API_URL, TASK_API_KEY, AGENT_ID
  ATHENA_API_URL, ATHENA_API_KEY, CLAUDE_INSTANCE, CLAUDE_INSTANCE_NAME
or from the profile that `tqc init` stores.
"""


def main(arguments: Sequence[str] | None = None, *, program: str = "tqc") -> int:
    """Run one command line and return its exit code."""
    line = _command_first(list(sys.argv[1:] if arguments is None else arguments))
    if not line or line[0] in ("-h", "--help", "help"):
        return _help(line[1:], program)
    if line[0] in ("--version", "-V", "version"):
        print(f"tqc {__version__}")
        return OK
    try:
        return _run(line[0], line[1:], program)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has seen enough; python must not complain about it when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _command_first(line: list[str]) -> list[str]:
    """Let the flags of every command stand before the command too."""
    moved: list[str] = []
    while line and line[0].startswith("-"):
        name = line[0].partition("=")[0]
        count = 2 if name in ("--url", "--profile", "--as", "--timeout") and "=" not in line[0] else 1
        if name not in ("--json", "-q", "--quiet") and count == 1 and "=" not in line[0]:
            break
        moved, line = moved + line[:count], line[count:]
    return [*line[:1], *moved, *line[1:]] if line else moved


def claude_task_client(arguments: Sequence[str] | None = None) -> int:
    """The same commands under the name, and with the habits, of the client that Claude instances know."""
    return main(arguments, program="claude-task-client")


def _help(names: Sequence[str], program: str) -> int:
    from tqc import registry

    if names and not names[0].startswith("-"):
        return _run(names[0], ["--help"], program)
    print(HEAD)
    for section, entries in registry.SECTIONS.items():
        print(f"{section}:")
        for entry in entries:
            print(f"  {entry.name:<12} {entry.summary}")
        print()
    print(TAIL.strip())
    return OK


def _run(name: str, arguments: Sequence[str], program: str) -> int:
    from tqc import registry
    from tqc.parsing import parse

    command = registry.find(name)
    if command is None:
        return _unknown(name)
    return _execute(command, parse(command, arguments, program), program)


def _execute(command: "Command", options: "argparse.Namespace", program: str) -> int:
    from tqc.command import Context
    from tqc.config import load
    from tqc.output import Printer

    printer = Printer(as_json=options.json, quiet=options.quiet)
    try:
        flags = {"url": options.url, "profile": options.profile, "agent": options.acting, "project": getattr(options, "project", None)}
        context = Context(load(flags), printer, timeout=options.timeout, program=program)
        return command.run(context, options)
    except TqcError as error:
        printer.error(error)
        return error.exit_code


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    from tqc import registry

    known = [entry.name for entry in registry.entries()]
    close = get_close_matches(name, [*known, *registry.ALIASES], n=1)
    print(f"tqc: There is no command {name!r}.", file=sys.stderr)
    print(f"     Next: tqc {close[0]} --help" if close else "     Next: tqc --help", file=sys.stderr)
    return USAGE
