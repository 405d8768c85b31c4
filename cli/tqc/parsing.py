"""The command line's grammar: the flags that every command has, and help that reads like a page of a manual."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tqc.command import Command
from tqc.errors import EXIT_CODES, USAGE

HELP_WIDTH = 100


class Parser(argparse.ArgumentParser):
    """Ends with exit code 2 and points at the help of the command."""

    def error(self, message: str) -> NoReturn:
        print(f"tqc: {message[:1].upper()}{message[1:]}.", file=sys.stderr)
        print(f"     Next: {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE)


class ManualFormatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=HELP_WIDTH)


def parser_of(command: Command, program: str = "tqc") -> Parser:
    """Return the parser of one command."""
    parser = Parser(
        prog=f"{program} {command.name}",
        description="\n\n".join(part for part in (_sentence(command.summary), command.description.strip()) if part),
        epilog=_epilog(command),
        formatter_class=ManualFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    command.arguments(parser)
    _common(parser)
    return parser


def parse(command: Command, arguments: Sequence[str], program: str = "tqc") -> argparse.Namespace:
    """Read a command's arguments; flags may stand anywhere among the others, up to a lone --."""
    parser, line = parser_of(command, program), list(arguments)
    if "--" not in line:
        return parser.parse_intermixed_args(line)
    if not command.rest:
        return parser.parse_args(line)
    end = line.index("--")
    options = parser.parse_intermixed_args(line[:end])
    setattr(options, command.rest, line[end + 1 :])
    return options


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("flags of every command")
    group.add_argument("-h", "--help", action="help", help="show this page")
    group.add_argument("--json", action="store_true", help="print JSON: {schema, kind, data}")
    group.add_argument("--url", metavar="URL", help="the server's address (MUSTER_URL, TASK_API_URL, ATHENA_API_URL)")
    group.add_argument("--profile", metavar="NAME", help="a profile of the configuration file (MUSTER_PROFILE)")
    group.add_argument("--as", dest="acting", metavar="AGENT", help="the agent to act as (MUSTER_AGENT, AGENT_ID, CLAUDE_INSTANCE)")
    group.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0, help="the time for one request, 30 by default")
    group.add_argument("-q", "--quiet", action="store_true", help="print the answer only")


def _epilog(command: Command) -> str:
    parts = []
    if command.examples:
        lines = [f"  {line}" + (f"\n      {what}" if what else "") for line, what in command.examples]
        parts.append("examples:\n" + "\n".join(lines))
    if command.shape:
        parts.append(f"with --json:\n  {command.shape}")
    parts.append("exit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items()))
    return "\n\n".join(parts)


def task_number(text: str) -> int:
    """Read a task's number, with or without the # that people write before it."""
    digits = text.strip().removeprefix("#")
    if not digits.isdecimal() or not 0 < int(digits) < 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a task")
    return int(digits)


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{what} is a number from {low} to {high}, not {text!r}")
        return number

    return read


def words(text: str) -> list[str]:
    """Read a list that is written with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the options that the command line has, by the name of the field they fill."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}
