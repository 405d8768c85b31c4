"""Two texts that are not versions of a repository, compared for the page: what somebody typed with what is there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 3  # lines around a change
MOST_LINES = 4_000  # of either text: what is longer is compared from its first to its last differing line only


@dataclass(frozen=True)
class Piece:
    text: str
    is_changed: bool = False


@dataclass(frozen=True)
class Row:
    """One line on each side; a side without a number has none. `kind` is same, changed, removed, added or gap."""

    kind: str
    old_no: int | None = None
    old: tuple[Piece, ...] = ()
    new_no: int | None = None
    new: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Difference:
    rows: list[Row]
    additions: int
    deletions: int


def side_by_side(old: str, new: str) -> Difference:
    """Return the rows of a two-column comparison, changed words marked within changed lines."""
    rows, added, removed = [], 0, 0
    for row in _rows(old.splitlines(), new.splitlines()):
        added += row.kind in ("changed", "added")
        removed += row.kind in ("changed", "removed")
        rows.append(row)
    return Difference(rows, added, removed)


def changed_lines(old: str, new: str) -> Difference:
    """Return the rows of a one-column comparison: each changed line as a removed and an added one."""
    both = side_by_side(old, new)
    rows: list[Row] = []
    waiting: list[Row] = []
    for row in both.rows:
        if row.kind == "changed":
            rows.append(Row("removed", old_no=row.old_no, old=row.old))
            waiting.append(Row("added", new_no=row.new_no, new=row.new))
            continue
        rows += [*waiting, row]
        waiting = []
    return Difference([*rows, *waiting], both.additions, both.deletions)


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    start = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    if max(len(old), len(new)) - start > MOST_LINES:
        yield from _whole(old[start:], new[start:], start)
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    at = (0, 0)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if (group[0][1], group[0][3]) != at:
            yield Row("gap")
        for kind, a, b, c, d in group:
            yield from _block(kind, old[a:b], new[c:d], a, c)
        at = (group[-1][2], group[-1][4])
    if at != (0, 0) and at != (len(old), len(new)):
        yield Row("gap")


def _block(kind: str, old: Sequence[str], new: Sequence[str], a: int, c: int) -> Iterator[Row]:
    for step in range(max(len(old), len(new))):
        left = old[step] if step < len(old) else None
        right = new[step] if step < len(new) else None
        if kind == "equal" and left is not None:
            yield Row("same", a + step + 1, (Piece(left),), c + step + 1, (Piece(left),))
        elif left is not None and right is not None:
            before, after = _words(left, right)
            yield Row("changed", a + step + 1, before, c + step + 1, after)
        elif left is not None:
            yield Row("removed", a + step + 1, (Piece(left),))
        elif right is not None:
            yield Row("added", new_no=c + step + 1, new=(Piece(right),))


def _whole(old: Sequence[str], new: Sequence[str], start: int) -> Iterator[Row]:
    for step, line in enumerate(old[:MOST_LINES]):
        yield Row("removed", start + step + 1, (Piece(line),))
    for step, line in enumerate(new[:MOST_LINES]):
        yield Row("added", new_no=start + step + 1, new=(Piece(line),))


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Split two lines into what they share and what differs; lines that share little are marked as a whole."""
    if max(len(old), len(new)) > 2_000:
        return (Piece(old, True),), (Piece(new, True),)
    a, b = _split(old), _split(new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < 0.4:
        return (Piece(old),), (Piece(new),)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        left.append(Piece("".join(a[i:j]), kind != "equal"))
        right.append(Piece("".join(b[k:m]), kind != "equal"))
    return tuple(piece for piece in left if piece.text), tuple(piece for piece in right if piece.text)


def _split(line: str) -> list[str]:
    words: list[str] = []
    for letter in line:
        if words and letter.isalnum() and words[-1][-1].isalnum():
            words[-1] += letter
        else:
            words.append(letter)
    return words
