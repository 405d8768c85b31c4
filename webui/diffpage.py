"""One page of a comparison: which part of it is asked for, and each of its files made ready to be drawn."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from coordination.models import DiffLayout, LineComment, Task
from coordination.queries import versions
from coordination.queries.access import Caller, Permission
from coordination.queries.agent_titles import agent_titles
from coordination.queries.sealing import RECORD
from repo_store import Comparison, DiffView, FileChange, FileDiff
from webui import prosediff
from webui.diffrows import Pairing
from webui.difftable import Table
from webui.highlighting import Painter, text_of
from webui.matching import Effort

FILES = 15  # on one page
LINES = 4_000
LINES_OF_ONE = 20_000
MOST_CHANGED = 1_500  # lines of one file that are shown without being asked for
LARGEST_FILE = 1_500_000  # bytes
CONTEXTS = (3, 10, 25)
EVERYTHING = 1_000_000  # lines of context


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `say` is the anchor of a line that someone wants to remark on."""

    context: int
    spaces: bool
    only: str
    first: int
    say: str

    @staticmethod
    def of(given: QueryDict) -> "Asked":
        wanted = given.get("context", "")
        context = EVERYTHING if wanted == "all" else int(wanted) if wanted in map(str, CONTEXTS) else CONTEXTS[0]
        first = given.get("first", "")
        return Asked(
            context=context,
            spaces=given.get("spaces") != "0",
            only=given.get("only", ""),
            first=int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 0,
            say=given.get("say", ""),
        )

    @property
    def view(self) -> DiffView:
        if self.only:
            return DiffView(context=self.context, spaces=self.spaces, only=self.only, lines=LINES_OF_ONE)
        return DiffView(context=self.context, spaces=self.spaces, first=self.first, count=FILES, lines=LINES)

    def query(self, **other: object) -> str:
        """Return this as the end of an address, with some of it changed."""
        plain = {
            "context": "all" if self.context == EVERYTHING else self.context if self.context != CONTEXTS[0] else "",
            "spaces": "" if self.spaces else "0",
            "only": self.only,
            "first": self.first or "",
        }
        return urlencode({name: value for name, value in (plain | other).items() if value not in ("", None)})


@dataclass(frozen=True)
class ShownFile:
    """A file as the page shows it: `state` says which of rows, prose, binary, large, spaces or nothing."""

    change: FileChange
    key: str
    state: str
    body: SafeString | str
    truncated: bool
    viewed: bool
    loose: list[LineComment]  # remarks whose line is not on the page
    is_record: bool  # written by the server about an attempt, not by its agent

    @property
    def mark(self) -> str:
        return mark_of(self.change)


