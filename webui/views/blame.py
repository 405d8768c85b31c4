"""Who brought each line of a file, and what stood there before."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.utils.safestring import SafeString, mark_safe

from coordination.file_rules import INSTRUCTIONS
from coordination.queries import versions
from coordination.queries.access import find_task
from coordination.queries.points import NOW, point
from repo_store import Annotated, Origin
from webui.highlighting import Painter, spelled_out
from webui.requests import Request, page, shows
from webui.views.task import heading

MOST_LINES = 5_000
HEAT = 8  # steps from the oldest version to the newest


@dataclass(frozen=True)
class Passage:
    """Lines that one version brought: finished rows, of which the first lacks its beginning, where the template puts the origin."""

    origin: Origin
    heat: int
    count: int
    first: SafeString
    rest: SafeString


@shows
def blame(request: Request, task_id: int) -> HttpResponse:
    task = find_task(request.caller, task_id)
    path, place = request.GET.get("path", INSTRUCTIONS), point(task, request.GET.get("at") or NOW)
    version = versions.version(task, place.commit)
    content = versions.content(task, path, version.commit)
    is_text = b"\0" not in content
    found = versions.annotate(task, version.commit, path) if is_text else Annotated((), {})
    painted = Painter().lines(None, path, content)
    return page(
        request,
        "history/blame.html",
        **heading(task, "history"),
        path=path,
        version=version,
        is_current=version.commit == task.head,
        is_text=is_text,
        passages=list(_passages(found, painted)),
        origins=len(found.origins),
        left_out=max(0, len(found.lines) - MOST_LINES),
    )


def _passages(found: Annotated, painted: list[str]) -> Iterator[Passage]:
    order = sorted(found.origins, key=lambda commit: found.origins[commit].version.when)
    heat = {commit: (HEAT * number) // len(order) for number, commit in enumerate(order, start=1)}
    for commit, lines in groupby(found.lines[:MOST_LINES], key=lambda line: line.commit):
        rows = [_row(line.line_no, painted[line.line_no - 1]) for line in lines]
        yield Passage(found.origins[commit], heat[commit], len(rows), rows[0], mark_safe("".join(f"<tr>{row}</tr>" for row in rows[1:])))


def _row(number: int, html: str) -> SafeString:
    link = f'<td class="no" id="L{number}"><a href="#L{number}">{number}</a></td>'
    return mark_safe(f'{link}<td class="code">{spelled_out(html)}</td>')
