"""Two texts that grew from one, brought together line by line. Nothing that either side wrote is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MINE, MIDDLE, THEIRS = "<<<<<<< yours", "=======", ">>>>>>> theirs"
MOST_LINES = 20_000


@dataclass(frozen=True)
class Merged:
    """The text of both. Where both changed the same lines, both stand between marks; `conflicts` counts these places."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Return the text that holds the changes of both sides."""
    if mine == theirs or theirs == base:
        return Merged(mine, 0)
    if mine == base:
        return Merged(theirs, 0)
    old, a, b = base.splitlines(keepends=True), mine.splitlines(keepends=True), theirs.splitlines(keepends=True)
    if max(len(old), len(a), len(b)) > MOST_LINES:
        return Merged("".join(_marked(a, b)), 1)
    lines: list[str] = []
    conflicts = at_old = at_a = at_b = 0
    for start, in_a, in_b, size in [*_common(old, a, b), (len(old), len(a), len(b), 0)]:
        was, left, right = old[at_old:start], a[at_a:in_a], b[at_b:in_b]
        if left == right or right == was:
            lines += left
        elif left == was:
            lines += right
        else:
            conflicts += 1
            lines += _marked(left, right)
        lines += old[start : start + size]
        at_old, at_a, at_b = start + size, in_a + size, in_b + size
    return Merged("".join(lines), conflicts)


def _common(old: Sequence[str], a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Return the runs of lines that all three share, as (place in old, in a, in b, length), in order."""
    runs: list[tuple[int, int, int, int]] = []
    in_a, in_b = _places(old, a), _places(old, b)
    for place in range(len(old)):
        if place not in in_a or place not in in_b:
            continue
        last = runs[-1] if runs else (-1, -1, -1, 0)
        follows = (last[0] + last[3], last[1] + last[3], last[2] + last[3]) == (place, in_a[place], in_b[place])
        if follows and runs:
            runs[-1] = (*last[:3], last[3] + 1)
        else:
            runs.append((place, in_a[place], in_b[place], 1))
    return runs


def _places(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start, there, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        found |= {start + step: there + step for step in range(size)}
    return found


def _marked(left: Sequence[str], right: Sequence[str]) -> list[str]:
    return [f"{MINE}\n", *_ended(left), f"{MIDDLE}\n", *_ended(right), f"{THEIRS}\n"]


def _ended(lines: Sequence[str]) -> list[str]:
    """End the last line, so that a mark stands on a line of its own."""
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else f"{lines[-1]}\n"] if lines else []