@dataclass
class DiffPage:
    """Everything that drawing the files of a comparison needs."""

    task: Task
    comparison: Comparison
    asked: Asked
    layout: str
    address: str  # of this page, with what it compares, ready for what `asked` says
    may_remark: bool
    viewed: Mapping[str, str]
    remarks: list[LineComment]
    caller: Caller
    token: str  # against forged forms
    of_attempt: bool = False  # what is new is the branch of an attempt
    effort: Effort = field(default_factory=Effort)
    painter: Painter = field(default_factory=Painter)

    def files(self) -> list[ShownFile]:
        contents = self._contents()
        return [self._shown(change, file, contents) for change, file in self.comparison.files]

    def _contents(self) -> dict[str, bytes]:
        wanted: set[str] = set()
        for change, file in self.comparison.files:
            if not file.binary and not self._is_large(change):
                wanted |= {blob for blob in (change.old_blob, change.new_blob) if blob}
        return versions.blobs(self.task, sorted(wanted)) if wanted else {}

    def _is_large(self, change: FileChange) -> bool:
        changed = (change.additions or 0) + (change.deletions or 0)
        return max(change.old_size, change.new_size) > LARGEST_FILE or (not self.asked.only and changed > MOST_CHANGED)

    def _shown(self, change: FileChange, file: FileDiff, contents: Mapping[str, bytes]) -> ShownFile:
        old, new = contents.get(change.old_blob or ""), contents.get(change.new_blob or "")
        remarks = [each for each in self.remarks if each.path in (change.path, change.old_path)]
        placed, loose = place(remarks, self.comparison, text_of(new) or "", change, file, key_of(change.path))
        state, body = self._body(change, file, old, new, placed)
        if state != "rows":
            loose = remarks
        return ShownFile(
            change=change,
            key=key_of(change.path),
            state=state,
            body=body,
            truncated=file.truncated,
            viewed=self.viewed.get(change.path) == mark_of(change),
            loose=loose,
            is_record=self.of_attempt and change.path in RECORD,
        )

    def _body(
        self, change: FileChange, file: FileDiff, old: bytes | None, new: bytes | None, placed: Mapping[str, list[LineComment]]
    ) -> tuple[str, SafeString | str]:
        if file.binary:
            return "binary", ""
        if self._is_large(change) or (file.truncated and not file.hunks):
            return "large", ""
        if not file.hunks:
            return ("nothing" if self.asked.spaces else "spaces"), ""
        if self.layout == DiffLayout.PROSE and change.path.endswith((".md", ".markdown")):
            woven = prosediff.remembered(mark_of(change), text_of(old) or "", text_of(new) or "", self.effort)
            if woven is not None:
                return "prose", woven
        return "rows", self._rows(change, file, old, new, placed)

    def _rows(
        self, change: FileChange, file: FileDiff, old: bytes | None, new: bytes | None, placed: Mapping[str, list[LineComment]]
    ) -> SafeString:
        before = self.painter.lines(change.old_blob, change.old_path or change.path, old)
        after = self.painter.lines(change.new_blob, change.path, new)
        table = Table(
            key=key_of(change.path),
            layout=self.layout,
            may_remark=self.may_remark,
            more_url=self._more_url(change) if change.new_blob and after else "",
            whole_url=f"{self.address}{self.asked.query(only=change.path, context='all', first='')}",
            remarks=self._remark_rows(change, placed),
        )
        return table.drawn(Pairing(file, before, after, self.effort).pieces())

    def _more_url(self, change: FileChange) -> str:
        query = urlencode({"at": self.comparison.new, "path": change.path, "layout": self.layout})
        return f"{reverse('diff_lines', args=[self.task.pk])}?{query}"

    def _remark_row(self, remark: LineComment) -> str:
        titles = self._titles if remark.author.startswith("agent:") else None
        return remark_row(self.task, remark, self.caller, self.token, titles)

    @cached_property
    def _titles(self) -> dict[str, str]:
        return agent_titles()

    def _remark_rows(self, change: FileChange, placed: Mapping[str, list[LineComment]]) -> dict[str, str]:
        rows = {anchor: "".join(self._remark_row(each) for each in found) for anchor, found in placed.items()}
        wanted = self.asked.say
        if self.may_remark and wanted.endswith(f"-{key_of(change.path)}") and wanted[1 : wanted.index("-")].isdigit():
            rows[wanted] = rows.get(wanted, "") + self._form_row(change, wanted)
        return rows

    def _form_row(self, change: FileChange, anchor: str) -> str:
        is_old = anchor[0] == "O"
        context = {
            "task": self.task,
            "csrf_token": self.token,
            "anchor": anchor,
            "line": anchor[1 : anchor.index("-")],
            "commit": self.comparison.old if is_old else self.comparison.new,
            "path": (change.old_path or change.path) if is_old else change.path,
            "back": f"{self.address}{self.asked.query()}",
        }
        return render_to_string("history/_remark_form.html", context)


def remark_row(task: Task, remark: LineComment, caller: Caller, token: str, titles: Mapping[str, str] | None = None) -> str:
    """Return a remark as the table row that stands below its line; `titles` are those of agents, where they are known."""
    may_remark = caller.may(Permission.PLAN, task.project_id)
    context = {"task": task, "remark": remark, "may_remark": may_remark, "caller": caller, "csrf_token": token, "agent_titles": titles}
    return render_to_string("history/_remark_row.html", context)


def place(
    remarks: Iterable[LineComment], comparison: Comparison, new_text: str, change: FileChange, file: FileDiff, key: str
) -> tuple[dict[str, list[LineComment]], list[LineComment]]:
    """Return the remarks by the line they stand at, and those whose line is not on the page.

    One on another version stands at the nearest line that reads the same today.
    """
    shown_new = {line.new_no for hunk in file.hunks for line in hunk.lines if line.new_no}
    shown_old = {line.old_no for hunk in file.hunks for line in hunk.lines if line.old_no}
    lines = [line[:500] for line in new_text.split("\n")]
    placed: dict[str, list[LineComment]] = {}
    loose: list[LineComment] = []
    for remark in remarks:
        is_old = remark.commit == comparison.old and remark.path == change.old_path
        if is_old:
            anchor = f"O{remark.line}-{key}" if remark.line in shown_old else ""
        else:
            here = remark.line if remark.commit == comparison.new else _nearest(remark, lines)
            anchor = f"L{here}-{key}" if here in shown_new else ""
        if anchor:
            placed.setdefault(anchor, []).append(remark)
        else:
            loose.append(remark)
    return placed, loose


def _nearest(remark: LineComment, lines: list[str]) -> int:
    """Return the number of the line that reads as the remarked one did, 0 if none does."""
    quoted = remark.quoted.removesuffix("\r")
    if not quoted.strip():
        return remark.line if remark.line <= len(lines) and lines[remark.line - 1] == quoted else 0
    same = [number for number, line in enumerate(lines, start=1) if line == quoted]
    return min(same, key=lambda number: abs(number - remark.line), default=0)


def key_of(path: str) -> str:
    """Return a short name for a file that can stand in an anchor."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def mark_of(change: FileChange) -> str:
    """Return what tells one change of a file from another."""
    return f"{change.old_blob or ''}.{change.new_blob or ''}"
