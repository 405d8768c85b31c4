"""Logs: the versions of a task or of one of its files, and every step of a whole project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils import timezone

from coordination.models import Project
from coordination.queries import versions
from coordination.queries.access import find_project, find_task
from coordination.queries.points import NOW, Point, point, points
from coordination.queries.project_log import AUTHOR_KINDS, KINDS, LogEntry, authors, project_log
from coordination.queries.remarks import open_remarks
from repo_store import FileCount, Step
from webui.requests import Request, number, page, shows
from webui.views.task import heading

PAGE = 30
KINDS_OF_STEP = {"saved": "Saved", "pushed": "Pushed to an attempt", "sealed": "Result sealed", "rebuilt": "Rebuilt"}
KINDS_OF_AUTHOR = {"person": "People", "agent": "Agents", "key": "Keys", "system": "Muster"}


@dataclass(frozen=True)
class LogRow:
    """A version in a task's log; the two newest are chosen for a comparison before anybody chooses."""

    step: Step
    day: date
    is_from: bool
    is_to: bool

    @property
    def has_file(self) -> bool:
        """Return whether the file that this log is about is there in this version."""
        return any(count.path == self.step.path and count.status != "deleted" for count in self.step.counts)


@dataclass(frozen=True)
class Row:
    """A step of the project's log with its figures; `counts` is None where git cannot say."""

    entry: LogEntry
    day: date
    counts: tuple[FileCount, ...] | None


@shows
def log(request: Request, task_id: int) -> HttpResponse:
    """The versions of a task, or those that changed one file; of main, or of an attempt's branch."""
    task = find_task(request.caller, task_id)
    path, branch = request.GET.get("path", ""), request.GET.get("branch", NOW)
    found_points = points(task)
    head = task.head if branch == NOW else point(task, branch).commit
    after = request.GET.get("after") or None
    steps = versions.steps(task, head, path=path or None, after=after, limit=PAGE)
    query = {"path": path, "branch": "" if branch == NOW else branch}
    rows = _rows(steps.items)
    return page(
        request,
        "history/log.html",
        part="history/_log.html",
        **heading(task, "history"),
        rows=rows,
        file_query=_file_query(rows[0], at_head=branch == NOW and not after) if path and rows and rows[0].has_file else "",
        next_query=urlencode({**_given(query), "after": steps.next}) if steps.next else "",
        path=path,
        branch=branch,
        after=after,
        branches=[each for each in found_points if each.name == NOW or each.name.endswith(":result")],
        seen=_seen([each for each in found_points if each.name != NOW and not each.name.endswith(":result")]),
        remarks=[] if path else open_remarks(task),
    )


@dataclass(frozen=True)
class Seen:
    """A version that attempts were told: by one name of it, and in words."""

    name: str
    commit: str
    title: str


def _seen(points: Sequence[Point]) -> list[Seen]:
    """Put attempts that followed each other and were told the same version together; `points` come newest first."""
    found = []
    for commit, group in groupby(points, key=lambda each: each.commit):
        told = list(group)
        first, last = told[-1].name.partition(":")[2], told[0].name.partition(":")[2]
        title = told[0].title if len(told) == 1 else f"what attempts {first} to {last} saw"
        found.append(Seen(told[0].name, commit, title))
    return found


def _file_query(newest: LogRow, *, at_head: bool) -> str:
    """Return where the file of a log is to be found: as it is now, or as the newest version shown left it."""
    return urlencode({"path": newest.step.path or "", **({} if at_head else {"at": newest.step.version.commit})})


def _rows(steps: Sequence[Step]) -> list[LogRow]:
    older = min(1, len(steps) - 1)
    days = [timezone.localtime(step.version.when).date() for step in steps]
    return [LogRow(step, day, number == older, number == 0) for number, (step, day) in enumerate(zip(steps, days, strict=True))]


@shows
def of_project(request: Request, slug: str) -> HttpResponse:
    """Every version of every task, every push of an agent and every seal, newest first."""
    project = find_project(request.caller, slug)
    wanted = _wanted(request)
    before = number(request.GET.get("before"))
    found = project_log(project, **wanted, before=before, limit=PAGE + 1)
    rows = [Row(each, timezone.localtime(each.at).date(), versions.counts(each.task, each.base, each.new)) for each in found[:PAGE]]
    more = urlencode({**_given(wanted), "before": rows[-1].entry.id}) if len(found) > PAGE else ""
    return page(
        request,
        "history/project.html",
        part="history/_project.html",
        project=project,
        section="history",
        rows=rows,
        next_query=more,
        before=before,
        wanted=wanted,
        is_filtered=any(wanted.values()),
        **_choices(project),
    )


def _wanted(request: Request) -> dict[str, str]:
    kind, author_kind = request.GET.get("kind", ""), request.GET.get("by", "")
    return {
        "author": request.GET.get("author", "").strip()[:200],
        "author_kind": author_kind if author_kind in AUTHOR_KINDS else "",
        "kind": kind if kind in KINDS else "",
        "path": request.GET.get("path", "").strip()[:200],
    }


def _choices(project: Project) -> dict[str, Any]:
    return {"authors": authors(project), "kinds": KINDS_OF_STEP, "author_kinds": KINDS_OF_AUTHOR}


def _given(query: dict[str, str]) -> dict[str, str]:
    names = {"author_kind": "by"}
    return {names.get(name, name): value for name, value in query.items() if value}
