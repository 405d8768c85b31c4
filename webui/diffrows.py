"""The changed lines of a file, paired old with new, before they are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.html import escape

from repo_store import FileDiff, Line
from webui.highlighting import marked, spelled_out
from webui.matching import Effort, Span, changed_words, paired


@dataclass(frozen=True)
class Cell:
    """One line on one side, as finished HTML."""

    number: int
    html: str


@dataclass(frozen=True)
class Same:
    """A line that both sides have."""

    old: Cell
    new: Cell


@dataclass(frozen=True)
class Change:
    """Lines that gave way to others: either list may be empty."""

    removed: list[Cell]
    added: list[Cell]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Gap:
    """Lines `first` to `last` of the new file that are not shown; the old file's number is higher by `offset`."""

    first: int
    last: int
    offset: int
    at_start: bool = False
    at_end: bool = False

    @property
    def size(self) -> int:
        return self.last - self.first + 1


Piece = Same | Change | Gap


class Pairing:
    """Pairs what a diff says of one file; `old` and `new` are its lines as HTML, empty where they are not at hand."""

    def __init__(self, file: FileDiff, old: Sequence[str], new: Sequence[str], effort: Effort) -> None:
        self.file = file
        self.old = old
        self.new = new
        self.effort = effort

    def pieces(self) -> Iterator[Piece]:
        reached, offset = 0, 0
        for hunk in self.file.hunks:
            # A side without lines names the line that stands before the hunk.
            begins = hunk.new_start if hunk.new_lines else hunk.new_start + 1
            old_begins = hunk.old_start if hunk.old_lines else hunk.old_start + 1
            if begins > reached + 1:
                yield Gap(reached + 1, begins - 1, old_begins - begins, at_start=reached == 0)
            yield from self._hunk(hunk.lines)
            reached = begins + hunk.new_lines - 1
            offset = old_begins + hunk.old_lines - begins - hunk.new_lines
        if self.file.hunks and not self.file.truncated and reached < self._length():
            yield Gap(reached + 1, self._length(), offset, at_end=True)

    def _length(self) -> int:
        """Return how many lines the new file has; what follows the last line end is none."""
        return len(self.new) - 1 if self.new and not self.new[-1] else len(self.new)

    def _hunk(self, lines: Sequence[Line]) -> Iterator[Same | Change]:
        removed: list[Line] = []
        added: list[Line] = []
        notes: list[str] = []
        for line in lines:
            if (line.kind == "-" and added) or line.kind == " ":
                yield from self._change(removed, added, notes)
                removed, added, notes = [], [], []
            if line.kind == "-":
                removed.append(line)
            elif line.kind == "+":
                added.append(line)
            elif line.kind == " ":
                yield Same(self._cell(line.old_no, self.old, line.text), self._cell(line.new_no, self.new, line.text))
            else:
                notes.append(line.text)
        yield from self._change(removed, added, notes)

    def _change(self, removed: list[Line], added: list[Line], notes: list[str]) -> Iterator[Change]:
        if not (removed or added or notes):
            return
        gone: dict[int, Sequence[Span]] = {}
        came: dict[int, Sequence[Span]] = {}
        for before, after in paired([line.text for line in removed], [line.text for line in added]):
            gone[before], came[after] = changed_words(removed[before].text, added[after].text, self.effort)
        yield Change(
            [self._cell(line.old_no, self.old, line.text, gone.get(at, ())) for at, line in enumerate(removed)],
            [self._cell(line.new_no, self.new, line.text, came.get(at, ())) for at, line in enumerate(added)],
            notes,
        )

    def _cell(self, number: int | None, lines: Sequence[str], text: str, spans: Sequence[Span] = ()) -> Cell:
        known = lines[number - 1] if number and number <= len(lines) else escape(text)
        return Cell(number or 0, spelled_out(marked(known, spans)))


def lines_between(old_offset: int, new: Sequence[str], first: int, last: int) -> Iterator[Same]:
    """Yield the lines of a gap, to be shown after all."""
    for number in range(first, last + 1):
        html = spelled_out(new[number - 1])
        yield Same(Cell(number + old_offset, html), Cell(number, html))
