"""git's packet lines, and the two lists that stand before the pack of a push: what to move, and the push's options."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from coordination.errors import Malformed
from coordination.operations.pushes import Command, Verdict

FLUSH = b"0000"
NOTHING = "0" * 40
LONGEST_LINE = 65520
MAX_LINES = 100_000
SIDE_BAND = 65515  # bytes that one packet can carry on a side band
DATA, WORDS = b"\x01", b"\x02"

_COMMAND = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)")


@dataclass(frozen=True)
class PushRequest:
    """What stands before the pack."""

    commands: tuple[Command, ...]
    options: tuple[str, ...]
    abilities: frozenset[str]


def packet(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def read_push(body: IO[bytes]) -> PushRequest:
    """Read the commands and options of a push and leave `body` at its pack. No commands: the client only asks whether it may."""
    # What a shallow client lacks does not matter: the commits it pushes are judged against what is here.
    lines = [line for line in _list(body) if not line.startswith(b"shallow ")]
    if lines and lines[0].startswith(b"push-cert"):
        raise Malformed("Signed pushes are not read here; push without --signed.")
    abilities: frozenset[str] = frozenset()
    if lines:
        lines[0], _, told = lines[0].partition(b"\0")
        abilities = frozenset(told.decode("utf-8", "replace").split())
    commands = tuple(_command(line) for line in lines)
    options: tuple[str, ...] = ()
    if "push-options" in abilities:
        options = tuple(line.decode("utf-8", "replace").rstrip("\n") for line in _list(body))
    return PushRequest(commands, options, abilities)


def answer_of(request: PushRequest, verdicts: Sequence[Verdict], words: Sequence[str]) -> bytes:
    """Return git's report: what was unpacked, each branch's fate, and `words` that the pusher reads after `remote:`."""
    if not request.commands:
        return b""
    report = packet(b"unpack ok\n")
    for verdict in verdicts:
        line = f"ok {verdict.ref}\n" if verdict.is_accepted else f"ng {verdict.ref} {verdict.short}\n"
        report += packet(line.encode("utf-8", "replace"))
    report += FLUSH
    if not request.abilities & {"report-status", "report-status-v2"}:
        report = b""
    if "side-band-64k" not in request.abilities:
        return report
    told = "".join(f"{line}\n" for line in words).encode("utf-8", "replace")
    return b"".join([*_banded(WORDS, told), *_banded(DATA, report)]) + FLUSH


def _banded(band: bytes, content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), SIDE_BAND):
        yield packet(band + content[start : start + SIDE_BAND])


def _command(line: bytes) -> Command:
    found = _COMMAND.fullmatch(line.decode("utf-8", "replace").rstrip("\n"))
    if found is None:
        raise Malformed("The push names a branch in a way that cannot be read.")
    old, new, ref = found.groups()
    return Command(ref, "" if old == NOTHING else old, "" if new == NOTHING else new)


def _list(body: IO[bytes]) -> list[bytes]:
    lines: list[bytes] = []
    while (line := _packet(body)) is not None:
        lines.append(line)
        if len(lines) > MAX_LINES:
            raise Malformed(f"A push may name at most {MAX_LINES} branches and options.")
    return lines


def _packet(body: IO[bytes]) -> bytes | None:
    """Return one line, or None at the end of a list."""
    head = body.read(4)
    try:
        length = int(head, 16) if len(head) == 4 else -1
    except ValueError:
        length = -1
    if length == 0:
        return None
    if not 4 < length <= LONGEST_LINE:
        raise Malformed("This is not what git sends: a packet has no proper length.")
    line = body.read(length - 4)
    if len(line) != length - 4:
        raise Malformed("The push ended in the middle of a packet; push again.")
    return line
