"""The lines of a diff as table rows: unified or side by side.

Drawn here and not by a template, because a page may hold thousands of rows and each of them links to itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from urllib.parse import urlencode

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from coordination.models import DiffLayout
from webui.diffrows import Cell, Change, Gap, Piece, Same

STEP = 20  # lines that one press shows
LARGEST_GAP = 2_000


@dataclass(frozen=True)
class Table:
    """How one file's rows are drawn. `key` is the end of every line's anchor: L12-key in the new file, O12-key in the old one."""

    key: str
    layout: str
    may_remark: bool
    more_url: str = ""  # answers with the lines of a gap
    whole_url: str = ""  # the page with the whole file, for browsers without scripts
    remarks: Mapping[str, str] = field(default_factory=dict)  # finished rows by the anchor of the line they stand below

    def drawn(self, pieces: Iterable[Piece]) -> SafeString:
        """Return all rows. What goes in is finished HTML already; everything added here is a number or a hash."""
        return mark_safe("".join(row for piece in pieces for row in self._rows(piece)))

    @property
    def columns(self) -> int:
        return 4

    def _rows(self, piece: Piece) -> Iterator[str]:
        if isinstance(piece, Gap):
            yield self._gap(piece)
        elif self.layout == DiffLayout.SPLIT:
            yield from self._side_by_side(piece)
        else:
            yield from self._one_by_one(piece)

    def _one_by_one(self, piece: Same | Change) -> Iterator[str]:
        if isinstance(piece, Same):
            anchor = self._anchor("L", piece.new)
            numbers = f'<td class="no">{piece.old.number}</td><td class="no">{self._link(anchor, piece.new)}</td>'
            yield f'<tr id="{anchor}">{numbers}<td class="sign">{self._button(anchor)}</td><td class="code">{piece.new.html}</td></tr>'
            yield self.remarks.get(anchor, "") + self.remarks.get(self._anchor("O", piece.old), "")
            return
        for cell in piece.removed:
            anchor = self._anchor("O", cell)
            numbers = f'<td class="no">{self._link(anchor, cell)}</td><td class="no"></td>'
            sign = f'<td class="sign">−{self._button(anchor)}</td>'
            yield f'<tr id="{anchor}" class="removed">{numbers}{sign}<td class="code">{cell.html}</td></tr>{self.remarks.get(anchor, "")}'
        for cell in piece.added:
            anchor = self._anchor("L", cell)
            numbers = f'<td class="no"></td><td class="no">{self._link(anchor, cell)}</td>'
            sign = f'<td class="sign">+{self._button(anchor)}</td>'
            yield f'<tr id="{anchor}" class="added">{numbers}{sign}<td class="code">{cell.html}</td></tr>{self.remarks.get(anchor, "")}'
        yield from self._notes(piece)

    def _side_by_side(self, piece: Same | Change) -> Iterator[str]:
        if isinstance(piece, Same):
            anchor = self._anchor("L", piece.new)
            left = f'<td class="no twin">{piece.old.number}</td><td class="code twin">{piece.old.html}</td>'
            yield f'<tr class="same">{left}{self._half(anchor, piece.new, "")}</tr>'
            yield self.remarks.get(anchor, "") + self.remarks.get(self._anchor("O", piece.old), "")
            return
        for old, new in zip_longest(piece.removed, piece.added):
            before, after = self._anchor("O", old), self._anchor("L", new)
            yield f"<tr>{self._half(before, old, 'removed')}{self._half(after, new, 'added')}</tr>"
            yield self.remarks.get(before, "") + self.remarks.get(after, "")
        yield from self._notes(piece)

    def _half(self, anchor: str, cell: Cell | None, tone: str) -> str:
        if cell is None:
            return '<td class="no none"></td><td class="code none"></td>'
        sign = {"removed": "−", "added": "+"}.get(tone, "")
        said = f'<span class="sign">{sign}</span>' if sign else ""
        number = f'<td class="no {tone}" id="{anchor}">{self._link(anchor, cell)}</td>'
        return f'{number}<td class="code {tone}">{self._button(anchor)}{said}{cell.html}</td>'

    def _notes(self, change: Change) -> Iterator[str]:
        for note in dict.fromkeys(change.notes):
            yield f'<tr class="note-row"><td colspan="{self.columns}">{escape(note)}</td></tr>'

    def _anchor(self, side: str, cell: Cell | None) -> str:
        return f"{side}{cell.number}-{self.key}" if cell else ""

    def _link(self, anchor: str, cell: Cell) -> str:
        return f'<a href="#{anchor}">{cell.number}</a>'

    def _button(self, anchor: str) -> str:
        if not self.may_remark:
            return ""
        number = anchor[1 : anchor.index("-")]
        side = " of the old version" if anchor[0] == "O" else ""
        return f'<button class="say" form="say" name="say" value="{anchor}" aria-label="Remark on line {number}{side}"></button>'

    def _gap(self, gap: Gap) -> str:
        if not self.more_url:
            return f'<tr class="gap"><td colspan="{self.columns}">{gap.size} lines that did not change</td></tr>'
        links = [self._more(gap, "all", f"Show {gap.size} hidden line{'' if gap.size == 1 else 's'}")] if gap.size <= 2 * STEP else []
        if gap.size > 2 * STEP:
            links += [] if gap.at_start else [self._more(gap, "head", f"Show {STEP} below")]
            links += [] if gap.at_end else [self._more(gap, "tail", f"Show {STEP} above")]
            links += [self._more(gap, "all", f"Show all {gap.size}")] if gap.size <= LARGEST_GAP else []
        return f'<tr class="gap"><td colspan="{self.columns}">{"".join(links)}</td></tr>'

    def _more(self, gap: Gap, take: str, words: str) -> str:
        ends = {"start": 1} if gap.at_start else {"end": 1} if gap.at_end else {}
        place = urlencode({"first": gap.first, "last": gap.last, "offset": gap.offset, "take": take, **ends})
        return format_html(
            '<a href="{}" hx-get="{}&{}" hx-target="closest tr" hx-swap="outerHTML">{}</a>',
            f"{self.whole_url}#{self.key}",
            self.more_url,
            place,
            words,
        )
